//! Where a request comes from, and which id it has.
//!
//! Both can be told by a reverse proxy in front of the service, in headers that anybody else could
//! send as well. So they count only when the connection comes from an address that the operator
//! named as a proxy's ([`Proxies`]).

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::request::{Peer, RequestId};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Longer ids would only fill the log.
const ID_LENGTH: usize = 64;

/// The addresses whose word is taken for who is behind them.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn include(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Who asks, given who is at the other end of the connection.
    pub(crate) fn peer(&self, peer: Peer, headers: &HeaderMap) -> Peer {
        if self.include(peer.0) { Peer(self.behind(peer.0, headers)) } else { peer }
    }

    /// The id of a request: the proxy's, when there is one, so that its log and ours can be joined.
    pub(crate) fn request_id(&self, peer: Option<Peer>, headers: &HeaderMap) -> RequestId {
        let told = peer.filter(|peer| self.include(peer.0)).and_then(|_| told_id(headers));
        RequestId(told.unwrap_or_else(|| format!("{:016x}", fastrand::u64(..))))
    }

    /// Each proxy adds the address it was asked from at the end of the list, so the list is true as
    /// far back as the proxies are known ones.
    fn behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists: Vec<_> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .map(|header| header.to_str().unwrap_or_default())
            .collect();
        let mut known = peer;
        for entry in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
            if !self.include(known) {
                break;
            }
            let Some(address) = address(entry.trim()) else { break };
            known = address;
        }
        known
    }
}

/// Some proxies write the port as well.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let parsed = bare.parse().or_else(|_| entry.parse().map(|socket: SocketAddr| socket.ip()));
    parsed.ok().map(|address| address.to_canonical())
}

fn told_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let accepted = (1..=ID_LENGTH).contains(&id.len()) && id.bytes().all(plain);
    accepted.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> Proxies {
        let networks = ["10.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
        Proxies::new(networks.to_vec())
    }

    fn peer(address: &str) -> Peer {
        Peer(address.parse().unwrap())
    }

    fn client(peer: &str, lists: &[&str]) -> String {
        let lists = lists.iter().map(|list| (FORWARDED_FOR, list.parse().unwrap()));
        proxies().peer(self::peer(peer), &lists.collect()).0.to_string()
    }

    #[test]
    fn strangers_are_who_they_are_whatever_they_say() {
        assert_eq!(client("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        let headers = HeaderMap::from_iter([(REQUEST_ID, "mine".parse().unwrap())]);
        assert_ne!(proxies().request_id(Some(peer("192.0.2.7")), &headers).0, "mine");
    }

    #[test]
    fn a_proxy_tells_who_is_behind_it() {
        assert_eq!(client("10.1.1.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client("10.1.1.1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client("::1", &["192.0.2.7:5000"]), "192.0.2.7");
        assert_eq!(client("10.1.1.1", &[]), "10.1.1.1");
    }

    #[test]
    fn what_the_client_wrote_into_the_list_is_not_believed() {
        assert_eq!(client("10.1.1.1", &["6.6.6.6, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(client("10.1.1.1", &["6.6.6.6", "192.0.2.7, 10.2.2.2"]), "192.0.2.7");
        assert_eq!(client("10.1.1.1", &["6.6.6.6, nonsense"]), "10.1.1.1");
    }

    #[test]
    fn a_proxy_names_the_request_in_plain_characters() {
        let id = |told: &str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, told.parse().unwrap())]);
            proxies().request_id(Some(peer("10.1.1.1")), &headers).0
        };
        assert_eq!(id("0b5e-Trace_1.2"), "0b5e-Trace_1.2");
        for told in ["", "a b", "a\"b", &"a".repeat(65)] {
            assert_eq!(id(told).len(), 16, "{told}");
        }
    }
}

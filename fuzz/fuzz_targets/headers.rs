//! The headers of requests that decide something: what has to hold for a change, what the client has
//! already, and who asks.

#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::headers;
use secret_manager_manager::Precondition;
use secret_manager_service::Proxies;
use secret_manager_service::fuzzing::{client, has_already, precondition, request_id};

/// The furthest that the store counts.
const MOST: u64 = i64::MAX.unsigned_abs();
const TAG: &str = "0123456789abcdef0123456789abcdef";

fuzz_target!(|text: &[u8]| {
    let Some(headers) = headers(text) else { return };
    let all = |name: &str| headers.get_all(name).iter().collect::<Vec<_>>();
    let (matches, none) = (all("if-match"), all("if-none-match"));

    let condition = precondition(headers.clone());
    match condition {
        None => assert!(!matches.is_empty() || !none.is_empty(), "nothing is asked for"),
        Some(Precondition::Any) => assert!(matches.is_empty() && none.is_empty(), "ignored"),
        Some(Precondition::Present) => assert!(matches == ["*"] && none.is_empty()),
        Some(Precondition::Absent) => assert!(matches.is_empty() && none == ["*"]),
        Some(Precondition::Version(version)) => {
            assert!(matches.len() == 1 && none.is_empty());
            let exactly = matches[0] == &format!("\"{version}\"");
            // Leading zeros, or a tag that is of nothing here.
            assert!(exactly || version == u64::MAX || matches[0].as_bytes().starts_with(b"\"0"));
            assert!(version <= MOST || version == u64::MAX);
        }
    }

    let named = |header: &&axum::http::HeaderValue| {
        header.to_str().is_ok_and(|text| text.contains(&format!("\"{TAG}\"")) || text.contains('*'))
    };
    assert!(!has_already(&headers, TAG) || none.iter().any(named));

    let proxies = Proxies::new(vec!["10.0.0.0/8".parse().expect("a network")]);
    let [stranger, proxy] = ["192.0.2.7", "10.1.1.1"].map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!(client(&proxies, stranger, &headers), stranger, "a stranger is believed");
    let told = client(&proxies, proxy, &headers);
    if told != proxy {
        assert!(!all("x-forwarded-for").is_empty());
    }
    for peer in [stranger, proxy] {
        let id = request_id(&proxies, peer, &headers);
        assert!((1..=64).contains(&id.len()));
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)));
    }
});

//! A stream of events, as a client reads it.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::Service;
use crate::person::Person;

/// An open stream of events.
pub(crate) struct Events {
    pub(crate) stream: TcpStream,
    /// Of the answer, in small letters.
    pub(crate) head: String,
    /// What has come and was not looked at yet, still in chunks.
    raw: Vec<u8>,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: Option<u64>,
    pub(crate) kind: String,
    pub(crate) data: String,
}

impl Events {
    pub(crate) async fn open(service: &Service, query: &str, headers: &[&str]) -> Self {
        Self::open_at(&service.address.to_string(), &service.token, query, headers).await
    }

    pub(crate) async fn open_at(address: &str, token: &str, query: &str, headers: &[&str]) -> Self {
        let authorization = format!("Authorization: Bearer {token}");
        let headers: Vec<_> = headers.iter().copied().chain([&*authorization]).collect();
        Self::ask(address, &format!("/api/v1/watch{query}"), &headers).await
    }

    /// What a person sees of a space.
    pub(crate) async fn of(service: &Service, person: &Person, query: &str) -> Self {
        let cookie = format!("Cookie: {}", person.cookie.as_ref().unwrap());
        let path = format!("/api/v1/spaces/plant/watch{query}");
        Self::ask(&service.address.to_string(), &path, &[&cookie]).await
    }

    async fn ask(address: &str, path: &str, headers: &[&str]) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
        let mut raw = Vec::new();
        let end = loop {
            if let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(stream.read_buf(&mut raw).await.unwrap(), 0);
        };
        let head = String::from_utf8(raw.drain(..end).collect()).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
        assert!(head.contains("cache-control: no-store\r\n"), "{head}");
        Self { stream, head, raw, text: String::new() }
    }

    /// The next block, comments and the time to wait included; `None` at the end of the stream.
    pub(crate) async fn block(&mut self) -> Option<String> {
        let reading = async {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.text = rest;
                    return Some(block);
                }
                if self.take_chunk()? {
                    continue;
                }
                if self.stream.read_buf(&mut self.raw).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("something comes")
    }

    /// Whether there was a whole chunk; `None` for the last one.
    fn take_chunk(&mut self) -> Option<bool> {
        let Some(end) = self.raw.windows(2).position(|window| window == b"\r\n") else {
            return Some(false);
        };
        let size = std::str::from_utf8(&self.raw[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return None;
        }
        let all = end + 2 + size + 2;
        if self.raw.len() < all {
            return Some(false);
        }
        let chunk: Vec<u8> = self.raw.drain(..all).collect();
        self.text.push_str(std::str::from_utf8(&chunk[end + 2..all - 2]).unwrap());
        Some(true)
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let mut event = Event { id: None, kind: String::new(), data: String::new() };
            let mut data = Vec::new();
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => event.id = Some(id.parse().unwrap()),
                    Some(("event", kind)) => event.kind = kind.into(),
                    Some(("data", line)) => data.push(line),
                    _ => {}
                }
            }
            if !data.is_empty() {
                event.data = data.join("\n");
                return Some(event);
            }
        }
    }

    pub(crate) async fn change(&mut self) -> serde_json::Value {
        let event = self.next().await.unwrap();
        assert_eq!(event.kind, "change");
        let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["version"].as_u64(), event.id);
        data
    }

    pub(crate) async fn expect_reset(&mut self, version: u64) {
        let event = self.next().await.unwrap();
        assert_eq!((event.kind.as_str(), event.id), ("reset", Some(version)));
        assert_eq!(event.data, format!("{{\"version\":{version}}}"));
    }

    pub(crate) async fn expect_end(&mut self) {
        assert_eq!(self.next().await, None);
    }
}

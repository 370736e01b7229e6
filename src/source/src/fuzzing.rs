//! What the fuzz targets (`fuzz/`) read beyond this crate's API. It is there with `--cfg fuzzing` only,
//! which fuzzers set, so the parsers stay private to everything else.

use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::events::{self, Events};
use crate::http::{self, Stream};
use crate::watch::Changes;
use crate::{Failure, Heard, Watch};

/// What stands in an event stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Comment,
    Event { name: Vec<u8>, id: Vec<u8>, data: Vec<u8> },
}

/// What a stream says whose bytes come in these pieces, and whether it went on within the bound.
pub fn events<'a>(most: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Item>, bool) {
    let mut events = Events::new(most);
    let mut items = Vec::new();
    for mut piece in pieces {
        loop {
            match events.next(&mut piece) {
                Ok(None) => break,
                Err(events::TooLong) => return (items, false),
                Ok(Some(events::Item::Comment)) => items.push(Item::Comment),
                Ok(Some(events::Item::Event(mut event))) => items.push(Item::Event {
                    name: event.name,
                    id: event.id,
                    data: std::mem::take(&mut *event.data),
                }),
            }
        }
    }
    (items, true)
}

/// What is heard on a watch that answers with these bytes, and how it ends.
pub async fn watch(bytes: Vec<u8>) -> (Vec<Heard>, Failure) {
    let mut answer = hyper::Response::new(bytes);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    let mut heard = Vec::new();
    let mut changes = match Changes::new(Stream::from(answer), Heard::Alive) {
        Ok(changes) => changes,
        Err(failure) => return (heard, failure),
    };
    loop {
        match changes.next().await {
            Ok(next) => heard.push(next),
            Err(failure) => return (heard, failure),
        }
    }
}

/// The pause that a header asks for.
pub fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let value = HeaderValue::from_bytes(value).ok()?;
    http::retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
}

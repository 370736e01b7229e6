//! The watch of a Secret Manager service: `GET /api/v1/watch`.

use bytes::{Buf, Bytes};
use reqwest::header::CONTENT_TYPE;
use secret_manager_model::limits::SNAPSHOT_BYTES;
use secret_manager_model::{Delta, wire};

use crate::events::{Event, Events, Item, TooLong};
use crate::failure::{Failure, Remedy};
use crate::http::Stream;
use crate::{Heard, Hearing, Validator, Watch, service};

pub(crate) struct Changes {
    stream: Stream,
    /// What came and is not read yet.
    bytes: Bytes,
    events: Events,
    /// What whoever opened it is told first.
    first: Option<Heard>,
}

impl Changes {
    pub(crate) fn new(stream: Stream, first: Heard) -> Result<Self, Failure> {
        let kind =
            stream.headers().get(CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if !kind.is_some_and(|kind| kind.starts_with(b"text/event-stream")) {
            return Err(odd("the answer is no event stream"));
        }
        let events = Events::new(SNAPSHOT_BYTES);
        Ok(Self { stream, bytes: Bytes::new(), events, first: Some(first) })
    }

    async fn hear(&mut self) -> Result<Heard, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        loop {
            let mut unread = &*self.bytes;
            let item = self.events.next(&mut unread);
            let read = self.bytes.len() - unread.len();
            self.bytes.advance(read);
            match item {
                Err(TooLong) => return Err(odd("a change on the watch is too large")),
                Ok(Some(Item::Comment)) => return Ok(Heard::Alive),
                Ok(Some(Item::Event(event))) => return change(event).await,
                Ok(None) => {}
            }
            let ended = || Failure::new(Remedy::Retry, "the watch was ended");
            self.bytes = self.stream.next().await?.ok_or_else(ended)?;
        }
    }
}

impl Watch for Changes {
    fn next(&mut self) -> Hearing<'_> {
        Box::pin(self.hear())
    }
}

/// What the source does not say in a way that can be relied upon is fetched instead.
async fn change(event: Event) -> Result<Heard, Failure> {
    match &*event.name {
        b"change" => {}
        b"reset" => return Ok(Heard::Behind),
        _ => return Err(odd("the watch tells of something that this version doesn't know")),
    }
    let id = std::str::from_utf8(&event.id).ok().and_then(|id| id.parse::<u64>().ok());
    let (delta, validator) = service::read_aside(event.data, read).await??;
    if id != Some(delta.version) || delta.refused.count > 0 {
        return Err(odd(
            "a change on the watch contradicts itself, or has names that are left out",
        ));
    }
    Ok(Heard::Change { delta: Box::new(delta), validator })
}

fn read(data: &[u8]) -> Result<(Delta, Option<Validator>), Failure> {
    let (delta, etag) = wire::read_delta_event(data)
        .map_err(|error| odd(&format!("a change on the watch is not understood: {error}")))?;
    Ok((delta, etag.map(Validator::new)))
}

fn odd(message: &str) -> Failure {
    Failure::new(Remedy::Repair, message)
}

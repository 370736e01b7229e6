//! The body of an answer that begins with something of its own and goes on with what is shared.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Sent one after the other and never put together: the rest is large, holds secrets, and is part of
/// other answers as well.
pub(super) struct Parts {
    head: Bytes,
    rest: Bytes,
}

impl Parts {
    pub(super) fn new(head: String, rest: Bytes) -> Self {
        Self { head: head.into(), rest }
    }
}

impl Body for Parts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { head, rest } = &mut *self;
        let next = if head.is_empty() { rest } else { head };
        let next = std::mem::take(next);
        Poll::Ready((!next.is_empty()).then(|| Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.head.is_empty() && self.rest.is_empty()
    }

    /// Known, so that the answer carries its length.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.head.len() + self.rest.len()) as u64)
    }
}

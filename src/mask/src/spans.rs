//! Places of secrets in a text, and the text without them.

use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::escapes::{self, Unescaped};
use crate::matcher::Matcher;

/// What stands in the place of a secret.
pub const MASK: &str = "•••";

/// How often a text is searched again without its escapes: an escaped text inside an escaped text.
const DEPTH: u8 = 2;

/// What is known of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Text {
    Whole,
    /// The end may be missing: the beginning of a secret that stands there is one as well.
    Cut,
}

/// The text without the secrets that any of the matchers knows; nothing when there is none in it.
pub fn mask(matchers: &[Arc<Matcher>], text: &[u8], kind: Text) -> Option<Zeroizing<Vec<u8>>> {
    let mut spans = Vec::new();
    search(matchers, text, DEPTH, &mut spans);
    if kind == Text::Cut {
        spans.extend(matchers.iter().filter_map(|matcher| matcher.find_beginning(text)));
    }
    if spans.is_empty() { None } else { Some(without(text, spans)) }
}

fn search(matchers: &[Arc<Matcher>], text: &[u8], depth: u8, spans: &mut Vec<Range<usize>>) {
    for matcher in matchers {
        matcher.find(text, spans);
    }
    if depth == 0 {
        return;
    }
    let mut inside = |unescaped: Unescaped| {
        let mut found = Vec::new();
        search(matchers, &unescaped.bytes, depth - 1, &mut found);
        let place = |index| unescaped.place(index);
        spans.extend(found.into_iter().map(|span| place(span.start)..place(span.end)));
    };
    escapes::percent(text).map(&mut inside);
    escapes::backslash(text).map(&mut inside);
}

/// What overlaps or touches becomes one.
fn without(text: &[u8], mut spans: Vec<Range<usize>>) -> Zeroizing<Vec<u8>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut masked = Zeroizing::new(Vec::with_capacity(text.len() + MASK.len()));
    let mut place = 0;
    let mut spans = spans.into_iter().peekable();
    while let Some(Range { start, mut end }) = spans.next() {
        while let Some(next) = spans.next_if(|next| next.start <= end) {
            end = end.max(next.end);
        }
        masked.extend_from_slice(text.get(place..start).unwrap_or_default());
        masked.extend_from_slice(MASK.as_bytes());
        place = end;
    }
    masked.extend_from_slice(text.get(place..).unwrap_or_default());
    masked
}

//! Reads an event stream (`text/event-stream`, WHATWG HTML section 9.2) from bytes as they come.
//!
//! The data of an event may hold values, so they stay bytes until their own reader checks them as a
//! whole; nothing is replaced or passed on in part. Of an event that is cut off nothing is told. What
//! is buffered is bounded by the caller.
//!
//! Written here because the crates for it decode lossily, or keep what they read in buffers that
//! nobody wipes.

use zeroize::Zeroizing;

/// What stands in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A comment: the sender is still there.
    Comment,
    Event(Event),
}

/// An event as it was sent: each field's last value, and all lines of data joined by line feeds.
#[derive(Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) data: Zeroizing<Vec<u8>>,
}

/// Shows how much there is, and nothing of it.
impl std::fmt::Debug for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Event({} bytes of data)", self.data.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

pub(crate) struct Events {
    most: usize,
    line: Zeroizing<Vec<u8>>,
    /// The line before ended with a carriage return; a line feed that follows belongs to it.
    after_return: bool,
    /// No line has ended yet: it may begin with a byte order mark.
    at_start: bool,
    event: Event,
    /// The event has a line of data, which may be empty.
    has_data: bool,
}

impl Events {
    /// Refuses events and lines of more than `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            line: Zeroizing::default(),
            after_return: false,
            at_start: true,
            event: Event::default(),
            has_data: false,
        }
    }

    /// Takes bytes off the front of `input` until something is complete. `None` when more are needed.
    pub(crate) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Item>, TooLong> {
        while let Some(first) = input.first() {
            if std::mem::take(&mut self.after_return) && *first == b'\n' {
                *input = &input[1..];
                continue;
            }
            let end = input.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let part = &input[..end.unwrap_or(input.len())];
            if self.line.len() + self.event.data.len() + part.len() > self.most {
                return Err(TooLong);
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else {
                *input = &[];
                break;
            };
            self.after_return = input[end] == b'\r';
            *input = &input[end + 1..];
            let item = self.end_of_line();
            self.line.clear();
            if item.is_some() {
                return Ok(item);
            }
        }
        Ok(None)
    }

    fn end_of_line(&mut self) -> Option<Item> {
        let mut line = self.line.as_slice();
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_of_event().map(Item::Event);
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" => return Some(Item::Comment),
            b"event" => self.event.name = value.to_vec(),
            b"id" => self.event.id = value.to_vec(),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            // Fields of later versions. `retry` is among them: when to come back is the engine's to say.
            _ => {}
        }
        None
    }

    /// A name without data makes an event as well: it says that something happened which its reader
    /// may not know.
    fn end_of_event(&mut self) -> Option<Event> {
        let event = std::mem::take(&mut self.event);
        let complete = std::mem::take(&mut self.has_data) || !event.name.is_empty();
        complete.then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 200;

    /// What a stream says when its bytes come in these pieces.
    fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Item>, TooLong> {
        let mut events = Events::new(MOST);
        let mut items = Vec::new();
        for mut piece in pieces {
            while let Some(item) = events.next(&mut piece)? {
                items.push(item);
            }
            assert!(piece.is_empty());
        }
        Ok(items)
    }

    fn event(name: &str, id: &str, data: &str) -> Item {
        Item::Event(Event {
            name: name.into(),
            id: id.into(),
            data: Zeroizing::new(data.as_bytes().to_vec()),
        })
    }

    #[test]
    fn events_and_comments_are_told_apart() {
        let stream = b"\xef\xbb\xbf: hello\n\nid: 7\nevent: change\ndata: {\"a\":\ndata:1}\n\n:\n\
                       data\n\nevent: reset\n\nretry: 1\nfuture: x\nid: 8\n\ndata: x\n\n";
        let expected = [
            Item::Comment,
            event("change", "7", "{\"a\":\n1}"),
            Item::Comment,
            event("", "", ""),
            event("reset", "", ""),
            event("", "", "x"),
        ];
        assert_eq!(read([stream.as_slice()]).unwrap(), expected);
    }

    #[test]
    fn every_cut_and_every_line_end_gives_the_same() {
        let lines = ": hello\n\nid: 7\nevent: change\ndata: {\ndata: }\n\n:\n";
        let expected = read([lines.as_bytes()]).unwrap();
        assert_eq!(expected.len(), 3);
        for end in ["\n", "\r\n", "\r"] {
            let stream = lines.replace('\n', end).into_bytes();
            for cut in 0..=stream.len() {
                let (head, tail) = stream.split_at(cut);
                assert_eq!(read([head, tail]).unwrap(), expected, "{end:?} cut at {cut}");
                // Nothing is told of what is not complete.
                assert!(expected.starts_with(&read([head]).unwrap()));
            }
            assert_eq!(read(stream.chunks(1)).unwrap(), expected, "{end:?} byte by byte");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        let line = [b"data: ".as_slice(), &[b'x'; MOST]].concat();
        assert_eq!(read([line.as_slice()]), Err(TooLong));
        assert_eq!(read(line.chunks(1)), Err(TooLong));
        let lines = b"data: 0123456789\n".repeat(20);
        assert_eq!(read([lines.as_slice()]), Err(TooLong));
        // The bound is for one event, and not for a stream.
        let events = b": comment\nid: 1\ndata: 0123456789\n\n".repeat(50);
        assert_eq!(read([events.as_slice()]).unwrap().len(), 100);
    }

    #[test]
    fn no_format_shows_the_data() {
        let item = event("change", "1", "canary");
        assert!(!format!("{item:?} {item:#?}").contains("canary"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_alike_in_any_pieces(
            bytes in prop::collection::vec(prop::sample::select(b"data:id event\r\n\xff\xef\xbb\xbf x".to_vec()), 0..300),
            size in 1..40_usize,
        ) {
            prop_assert_eq!(read([bytes.as_slice()]), read(bytes.chunks(size)));
        }

        #[test]
        fn what_is_sent_is_heard(data in prop::collection::vec("[^\r\n]{0,20}", 1..5), id: u64) {
            let lines: String = data.iter().map(|line| format!("data: {line}\n")).collect();
            let stream = format!("event: change\nid: {id}\n{lines}\n");
            let expected = event("change", &id.to_string(), &data.join("\n"));
            prop_assert_eq!(read([stream.as_bytes()]), Ok(vec![expected]));
        }
    }
}

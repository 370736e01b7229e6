//! The event stream of a watch: read alike in whatever pieces it comes, and as the standard says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_source::fuzzing::{Item, events};

const MOST: usize = 512;

fuzz_target!(|stream: &[u8]| {
    let (items, within) = events(MOST, [stream]);
    for size in [1, 3, 64] {
        assert_eq!(
            events(MOST, stream.chunks(size)),
            (items.clone(), within),
            "in pieces of {size}"
        );
    }
    for item in &items {
        if let Item::Event { data, .. } = item {
            assert!(data.len() <= MOST);
        }
    }
    let expected = as_the_standard_says(stream);
    if within {
        assert_eq!(items, expected);
    } else {
        assert!(stream.len() > MOST && expected.starts_with(&items));
    }
});

/// WHATWG HTML, section 9.2.6, with the whole stream at hand; a name without data is an event as well.
fn as_the_standard_says(stream: &[u8]) -> Vec<Item> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    let mut bytes = stream.iter().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if *byte == b'\r' {
                    bytes.next_if(|next| **next == b'\n');
                }
                lines.push(std::mem::take(&mut line));
            }
            other => line.push(*other),
        }
    }
    let mut items = Vec::new();
    let (mut name, mut id, mut data) = (Vec::new(), Vec::new(), None::<Vec<u8>>);
    for line in lines {
        if line.is_empty() {
            let (name, id) = (std::mem::take(&mut name), std::mem::take(&mut id));
            match data.take() {
                None if name.is_empty() => {}
                data => items.push(Item::Event { name, id, data: data.unwrap_or_default() }),
            }
            continue;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let field = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"" => items.push(Item::Comment),
            b"event" => name = value.to_vec(),
            b"id" => id = value.to_vec(),
            b"data" => match &mut data {
                None => data = Some(value.to_vec()),
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }
    items
}

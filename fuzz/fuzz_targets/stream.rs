//! A backup's stream: whatever is done to it, what opens is a beginning of what was sealed, and all of
//! it only when nothing was done.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use secret_manager_envelope::{
    Kek, SEALED_CHUNK, STREAM_CHUNK, StreamHeader, StreamOpener, StreamSealer,
};

/// What somebody does to a file.
#[derive(Debug, Arbitrary)]
enum Deed {
    Alter { place: u32, change: u8 },
    Cut { place: u32 },
    Append { byte: u8 },
    Drop { chunk: u8 },
    Double { chunk: u8 },
    Swap { chunk: u8, other: u8 },
    TakeFromAnother { chunk: u8 },
}

fuzz_target!(|input: (u8, u16, Vec<Deed>)| {
    let (chunks, rest, deeds) = input;
    let text = vec![chunks; usize::from(chunks % 3) * STREAM_CHUNK + usize::from(rest)];
    let kek = Kek::from_bytes(&[7; 32]).expect("a key");
    let original = sealed(&kek, &text);
    let mut pieces = split(&original);
    for deed in deeds.iter().take(4) {
        apply(deed, &mut pieces, || split(&sealed(&kek, &text)));
    }
    let file = pieces.concat();
    let (opened, whole) = opened(&kek, &file);
    assert!(text.starts_with(&opened), "something else was opened");
    assert_eq!(whole, file == original, "{deeds:?}");
    assert!(!whole || opened == text);
});

fn sealed(kek: &Kek, text: &[u8]) -> Vec<u8> {
    let mut sealer = StreamSealer::new(kek).expect("randomness");
    let mut file = sealer.header().as_bytes().to_vec();
    let (full, rest) = text.as_chunks::<STREAM_CHUNK>();
    // The last chunk is never empty, but for an empty text.
    let (full, rest) = match (full, rest) {
        ([full @ .., last], []) => (full, last.as_slice()),
        (full, rest) => (full, rest),
    };
    for chunk in full {
        file.extend(sealer.seal(chunk).expect("few chunks"));
    }
    file.extend(sealer.finish(rest).expect("few chunks"));
    file
}

/// The header and the chunks.
fn split(file: &[u8]) -> Vec<Vec<u8>> {
    let (header, chunks) = file.split_at(StreamHeader::LENGTH);
    let chunks = chunks.chunks(SEALED_CHUNK).map(<[u8]>::to_vec);
    std::iter::once(header.to_vec()).chain(chunks).collect()
}

fn apply(deed: &Deed, pieces: &mut Vec<Vec<u8>>, another: impl FnOnce() -> Vec<Vec<u8>>) {
    let count = pieces.len();
    let index = |chunk: u8| usize::from(chunk) % count;
    let length: usize = pieces.iter().map(Vec::len).sum();
    match *deed {
        _ if length == 0 => {}
        Deed::Alter { place, change } => {
            let mut place = place as usize % length;
            for piece in pieces {
                if let Some(byte) = piece.get_mut(place) {
                    *byte ^= change;
                    return;
                }
                place -= piece.len();
            }
        }
        Deed::Cut { place } => {
            let mut left = place as usize % length;
            for piece in pieces {
                piece.truncate(left);
                left -= piece.len();
            }
        }
        Deed::Append { byte } => pieces[count - 1].push(byte),
        Deed::Drop { chunk } => pieces[index(chunk)].clear(),
        Deed::Double { chunk } => {
            let piece = pieces[index(chunk)].clone();
            pieces.insert(index(chunk), piece);
        }
        Deed::Swap { chunk, other } => pieces.swap(index(chunk), index(other)),
        Deed::TakeFromAnother { chunk } => {
            if let Some(piece) = another().get(index(chunk)) {
                pieces[index(chunk)].clone_from(piece);
            }
        }
    }
}

/// What opens, and whether that is the whole.
fn opened(kek: &Kek, file: &[u8]) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    let Some((header, sealed)) = file.split_first_chunk() else { return (text, false) };
    let header = StreamHeader::parse(*header);
    let Ok(mut opener) = header.and_then(|header| StreamOpener::new(kek, header)) else {
        return (text, false);
    };
    let mut chunks = sealed.chunks(SEALED_CHUNK).peekable();
    while let Some(chunk) = chunks.next() {
        if chunks.peek().is_none() {
            let last = opener.finish(chunk.to_vec());
            text.extend(last.as_deref().map(Vec::as_slice).unwrap_or_default());
            return (text, last.is_ok());
        }
        let Ok(opened) = opener.open(chunk.to_vec()) else { return (text, false) };
        text.extend_from_slice(&opened);
    }
    (text, false)
}

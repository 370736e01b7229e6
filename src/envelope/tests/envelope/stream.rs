//! Streams: whole and in order, or not at all.

use secret_manager_envelope::{
    Kek, OpenError, SEALED_CHUNK, STREAM_CHUNK, StreamHeader, StreamOpener, StreamSealer,
};

fn kek() -> Kek {
    Kek::from_bytes(&[1; 32]).unwrap()
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index / 251 + index) as u8).collect()
}

/// The header and the sealed chunks.
fn seal(text: &[u8]) -> (StreamHeader, Vec<Vec<u8>>) {
    let mut sealer = StreamSealer::new(&kek()).unwrap();
    let header = sealer.header().clone();
    let mut chunks = Vec::new();
    let mut rest = text;
    while let Some((chunk, more)) = rest.split_first_chunk::<STREAM_CHUNK>()
        && !more.is_empty()
    {
        chunks.push(sealer.seal(chunk).unwrap());
        rest = more;
    }
    chunks.push(sealer.finish(rest).unwrap());
    (header, chunks)
}

fn open(header: &StreamHeader, chunks: &[Vec<u8>]) -> Result<Vec<u8>, OpenError> {
    let mut opener = StreamOpener::new(&kek(), header.clone())?;
    let mut text = Vec::new();
    let (last, others) = chunks.split_last().unwrap();
    for chunk in others {
        text.extend_from_slice(&opener.open(chunk.clone())?);
    }
    text.extend_from_slice(&opener.finish(last.clone())?);
    Ok(text)
}

#[test]
fn a_text_of_any_length_comes_back() {
    for length in [0, 1, STREAM_CHUNK - 1, STREAM_CHUNK, STREAM_CHUNK + 1, 3 * STREAM_CHUNK] {
        let (header, chunks) = seal(&text(length));
        assert_eq!(chunks.len(), length.div_ceil(STREAM_CHUNK).max(1));
        assert!(chunks.iter().rev().skip(1).all(|chunk| chunk.len() == SEALED_CHUNK));
        assert_eq!(header.kek_id(), *kek().id());
        let header = StreamHeader::parse(*header.as_bytes()).unwrap();
        assert_eq!(open(&header, &chunks), Ok(text(length)), "{length} bytes");
    }
}

#[test]
fn the_same_text_looks_different_each_time() {
    let ((first, chunks), (second, others)) = (seal(&text(10)), seal(&text(10)));
    assert_ne!(first, second);
    assert_ne!(chunks, others);
}

#[test]
fn chunks_that_were_dropped_moved_repeated_or_mixed_do_not_open() {
    let (header, chunks) = seal(&text(3 * STREAM_CHUNK + 5));
    let (_, others) = seal(&text(3 * STREAM_CHUNK + 5));
    let [a, b, c, end] = &chunks[..] else { panic!("{}", chunks.len()) };
    let refused = Err(OpenError::Authentication);
    for (what, chunks) in [
        ("cut off", vec![a, b, c]),
        ("the first one dropped", vec![b, c, end]),
        ("a middle one dropped", vec![a, c, end]),
        ("two exchanged", vec![b, a, c, end]),
        ("one repeated", vec![a, a, b, c, end]),
        ("the end repeated", vec![a, b, c, end, end]),
        ("the end in front", vec![end, a, b, c]),
        ("one of another stream", vec![a, &others[1], c, end]),
        ("the end of another stream", vec![a, b, c, &others[3]]),
    ] {
        let chunks: Vec<_> = chunks.into_iter().cloned().collect();
        assert_eq!(open(&header, &chunks), refused, "{what}");
    }
}

#[test]
fn what_was_altered_does_not_open() {
    let (header, chunks) = seal(&text(STREAM_CHUNK + 5));
    for chunk in 0..2 {
        for position in [0, chunks[chunk].len() / 2, chunks[chunk].len() - 1] {
            let mut altered = chunks.clone();
            altered[chunk][position] ^= 1;
            assert_eq!(open(&header, &altered), Err(OpenError::Authentication));
        }
        let mut shortened = chunks.clone();
        shortened[chunk].pop();
        assert_eq!(open(&header, &shortened), Err(OpenError::Authentication));
        shortened[chunk].clear();
        assert_eq!(open(&header, &shortened), Err(OpenError::Authentication));
    }
    for position in 0..StreamHeader::LENGTH {
        let mut altered = *header.as_bytes();
        altered[position] ^= 1;
        let opened = StreamHeader::parse(altered).and_then(|header| open(&header, &chunks));
        assert!(opened.is_err(), "byte {position} of the header");
    }
}

#[test]
fn another_key_does_not_open_it() {
    let (header, _) = seal(b"text");
    let other = Kek::from_bytes(&[2; 32]).unwrap();
    assert_eq!(StreamOpener::new(&other, header).err(), Some(OpenError::Authentication));
}

#[test]
fn a_last_chunk_that_is_too_long_is_refused() {
    let sealer = StreamSealer::new(&kek()).unwrap();
    assert!(sealer.finish(&text(STREAM_CHUNK + 1)).is_err());
}

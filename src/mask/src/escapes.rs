//! Texts without their escapes, with the way back to the places in the text as it was.

use zeroize::Zeroizing;

/// A text without its escapes.
pub(crate) struct Unescaped {
    pub(crate) bytes: Zeroizing<Vec<u8>>,
    /// Where each byte stood; at the end, where the text ended.
    places: Vec<u32>,
}

impl Unescaped {
    pub(crate) fn place(&self, index: usize) -> usize {
        self.places.get(index).copied().unwrap_or_default() as usize
    }
}

/// Without `%XX`. Nothing when there is none.
pub(crate) fn percent(text: &[u8]) -> Option<Unescaped> {
    unescape(text, b'%', |rest| {
        let byte = hex(rest.get(..2)?)? as u8;
        Some((Character::Byte(byte), 2))
    })
}

/// Without the escapes of JSON and JavaScript strings. Nothing when there is none.
pub(crate) fn backslash(text: &[u8]) -> Option<Unescaped> {
    unescape(text, b'\\', |rest| {
        let byte = |byte| Some((Character::Byte(byte), 1));
        match *rest.first()? {
            b'n' => byte(b'\n'),
            b't' => byte(b'\t'),
            b'r' => byte(b'\r'),
            b'b' => byte(8),
            b'f' => byte(12),
            b'v' => byte(11),
            sign @ (b'"' | b'\\' | b'/' | b'\'' | b'`') => byte(sign),
            b'x' => Some((Character::Code(char::from_u32(hex(rest.get(1..3)?)?)?), 3)),
            b'u' => unicode(rest),
            _ => None,
        }
    })
}

/// `u` and four hex digits, or two such escapes for a character beyond the first 65,536.
fn unicode(rest: &[u8]) -> Option<(Character, usize)> {
    let unit = hex(rest.get(1..5)?)?;
    if let Some(character) = char::from_u32(unit) {
        return Some((Character::Code(character), 5));
    }
    let low = hex(rest.get(5..11)?.strip_prefix(b"\\u")?)?;
    let code = 0x10000 + ((unit - 0xD800) << 10) + low.checked_sub(0xDC00)?;
    Some((Character::Code(char::from_u32(code)?), 11))
}

enum Character {
    Byte(u8),
    Code(char),
}

/// `read` is given what stands behind `sign`, and says what it means and how long it is.
fn unescape(
    text: &[u8],
    sign: u8,
    read: impl Fn(&[u8]) -> Option<(Character, usize)>,
) -> Option<Unescaped> {
    if !text.contains(&sign) || u32::try_from(text.len()).is_err() {
        return None;
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut places = Vec::with_capacity(text.len() + 1);
    let mut index = 0;
    let mut found = false;
    while let Some(&byte) = text.get(index) {
        let place = index as u32;
        let escape = (byte == sign).then(|| read(text.get(index + 1..)?)).flatten();
        index += 1;
        let Some((character, length)) = escape else {
            bytes.push(byte);
            places.push(place);
            continue;
        };
        index += length;
        found = true;
        match character {
            Character::Byte(byte) => bytes.push(byte),
            Character::Code(code) => {
                bytes.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        places.resize(bytes.len(), place);
    }
    places.push(text.len() as u32);
    found.then_some(Unescaped { bytes, places })
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, &digit| Some(number << 4 | char::from(digit).to_digit(16)?))
}

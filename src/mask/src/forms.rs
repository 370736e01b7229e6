//! The forms in which texts show a value.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// With + for a space, as forms send it.
    Plus,
    HexLower,
    HexUpper,
    /// `63 61 66`, as Node.js prints a Buffer.
    HexSpaced,
    /// `99,97,102`, as JSON shows a Buffer.
    Decimal,
    /// Those digits that are the same whatever follows, and whatever stands before: `shift` bytes
    /// after the beginning of a group of three.
    Base64 {
        shift: u8,
        url_safe: bool,
    },
}

impl Form {
    pub(crate) const ENCODED: [Self; 10] = [
        Self::HexLower,
        Self::HexUpper,
        Self::HexSpaced,
        Self::Decimal,
        Self::Base64 { shift: 0, url_safe: false },
        Self::Base64 { shift: 1, url_safe: false },
        Self::Base64 { shift: 2, url_safe: false },
        Self::Base64 { shift: 0, url_safe: true },
        Self::Base64 { shift: 1, url_safe: true },
        Self::Base64 { shift: 2, url_safe: true },
    ];

    /// The value in this form.
    pub(crate) fn write(self, value: &[u8]) -> Box<dyn Iterator<Item = u8> + '_> {
        let bytes = value.iter().copied();
        match self {
            Self::Plain => Box::new(bytes),
            Self::Plus => Box::new(bytes.map(|byte| if byte == b' ' { b'+' } else { byte })),
            Self::HexLower => Box::new(bytes.flat_map(|byte| hex(b"0123456789abcdef", byte))),
            Self::HexUpper => Box::new(bytes.flat_map(|byte| hex(b"0123456789ABCDEF", byte))),
            Self::HexSpaced => Box::new(bytes.enumerate().flat_map(|(index, byte)| {
                let space = (index > 0).then_some(b' ');
                space.into_iter().chain(hex(b"0123456789abcdef", byte))
            })),
            Self::Decimal => Box::new(bytes.enumerate().flat_map(|(index, byte)| {
                let comma = (index > 0).then_some(b',');
                comma.into_iter().chain(decimal(byte))
            })),
            Self::Base64 { shift, url_safe } => {
                let digits = if url_safe { URL_SAFE } else { STANDARD };
                Box::new(base64(value, usize::from(shift), digits))
            }
        }
    }

    /// How much of `text` around `start..end`, where this form of a value stands, shows a part of the
    /// value as well: in Base64, the digits that it shares with what stands around, and the padding.
    pub(crate) fn widen(self, text: &[u8], start: usize, end: usize) -> (usize, usize) {
        let Self::Base64 { shift, .. } = self else { return (start, end) };
        let is_digit = |&byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
        let before = text.get(..start).and_then(|before| before.last());
        let start = if shift > 0 && before.is_some_and(is_digit) { start - 1 } else { start };
        let mut end = if text.get(end).is_some_and(is_digit) { end + 1 } else { end };
        while text.get(end) == Some(&b'=') {
            end += 1;
        }
        (start, end)
    }
}

fn hex(digits: &[u8; 16], byte: u8) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn decimal(byte: u8) -> impl Iterator<Item = u8> {
    let digits = [byte / 100, byte / 10 % 10, byte % 10];
    let zeros = digits.iter().take(2).take_while(|digit| **digit == 0).count();
    digits.into_iter().skip(zeros).map(|digit| b'0' + digit)
}

fn base64<'a>(
    value: &'a [u8],
    shift: usize,
    digits: &'a [u8; 64],
) -> impl Iterator<Item = u8> + 'a {
    let first = (shift * 8).div_ceil(6);
    let end = (shift + value.len()) * 8 / 6;
    let byte = move |index: usize| {
        let byte = index.checked_sub(shift).and_then(|index| value.get(index));
        u16::from(byte.copied().unwrap_or_default())
    };
    (first..end).map(move |digit| {
        let bit = digit * 6;
        let two = byte(bit / 8) << 8 | byte(bit / 8 + 1);
        digits[usize::from(two >> (10 - bit % 8) & 63)]
    })
}

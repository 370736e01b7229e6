//! Numbers that clients send: versions and sequences.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

/// From 0 to 2^63 - 1, which is as far as the store counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl Number {
    /// Decimal digits and nothing else; what parsing takes besides, such as a sign, is no version.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).and_then(Self::new)
    }

    fn new(number: u64) -> Option<Self> {
        i64::try_from(number).is_ok().then_some(Self(number))
    }

    pub(crate) fn schema() -> Object {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0))
            .maximum(Some(i64::MAX as usize))
            .build()
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number from 0 to 2^63 - 1")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Number::new(number).ok_or_else(|| E::custom("too large"))
            }

            /// `3.0` is a whole number as well, says JSON Schema.
            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                const EXACT: f64 = 9_007_199_254_740_992.0;
                let whole = number.round();
                // The last bit of a long number may be lost in reading it.
                let is_whole = (number - whole).abs() <= number * f64::EPSILON;
                if is_whole && (0.0..EXACT).contains(&whole) {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a whole number from 0 to 2^53"
                    )]
                    return self.visit_u64(whole as u64);
                }
                Err(E::custom("not a whole number"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                Number::parse(text).ok_or_else(|| E::custom("not a number"))
            }
        }

        deserializer.deserialize_u64(NumberVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    #[test]
    fn what_the_store_can_count_is_a_number() {
        let largest = i64::MAX.unsigned_abs();
        assert_eq!(Number::parse("0"), Some(Number(0)));
        assert_eq!(Number::parse(&largest.to_string()), Some(Number(largest)));
        for text in ["", "-1", "+1", "1.0", "x", "9223372036854775808", "99999999999999999999"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        for (json, number) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("4058425236500090.0", Some(4_058_425_236_500_090)),
            ("3.5", None),
            ("-3", None),
            ("-3.0", None),
            ("1e300", None),
            ("9223372036854775808", None),
        ] {
            let read = serde_json::from_str::<Number>(json).ok();
            assert_eq!(read, number.map(Number), "{json}");
        }
    }
}

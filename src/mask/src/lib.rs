//! Finds secrets in texts by their values and puts `•••` in their place.
//!
//! A secret is cut into [`Leaves`] (its text, or every string and number inside a JSON document). Each
//! leaf is looked for in the *forms* in which texts show it: as it is, in Base64 at each of the three
//! places where it can begin inside a longer text, in hex, as a list of bytes. A [`Matcher`] finds all
//! forms of many leaves in one pass. Escapes of URLs and of JSON aren't forms: texts that have some are
//! searched once more without them, so that any mixture of them is found.
//!
//! [`Masks`] keeps matchers for values that come and go. This crate does no input or output and reads no
//! clock.

mod escapes;
mod filter;
mod forms;
mod leaves;
mod masks;
mod matcher;
mod spans;

pub use leaves::{Leaves, Rules};
pub use masks::Masks;
pub use matcher::Matcher;
pub use spans::{MASK, Text, mask};

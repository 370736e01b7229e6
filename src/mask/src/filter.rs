//! Where in a text a head may stand: nearly nowhere. An automaton takes some nanoseconds for each byte; this
//! takes one, and leaves it what has the hash of a head.

use crate::matcher::HEAD;

/// Bits for each head: one place in so many is left by chance.
const SPARSE: usize = 64;

/// The table stays within a processor's cache.
const LARGEST: u32 = 23;

pub(crate) struct Filter {
    bits: Vec<u64>,
    shift: u32,
}

impl Filter {
    /// None when there are shorter heads: they would be everywhere.
    pub(crate) fn of(heads: &[&[u8]]) -> Option<Self> {
        let size = (heads.len() * SPARSE).next_power_of_two().ilog2().clamp(10, LARGEST);
        let mut filter = Self { bits: vec![0; 1 << (size - 6)], shift: u32::BITS - size };
        for head in heads {
            let place = filter.place((*head).try_into().ok()?);
            filter.bits[place / 64] |= 1 << (place % 64);
        }
        Some(filter)
    }

    pub(crate) fn places<'a>(&'a self, text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        text.windows(HEAD).enumerate().filter_map(|(index, window)| {
            let place = self.place(window.try_into().ok()?);
            (self.bits[place / 64] >> (place % 64) & 1 == 1).then_some(index)
        })
    }

    fn place(&self, head: [u8; HEAD]) -> usize {
        // Fibonacci hashing: the golden ratio of 2^32 spreads what differs little.
        (u32::from_le_bytes(head).wrapping_mul(0x9E37_79B1) >> self.shift) as usize
    }
}

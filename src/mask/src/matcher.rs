//! Finds all forms of many leaves in one pass over a text.
//!
//! An automaton over whole needles would take hundreds of megabytes for the secrets of a large space. So
//! it knows their first bytes only (their *head*); what follows is compared with the needles that have this
//! head, which lie sorted side by side.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, Match, MatchKind, StartKind};
use zeroize::Zeroizing;

use crate::filter::Filter;
use crate::forms::Form;
use crate::leaves::{Kind, Leaf, Leaves, Rules};

/// Enough to be rare in a text, and few enough for an automaton that fits into a processor's cache.
pub(crate) const HEAD: usize = 4;

/// Of a longer needle so much is kept: where it stands there is the secret, and how far it goes on is
/// found out from the value.
const NEEDLE: usize = 256;

/// What all forms of a leaf take at most, in lengths of the leaf.
const ROOM: usize = 24;

/// Beyond so many leaves, only their plain form is looked for.
const MOST_ENCODED: usize = 50_000;

/// Beyond so many leaves, the others aren't looked for.
const MOST_LEAVES: usize = 500_000;

/// A beginning of a needle that stands at the end of a cut text is looked for so far from the end.
const CUT: usize = 256;

/// Finds the secrets that it was made for.
pub struct Matcher {
    heads: Option<AhoCorasick>,
    filter: Option<Filter>,
    /// For each head, its needles.
    groups: Vec<Range<u32>>,
    /// Sorted by their bytes, all different.
    needles: Vec<Needle>,
    bytes: Zeroizing<Vec<u8>>,
    values: Vec<Arc<Leaves>>,
    minimum_length: usize,
}

struct Needle {
    start: u32,
    length: u16,
    kind: Kind,
    form: Form,
    /// Where the value is of which this is the beginning, if it is longer.
    rest: Option<(u32, u32)>,
}

impl Matcher {
    /// Takes a moment for many values.
    pub fn new(values: Vec<Arc<Leaves>>, rules: &Rules) -> Self {
        let mut matcher = Self {
            heads: None,
            filter: None,
            groups: Vec::new(),
            needles: Vec::new(),
            bytes: Zeroizing::new(Vec::new()),
            values: Vec::new(),
            minimum_length: rules.minimum_length(),
        };
        matcher.collect(&values);
        matcher.values = values;
        matcher.sort();
        matcher.pack();
        matcher.group();
        matcher
    }

    /// How many needles there are, and how many bytes they take.
    pub fn size(&self) -> (usize, usize) {
        let automaton = self.heads.as_ref().map_or(0, AhoCorasick::memory_usage);
        let needles = self.needles.len() * size_of::<Needle>() + self.bytes.len();
        (self.needles.len(), needles + self.groups.len() * size_of::<Range<u32>>() + automaton)
    }

    /// Adds where in the text secrets stand. Spans may overlap.
    pub(crate) fn find(&self, text: &[u8], spans: &mut Vec<Range<usize>>) {
        let Some(heads) = &self.heads else { return };
        let mut found = |head: Match| {
            let group = &self.groups[head.pattern().as_usize()];
            spans.extend(self.longest(text, head.start(), group));
        };
        if let Some(filter) = &self.filter {
            for place in filter.places(text) {
                let here = Input::new(text).range(place..).anchored(Anchored::Yes);
                heads.try_find(here).ok().flatten().map(&mut found);
            }
            return;
        }
        let mut state = OverlappingState::start();
        let input = Input::new(text);
        while heads.try_find_overlapping(input.clone(), &mut state).is_ok()
            && let Some(head) = state.get_match()
        {
            found(head);
        }
    }

    /// Where the text ends with the beginning of a secret.
    pub(crate) fn find_beginning(&self, text: &[u8]) -> Option<Range<usize>> {
        let mut end = text.len();
        for cut in ["...", "…"] {
            if text.ends_with(cut.as_bytes()) {
                end -= cut.len();
            }
        }
        let first = end.saturating_sub(CUT);
        let last = end.checked_sub(self.minimum_length)?;
        let begins = |start: &usize| {
            let beginning = &text[*start..end];
            let index = self.needles.partition_point(|needle| self.of(needle) < beginning);
            self.needles.get(index).is_some_and(|needle| self.of(needle).starts_with(beginning))
        };
        let start = (first..=last).find(begins)?;
        Some(start..end)
    }

    fn collect(&mut self, values: &[Arc<Leaves>]) {
        let encoded = values.iter().map(|leaves| leaves.len()).sum::<usize>() <= MOST_ENCODED;
        let leaves = values.iter().enumerate().flat_map(|(value, leaves)| {
            leaves.iter().enumerate().map(move |(index, leaf)| ((value as u32, index as u32), leaf))
        });
        // With room for all, so that no copy is left where a buffer grew.
        let room = |leaf: &Leaf| ROOM * leaf.text.len().min(NEEDLE);
        self.bytes
            .reserve_exact(leaves.clone().take(MOST_LEAVES).map(|(_, leaf)| room(leaf)).sum());
        for (place, leaf) in leaves.take(MOST_LEAVES) {
            self.add(leaf, Form::Plain, place);
            if leaf.kind == Kind::Number {
                continue;
            }
            if leaf.text.contains(' ') {
                self.add(leaf, Form::Plus, place);
            }
            for form in Form::ENCODED.into_iter().filter(|_| encoded) {
                self.add(leaf, form, place);
            }
        }
    }

    fn add(&mut self, leaf: &Leaf, form: Form, place: (u32, u32)) {
        let Ok(start) = u32::try_from(self.bytes.len()) else { return };
        let mut bytes = form.write(leaf.text.as_bytes());
        self.bytes.extend(bytes.by_ref().take(NEEDLE));
        let rest = bytes.next().map(|_| place);
        let length = (self.bytes.len() - start as usize) as u16;
        if length > 0 {
            self.needles.push(Needle { start, length, kind: leaf.kind, form, rest });
        }
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        let of = |needle: &Needle| {
            let start = needle.start as usize;
            &bytes[start..start + usize::from(needle.length)]
        };
        // Of equal ones, that stays which finds most: a text where a number is the same.
        self.needles.sort_unstable_by(|one, other| {
            of(one).cmp(of(other)).then_with(|| rank(one).cmp(&rank(other)))
        });
        self.needles.dedup_by(|later, kept| {
            // Beginnings of different values are both kept: they go on differently.
            later.rest.is_none() && kept.rest.is_none() && of(later) == of(kept)
        });
    }

    /// Brings the bytes into the order of the needles, without what doubled ones took.
    fn pack(&mut self) {
        let size = self.needles.iter().map(|needle| usize::from(needle.length)).sum();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        for needle in &mut self.needles {
            let start = needle.start as usize;
            needle.start = bytes.len() as u32;
            bytes.extend_from_slice(&self.bytes[start..start + usize::from(needle.length)]);
        }
        self.bytes = bytes;
        self.needles.shrink_to_fit();
    }

    fn group(&mut self) {
        let mut heads: Vec<&[u8]> = Vec::new();
        let mut groups: Vec<Range<u32>> = Vec::new();
        for (index, needle) in self.needles.iter().enumerate() {
            let bytes = self.of(needle);
            let head = &bytes[..bytes.len().min(HEAD)];
            match groups.last_mut() {
                Some(group) if heads.last() == Some(&head) => group.end += 1,
                _ => {
                    heads.push(head);
                    groups.push(index as u32..index as u32 + 1);
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .match_kind(MatchKind::Standard)
            .start_kind(StartKind::Both)
            .prefilter(false)
            .build(&heads);
        let filter = Filter::of(&heads);
        let automaton = automaton.ok().filter(|_| !heads.is_empty());
        (self.heads, self.filter) = (automaton, filter);
        self.groups = groups;
    }

    fn of(&self, needle: &Needle) -> &[u8] {
        let start = needle.start as usize;
        &self.bytes[start..start + usize::from(needle.length)]
    }

    /// The longest needle of a group that stands at `start`.
    fn longest(&self, text: &[u8], start: usize, group: &Range<u32>) -> Option<Range<usize>> {
        let mut group = &self.needles[group.start as usize..group.end as usize];
        let mut here = &text[start..text.len().min(start + NEEDLE)];
        // The needles that stand here are beginnings of each other, and the longest is the last one that
        // isn't greater than the text. What is greater, or ends otherwise, leads to where to look next.
        loop {
            let index = group.partition_point(|needle| self.of(needle) <= here);
            group = &group[..index];
            let needle = group.last()?;
            let bytes = self.of(needle);
            let common = bytes.iter().zip(here).take_while(|(one, other)| one == other).count();
            if common < bytes.len() {
                here = &here[..common];
                continue;
            }
            let end = start + common;
            if needle.kind == Kind::Number && !stands_alone(text, start, end) {
                group = &group[..index - 1];
                continue;
            }
            let end = end + self.rest(group, &text[end..]);
            let (start, end) = needle.form.widen(text, start, end);
            return Some(start..end);
        }
    }

    /// How far the text goes on as the longest of those values whose beginning, the last of the group,
    /// stands before it.
    fn rest(&self, group: &[Needle], text: &[u8]) -> usize {
        let Some(last) = group.last() else { return 0 };
        let same = group.iter().rev().take_while(|needle| self.of(needle) == self.of(last));
        let lengths = same.filter_map(|needle| {
            let (value, index) = needle.rest?;
            let leaf = self.values.get(value as usize)?.get(index as usize)?;
            let rest = needle.form.write(leaf.text.as_bytes()).skip(NEEDLE);
            Some(rest.zip(text).take_while(|(one, other)| one == *other).count())
        });
        lengths.max().unwrap_or_default()
    }
}

/// Texts before numbers, and what goes on before what doesn't.
fn rank(needle: &Needle) -> (bool, bool) {
    (needle.kind == Kind::Number, needle.rest.is_none())
}

/// No letter or digit is around, nor the point of a longer number.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'.');
    !part(text[..start].last()) && !part(text.get(end))
}

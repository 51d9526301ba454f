//! Persons as small numbers, so that what is remembered of them is small.

use std::collections::HashMap;

use careplan_core::{InsuredNumber, InsurerNumber};

/// A person in a check: insurer and insured number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Person(u32);

/// The persons met so far.
#[derive(Default)]
pub(crate) struct Persons {
    numbers: HashMap<(InsurerNumber, InsuredNumber), Person>,
    /// Records of a person mostly follow one another.
    last: Option<((InsurerNumber, InsuredNumber), Person)>,
}

impl Persons {
    /// The person of two numbers.
    #[inline]
    pub(crate) fn person(&mut self, insurer: InsurerNumber, insured: InsuredNumber) -> Person {
        let key = (insurer, insured);
        if let Some((last, person)) = self.last
            && last == key
        {
            return person;
        }
        // More than 4 billion persons do not fit into memory either.
        let next = Person(u32::try_from(self.numbers.len()).unwrap_or(u32::MAX));
        let person = *self.numbers.entry(key).or_insert(next);
        self.last = Some((key, person));
        person
    }
}

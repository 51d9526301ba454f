//! Persons as small numbers, so that what is remembered of them is small.

use std::hash::Hash;

use careplan_core::{InsuredNumber, InsurerNumber};
use hashbrown::HashMap;

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

/// Something for each of many, in the order in which they were met. Looking up the one of the
/// record before costs nothing: records about the same mostly follow one another.
pub(crate) struct Each<K, T> {
    places: HashMap<K, u32>,
    values: Vec<T>,
    last: Option<(K, u32)>,
}

/// Something for each person.
pub(crate) type PerPerson<T> = Each<Person, T>;

impl<K, T> Default for Each<K, T> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            values: Vec::new(),
            last: None,
        }
    }
}

impl<K: Copy + Eq + Hash, T> Each<K, T> {
    /// What there is for one, made if there is nothing yet.
    #[inline]
    pub(crate) fn of(&mut self, key: K, make: impl FnOnce() -> T) -> Option<&mut T> {
        let place = match self.last {
            Some((last, place)) if last == key => place,
            _ => self.find(key, make),
        };
        self.values.get_mut(place as usize)
    }

    #[inline(never)]
    fn find(&mut self, key: K, make: impl FnOnce() -> T) -> u32 {
        let place = *self.places.entry(key).or_insert_with(|| {
            self.values.push(make());
            // More than 4 billion do not fit into memory either.
            u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
        });
        self.last = Some((key, place));
        place
    }

    /// What there is for one so far.
    pub(crate) fn get(&self, key: K) -> Option<&T> {
        let place = *self.places.get(&key)?;
        self.values.get(place as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}

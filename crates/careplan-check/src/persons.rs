//! Persons as small numbers, so that what is remembered of them is small.

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

/// Something for each person, in the order in which they were met.
pub(crate) struct PerPerson<T> {
    places: HashMap<Person, usize>,
    values: Vec<T>,
    last: Option<(Person, usize)>,
}

impl<T> Default for PerPerson<T> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            values: Vec::new(),
            last: None,
        }
    }
}

impl<T> PerPerson<T> {
    /// What there is for a person, made if there is nothing yet.
    #[inline]
    pub(crate) fn of(&mut self, person: Person, make: impl FnOnce() -> T) -> Option<&mut T> {
        let place = match self.last {
            Some((last, place)) if last == person => place,
            _ => *self.places.entry(person).or_insert_with(|| {
                self.values.push(make());
                self.values.len() - 1
            }),
        };
        self.last = Some((person, place));
        self.values.get_mut(place)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter()
    }
}

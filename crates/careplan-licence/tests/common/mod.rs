//! Short ways to write events.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_licence::{Event, EventKind, FeeTable, Ledger, Yen};
use chrono::{NaiveDate, TimeDelta};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn office() -> OfficeNumber {
    "1370948774".parse().unwrap()
}

/// An event at noon in Japan.
pub(crate) fn event(on: NaiveDate, what: EventKind) -> Event {
    let noon_utc = on.and_hms_opt(3, 0, 0).unwrap().and_utc();
    Event { at: noon_utc, what }
}

/// The same, some minutes after noon.
pub(crate) fn later(on: NaiveDate, minutes: i64, what: EventKind) -> Event {
    let mut event = event(on, what);
    event.at += TimeDelta::minutes(minutes);
    event
}

pub(crate) fn applied(years: u8) -> EventKind {
    EventKind::Applied {
        by: "KJ000000000001".parse().unwrap(),
        years: years.try_into().unwrap(),
    }
}

pub(crate) fn consented() -> EventKind {
    EventKind::Consented {
        by: "KJ000000000001".parse().unwrap(),
        terms: "2023-04".parse().unwrap(),
        read_to_end: true,
    }
}

pub(crate) fn declined() -> EventKind {
    EventKind::RenewalDeclined {
        by: "KJ000000000001".parse().unwrap(),
    }
}

pub(crate) fn decline_withdrawn() -> EventKind {
    EventKind::RenewalDeclineWithdrawn {
        by: "KJ000000000001".parse().unwrap(),
    }
}

pub(crate) fn revoked() -> EventKind {
    EventKind::Revoked {
        reason: "規約違反".to_owned(),
    }
}

pub(crate) fn charged(first_day: &str, yen: u64, due: &str) -> EventKind {
    EventKind::Charged {
        first_day: day(first_day),
        amount: Yen::new(yen),
        due: day(due),
    }
}

pub(crate) fn paid(first_day: &str, yen: u64) -> EventKind {
    EventKind::Paid {
        first_day: day(first_day),
        amount: Yen::new(yen),
    }
}

pub(crate) fn fees() -> Arc<FeeTable> {
    Arc::new(FeeTable::standard())
}

pub(crate) fn ledger<const N: usize>(events: [(&str, EventKind); N]) -> Ledger {
    let events = events.map(|(on, what)| event(day(on), what));
    Ledger::replay(office(), fees(), events).unwrap()
}

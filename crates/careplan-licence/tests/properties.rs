//! What holds for every order of events: no gap and no overlap, fees add up, past states stay,
//! every state can be reached, and every event is applied or refused with a reason.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use careplan_core::{Explain, Lang};
use careplan_licence::{
    Event, EventKind, FeeTable, Grant, Ledger, Payment, PaymentMethod, Renewal, Standing, Validity,
    Yen,
};
use chrono::{NaiveDate, TimeDelta};
use common::{day, event, fees, office};
use proptest::prelude::*;

fn table() -> FeeTable {
    FeeTable::standard()
}

fn what() -> impl Strategy<Value = EventKind> {
    let by = || "KJ000000000001".parse().unwrap();
    let first_day = (0i64..2500).prop_map(|offset| day("2023-04-01") + TimeDelta::days(offset));
    prop_oneof![
        4 => (1u8..4).prop_map(common::applied),
        4 => any::<bool>().prop_map(move |read_to_end| EventKind::Consented {
            by: by(), terms: "1".parse().unwrap(), read_to_end,
        }),
        1 => Just(common::declined()),
        1 => Just(common::decline_withdrawn()),
        1 => any::<bool>().prop_map(|invoice| EventKind::PaymentMethodChosen {
            method: if invoice { PaymentMethod::Invoice } else { PaymentMethod::Deduction },
        }),
        1 => any::<bool>().prop_map(|available| EventKind::BenefitsChanged { available }),
        1 => first_day.clone().prop_map(|first_day| EventKind::Charged {
            first_day, amount: Yen::new(21_000), due: first_day + TimeDelta::days(400),
        }),
        1 => first_day.prop_map(|first_day| EventKind::Paid { first_day, amount: Yen::new(21_000) }),
        1 => Just(common::revoked()),
        1 => Just(EventKind::Reinstated),
    ]
}

/// Events at days that mostly rise; some step back and are to be refused.
fn history() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec((-2i64..200, what()), 0..40).prop_map(|steps| {
        let mut on = day("2023-03-28");
        steps
            .into_iter()
            .map(|(step, what)| {
                on += TimeDelta::days(step);
                event(on, what)
            })
            .collect()
    })
}

/// Applies what applies; refused events must say why in both languages and change nothing.
fn run(history: &[Event]) -> Ledger {
    let mut ledger = Ledger::new(office(), fees());
    for event in history {
        let before = ledger.events().len();
        match ledger.apply(event.clone()) {
            Ok(()) => assert_eq!(ledger.events().len(), before + 1),
            Err(refused) => {
                assert_eq!(ledger.events().len(), before);
                assert!(!refused.explain(Lang::Ja).is_empty());
                assert!(!refused.explain(Lang::En).is_empty());
            }
        }
    }
    ledger
}

fn days() -> impl Iterator<Item = NaiveDate> {
    day("2023-03-25").iter_days().step_by(23).take(400)
}

proptest! {
    #[test]
    fn licences_of_a_line_leave_no_gap_and_never_overlap(history in history()) {
        let ledger = run(&history);
        let licences = ledger.on(day("2045-01-01")).licences;
        for pair in licences.windows(2) {
            let (earlier, later) = (pair[0].validity, pair[1].validity);
            prop_assert!(earlier.last() < later.first(), "no overlap");
            // Within a line, which has one first application, not a day is left out.
            if pair[0].first_applied == pair[1].first_applied || pair[1].grant == Grant::Automatic {
                prop_assert!(earlier.is_followed_by(later), "no gap");
            }
        }
        for licence in &licences {
            prop_assert_eq!(Validity::year_from(licence.validity.first()), Some(licence.validity));
            prop_assert_eq!(table().fee_on(licence.validity.first()), Some(licence.fee));
        }
    }

    #[test]
    fn a_past_day_does_not_change_by_what_happens_later(history in history(), cut in 0usize..40) {
        let whole = run(&history);
        let events = whole.events();
        let cut = cut.min(events.len());
        let part = Ledger::replay(office(), fees(), events[..cut].to_vec()).unwrap();
        // Up to the eve of the first event left out.
        let Some(next) = events.get(cut) else { return Ok(()) };
        let eve = careplan_core::japan_date(next.at).pred_opt().unwrap();
        for on in days().take_while(|on| *on <= eve) {
            let (then, now) = (part.on(on), whole.on(on));
            // A first licence granted later turns "none" into "not yet valid": the day asked
            // about lies before it either way.
            if let Standing::NotYetValid { .. } = now.standing {
                prop_assert!(!then.standing.is_valid());
            } else {
                prop_assert_eq!(then, now);
            }
        }
    }

    #[test]
    fn valid_is_exactly_a_day_of_a_licence_that_is_not_revoked(history in history()) {
        let ledger = run(&history);
        for on in days() {
            let state = ledger.on(on);
            let covered = state.licences.iter().any(|licence| licence.validity.contains(on));
            match state.standing {
                Standing::Valid { until } => {
                    prop_assert!(covered && until >= on);
                    prop_assert!(state.licences.iter().any(|licence| licence.validity.last() == until));
                }
                Standing::Revoked { since } => prop_assert!(since <= on),
                Standing::Expired { last } => prop_assert!(!covered && last < on),
                Standing::NotYetValid { from } => prop_assert!(!covered && from > on),
                Standing::None => prop_assert!(state.licences.is_empty()),
            }
            prop_assert_eq!(state.standing, ledger.standing(on));
        }
    }

    #[test]
    fn a_ledger_is_the_same_after_storing_it(history in history()) {
        let ledger = run(&history);
        let text = serde_json::to_string(ledger.events()).unwrap();
        let events: Vec<Event> = serde_json::from_str(&text).unwrap();
        let again = Ledger::replay(office(), fees(), events).unwrap();
        for on in days().step_by(7) {
            prop_assert_eq!(again.on(on), ledger.on(on));
        }
    }

    #[test]
    fn fees_add_up(offices in 1u32..500, years in 1u8..12, offset in 0i64..3000) {
        let from = day("2023-04-01") + TimeDelta::days(offset);
        let quote = table().quote(offices.try_into().unwrap(), years.try_into().unwrap(), from).unwrap();
        // Each office for itself, each year for itself, by the notices: 21,000 yen for a year
        // that starts before June 2025.
        let paying = quote.lines.iter().filter(|line| line.validity.first() < day("2025-06-01")).count();
        prop_assert_eq!(quote.total.amount(), 21_000 * u64::from(offices) * u64::try_from(paying).unwrap());
        prop_assert_eq!(quote.total.amount(), quote.lines.iter().map(|line| line.amount.amount()).sum::<u64>());
        for pair in quote.lines.windows(2) {
            prop_assert!(pair[0].validity.is_followed_by(pair[1].validity));
        }
        // What is quoted is what the licences cost that such an application grants.
        let ledger = Ledger::replay(office(), fees(), [
            event(from, common::applied(years)), event(from, common::consented()),
        ]).unwrap();
        let granted: u64 = ledger.on(from).licences.iter().map(|licence| licence.fee.amount()).sum();
        prop_assert_eq!(granted * u64::from(offices), quote.total.amount());
    }
}

/// Random histories from a fixed seed reach every standing, renewal, payment and method.
#[test]
fn every_state_is_reached() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut seen = BTreeSet::new();
    let mut look = |ledger: &Ledger| {
        for on in days() {
            let state = ledger.on(on);
            seen.insert(match state.standing {
                Standing::None => "standing none",
                Standing::NotYetValid { .. } => "standing not yet valid",
                Standing::Valid { .. } => "standing valid",
                Standing::Expired { .. } => "standing expired",
                Standing::Revoked { .. } => "standing revoked",
            });
            seen.insert(match state.renewal {
                Renewal::None => "renewal none",
                Renewal::ByHand => "renewal by hand",
                Renewal::Automatic => "renewal automatic",
                Renewal::Declined => "renewal declined",
            });
            seen.insert(match state.payment_method {
                PaymentMethod::Deduction => "method deduction",
                PaymentMethod::Invoice => "method invoice",
            });
            if state.applied.is_some() {
                seen.insert("applied");
            }
            for licence in state.licences {
                seen.insert(match licence.grant {
                    Grant::Consent(_) => "grant consent",
                    Grant::Automatic => "grant automatic",
                });
                seen.insert(match licence.payment {
                    Payment::NoFee => "payment no fee",
                    Payment::NotCharged => "payment not charged",
                    Payment::Charged { .. } => "payment charged",
                    Payment::Overdue { .. } => "payment overdue",
                    Payment::Paid { .. } => "payment paid",
                });
            }
        }
    };
    for _ in 0..150 {
        let mut steps = history().new_tree(&mut runner).unwrap().current();
        // Charges of random licences rarely meet one: charge and pay those that are there.
        let mut ledger = run(&steps);
        look(&ledger);
        let last = steps.pop().map_or(day("2023-04-01"), |event| {
            careplan_core::japan_date(event.at)
        });
        let on = last + TimeDelta::days(10);
        for (at, licence) in ledger.on(on).licences.into_iter().enumerate() {
            let first_day = licence.validity.first();
            let charge = EventKind::Charged {
                first_day,
                amount: licence.fee,
                due: on + TimeDelta::days(30),
            };
            let charged = ledger.apply(event(on, charge)).is_ok();
            if charged && at % 2 == 0 {
                let paid = EventKind::Paid {
                    first_day,
                    amount: licence.fee,
                };
                ledger.apply(event(on, paid)).unwrap();
            }
        }
        look(&ledger);
    }
    let all: BTreeSet<&str> = [
        "standing none",
        "standing not yet valid",
        "standing valid",
        "standing expired",
        "standing revoked",
        "renewal none",
        "renewal by hand",
        "renewal automatic",
        "renewal declined",
        "method deduction",
        "method invoice",
        "applied",
        "grant consent",
        "grant automatic",
        "payment no fee",
        "payment not charged",
        "payment charged",
        "payment overdue",
        "payment paid",
    ]
    .into();
    assert_eq!(seen, all);
}

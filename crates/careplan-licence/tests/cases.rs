//! A table of cases made by hand from the rules, with dates on both sides of each.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_licence::{
    Event, EventKind, EventRefusedKind, FeeTable, Grant, Ledger, Payment, PaymentMethod,
    RefusalKind, Register, Renewal, Side, Standing, Yen, may_receive, may_send,
};
use common::{
    applied, charged, consented, day, decline_withdrawn, declined, event, fees, later, ledger,
    office, paid, revoked,
};

/// `standing` on each day, written as the table below writes it.
fn standing(ledger: &Ledger, on: &str) -> String {
    match ledger.standing(day(on)) {
        Standing::None => "none".to_owned(),
        Standing::NotYetValid { from } => format!("from {from}"),
        Standing::Valid { until } => format!("until {until}"),
        Standing::Expired { last } => format!("expired {last}"),
        Standing::Revoked { since } => format!("revoked {since}"),
    }
}

#[test]
fn standings_around_each_rule() {
    type Case<'a> = (&'a str, Vec<(&'a str, EventKind)>, &'a [(&'a str, &'a str)]);
    let table: Vec<Case<'_>> = vec![
        ("nothing happened", vec![], &[("2026-10-01", "none")]),
        (
            "an application alone grants nothing",
            vec![("2023-04-01", applied(1))],
            &[("2023-04-01", "none"), ("2023-05-01", "none")],
        ),
        (
            "a year from the day of consent, before automatic renewal",
            vec![("2023-04-19", applied(1)), ("2023-04-20", consented())],
            &[
                ("2023-04-18", "from 2023-04-20"),
                ("2023-04-19", "from 2023-04-20"),
                ("2023-04-20", "until 2024-04-19"),
                ("2024-04-19", "until 2024-04-19"),
                ("2024-04-20", "expired 2024-04-19"),
                ("2030-01-01", "expired 2024-04-19"),
            ],
        ),
        (
            "29 February ends on 28 February",
            vec![("2024-02-29", applied(1)), ("2024-02-29", consented())],
            &[
                ("2025-02-28", "until 2025-02-28"),
                ("2025-03-01", "expired 2025-02-28"),
            ],
        ),
        (
            "three years are three licences in a row",
            vec![("2023-04-20", applied(3)), ("2023-04-20", consented())],
            &[
                ("2023-04-20", "until 2026-04-19"),
                ("2025-04-20", "until 2026-04-19"),
                ("2026-04-19", "until 2026-04-19"),
                ("2026-04-20", "expired 2026-04-19"),
            ],
        ),
        (
            "early renewal goes on the day after the last",
            vec![
                ("2023-05-10", applied(1)),
                ("2023-05-10", consented()),
                ("2023-11-01", applied(1)),
                ("2023-11-01", consented()),
            ],
            &[
                ("2023-10-31", "until 2024-05-09"),
                ("2023-11-01", "until 2025-05-09"),
                ("2025-05-09", "until 2025-05-09"),
                ("2025-05-10", "expired 2025-05-09"),
            ],
        ),
        (
            "renewal on the last day",
            vec![
                ("2023-05-10", applied(1)),
                ("2023-05-10", consented()),
                ("2024-05-09", applied(1)),
                ("2024-05-09", consented()),
            ],
            &[("2024-05-10", "until 2025-05-09")],
        ),
        (
            "renewal a day late starts on the day of consent; here without a gap",
            vec![
                ("2023-05-10", applied(1)),
                ("2023-05-10", consented()),
                ("2024-05-10", applied(1)),
                ("2024-05-10", consented()),
            ],
            &[
                ("2024-05-09", "until 2024-05-09"),
                ("2024-05-10", "until 2025-05-09"),
            ],
        ),
        (
            "renewal two days late leaves a day without licence",
            vec![
                ("2023-05-10", applied(1)),
                ("2023-05-10", consented()),
                ("2024-05-11", applied(1)),
                ("2024-05-11", consented()),
            ],
            &[
                ("2024-05-10", "expired 2024-05-09"),
                ("2024-05-11", "until 2025-05-10"),
            ],
        ),
        (
            "first applied for on the eve of automatic renewal: ends",
            vec![("2025-05-31", applied(1)), ("2025-06-01", consented())],
            &[
                ("2026-05-31", "until 2026-05-31"),
                ("2026-06-01", "expired 2026-05-31"),
            ],
        ),
        (
            "first applied for on the day of automatic renewal: goes on",
            vec![("2025-06-01", applied(1)), ("2025-06-01", consented())],
            &[
                ("2026-05-31", "until 2026-05-31"),
                ("2026-06-01", "until 2027-05-31"),
                ("2030-06-01", "until 2031-05-31"),
            ],
        ),
        (
            "declined on the last day: ends",
            vec![
                ("2025-06-01", applied(1)),
                ("2025-06-01", consented()),
                ("2026-05-31", declined()),
            ],
            &[
                ("2026-05-31", "until 2026-05-31"),
                ("2026-06-01", "expired 2026-05-31"),
            ],
        ),
        (
            "declined on the first day of the renewed year: that year stays",
            vec![
                ("2025-06-01", applied(1)),
                ("2025-06-01", consented()),
                ("2026-06-01", declined()),
            ],
            &[
                ("2026-06-01", "until 2027-05-31"),
                ("2027-06-01", "expired 2027-05-31"),
            ],
        ),
        (
            "declining taken back in time: goes on",
            vec![
                ("2025-06-01", applied(1)),
                ("2025-06-01", consented()),
                ("2025-12-01", declined()),
                ("2026-05-31", decline_withdrawn()),
            ],
            &[("2026-06-01", "until 2027-05-31")],
        ),
        (
            "an earlier office that renews by hand still renews by hand",
            vec![
                ("2024-08-01", applied(1)),
                ("2024-08-01", consented()),
                ("2025-07-01", applied(1)),
                ("2025-07-01", consented()),
            ],
            &[
                ("2025-08-01", "until 2026-07-31"),
                ("2026-08-01", "expired 2026-07-31"),
            ],
        ),
        (
            "an earlier office that starts anew after its end renews by itself",
            vec![
                ("2024-06-01", applied(1)),
                ("2024-06-01", consented()),
                ("2025-07-01", applied(1)),
                ("2025-07-01", consented()),
            ],
            &[
                ("2025-06-30", "expired 2025-05-31"),
                ("2025-07-01", "until 2026-06-30"),
                ("2026-07-01", "until 2027-06-30"),
            ],
        ),
        (
            "revoked from the day of the revocation, and back",
            vec![
                ("2026-01-10", applied(1)),
                ("2026-01-10", consented()),
                ("2026-03-01", revoked()),
                ("2026-04-01", EventKind::Reinstated),
            ],
            &[
                ("2026-02-28", "until 2027-01-09"),
                ("2026-03-01", "revoked 2026-03-01"),
                ("2026-03-31", "revoked 2026-03-01"),
                ("2026-04-01", "until 2027-01-09"),
                ("2027-01-10", "until 2028-01-09"),
            ],
        ),
        (
            "a licence that ended while revoked does not renew by itself afterwards",
            vec![
                ("2026-01-10", applied(1)),
                ("2026-01-10", consented()),
                ("2026-12-01", revoked()),
                ("2027-02-01", EventKind::Reinstated),
            ],
            &[
                ("2027-01-31", "revoked 2026-12-01"),
                ("2027-02-01", "expired 2027-01-09"),
            ],
        ),
    ];
    for (name, events, days) in table {
        let events: Vec<Event> = events
            .into_iter()
            .enumerate()
            .map(|(at, (on, what))| later(day(on), i64::try_from(at).unwrap(), what))
            .collect();
        let ledger = Ledger::replay(office(), fees(), events).unwrap();
        for (on, expected) in days {
            assert_eq!(standing(&ledger, on), *expected, "{name}, on {on}");
        }
    }
}

#[test]
fn the_day_is_japans() {
    // 15:00 UTC is midnight in Japan.
    let mut ledger = Ledger::new(office(), fees());
    for what in [applied(1), consented()] {
        ledger
            .apply(Event {
                at: "2026-09-30T15:00:00Z".parse().unwrap(),
                what,
            })
            .unwrap();
    }
    assert_eq!(standing(&ledger, "2026-09-30"), "from 2026-10-01");
    assert_eq!(standing(&ledger, "2026-10-01"), "until 2027-09-30");
}

#[test]
fn each_event_that_cannot_happen_is_refused_with_its_reason() {
    use EventRefusedKind as Kind;
    let granted = || ledger([("2023-04-20", applied(1)), ("2023-04-20", consented())]);
    let automatic = || ledger([("2025-06-01", applied(1)), ("2025-06-01", consented())]);
    let mut declined_once = automatic();
    declined_once
        .apply(event(day("2025-07-01"), declined()))
        .unwrap();
    let mut charged_once = granted();
    charged_once
        .apply(event(
            day("2023-05-01"),
            charged("2023-04-20", 21_000, "2023-06-30"),
        ))
        .unwrap();
    let mut paid_once = charged_once.clone();
    paid_once
        .apply(event(day("2023-06-01"), paid("2023-04-20", 21_000)))
        .unwrap();
    let mut revoked_once = granted();
    revoked_once
        .apply(event(day("2023-05-01"), revoked()))
        .unwrap();
    let empty = || Ledger::new(office(), fees());
    let not_read = EventKind::Consented {
        by: "KJ000000000001".parse().unwrap(),
        terms: "1".parse().unwrap(),
        read_to_end: false,
    };

    let table: Vec<(Ledger, &str, EventKind, Kind)> = vec![
        (empty(), "2023-03-31", applied(1), Kind::BeforeApplications),
        (empty(), "2023-04-20", consented(), Kind::NotApplied),
        (granted(), "2023-05-01", consented(), Kind::NotApplied),
        (
            ledger([("2023-04-20", applied(1))]),
            "2023-04-20",
            not_read,
            Kind::TermsNotRead,
        ),
        (
            granted(),
            "2023-04-19",
            applied(1),
            Kind::OutOfOrder {
                last: "2023-04-20T03:00:00Z".parse().unwrap(),
            },
        ),
        (empty(), "2025-06-01", declined(), Kind::NoLicence),
        (granted(), "2023-05-01", declined(), Kind::NotAutomatic),
        (
            granted(),
            "2024-04-20",
            declined(),
            Kind::Ended {
                last: day("2024-04-19"),
            },
        ),
        (
            declined_once.clone(),
            "2025-07-02",
            declined(),
            Kind::AlreadyDeclined,
        ),
        (
            automatic(),
            "2025-07-01",
            decline_withdrawn(),
            Kind::NotDeclined,
        ),
        (
            declined_once,
            "2026-06-01",
            decline_withdrawn(),
            Kind::Ended {
                last: day("2026-05-31"),
            },
        ),
        (
            granted(),
            "2023-05-01",
            charged("2023-04-21", 21_000, "2023-06-30"),
            Kind::UnknownLicence {
                first_day: day("2023-04-21"),
            },
        ),
        (
            granted(),
            "2023-05-01",
            charged("2023-04-20", 20_999, "2023-06-30"),
            Kind::Amount {
                expected: Yen::new(21_000),
                found: Yen::new(20_999),
            },
        ),
        (
            granted(),
            "2023-05-01",
            charged("2023-04-20", 21_000, "2023-04-30"),
            Kind::DueInThePast,
        ),
        (
            automatic(),
            "2025-07-01",
            charged("2025-06-01", 0, "2025-08-01"),
            Kind::NoFee,
        ),
        (
            charged_once.clone(),
            "2023-05-02",
            charged("2023-04-20", 21_000, "2023-06-30"),
            Kind::AlreadyCharged,
        ),
        (
            granted(),
            "2023-05-01",
            paid("2023-04-20", 21_000),
            Kind::NotCharged,
        ),
        (
            charged_once,
            "2023-05-02",
            paid("2023-04-20", 1),
            Kind::Amount {
                expected: Yen::new(21_000),
                found: Yen::new(1),
            },
        ),
        (
            paid_once,
            "2023-06-02",
            paid("2023-04-20", 21_000),
            Kind::AlreadyPaid,
        ),
        (empty(), "2023-05-01", revoked(), Kind::NoLicence),
        (
            revoked_once.clone(),
            "2023-05-02",
            revoked(),
            Kind::AlreadyRevoked,
        ),
        (
            revoked_once.clone(),
            "2023-05-02",
            applied(1),
            Kind::Revoked,
        ),
        (
            revoked_once.clone(),
            "2023-05-02",
            consented(),
            Kind::Revoked,
        ),
        (revoked_once, "2023-05-02", declined(), Kind::Revoked),
        (
            granted(),
            "2023-05-01",
            EventKind::Reinstated,
            Kind::NotRevoked,
        ),
    ];
    for (mut ledger, on, what, expected) in table {
        let before = ledger.clone();
        let error = ledger.apply(event(day(on), what.clone())).unwrap_err();
        assert_eq!(error.kind(), expected, "{what:?} on {on}");
        assert_eq!(ledger.events(), before.events());
        assert_eq!(
            ledger.on(day(on)),
            before.on(day(on)),
            "a refused event changes nothing"
        );
        for lang in [Lang::Ja, Lang::En] {
            assert!(error.explain(lang).contains("1370948774"));
        }
    }
}

#[test]
fn payment_states_by_day() {
    let ledger = ledger([
        ("2023-04-20", applied(2)),
        ("2023-04-20", consented()),
        ("2023-05-01", charged("2023-04-20", 21_000, "2023-06-30")),
        (
            "2023-05-10",
            EventKind::PaymentMethodChosen {
                method: PaymentMethod::Invoice,
            },
        ),
        ("2023-07-05", paid("2023-04-20", 21_000)),
        ("2024-05-01", charged("2024-04-20", 21_000, "2024-06-30")),
    ]);
    let payment = |on: &str, which: usize| ledger.on(day(on)).licences[which].payment;
    let (deduction, invoice) = (PaymentMethod::Deduction, PaymentMethod::Invoice);
    let due = day("2023-06-30");
    assert_eq!(payment("2023-04-30", 0), Payment::NotCharged);
    assert_eq!(
        payment("2023-05-01", 0),
        Payment::Charged {
            method: deduction,
            due
        }
    );
    // A method chosen after the charge counts for the next one.
    assert_eq!(
        payment("2023-06-30", 0),
        Payment::Charged {
            method: deduction,
            due
        }
    );
    assert_eq!(
        payment("2023-07-01", 0),
        Payment::Overdue {
            method: deduction,
            due
        }
    );
    assert!(matches!(payment("2023-07-05", 0), Payment::Paid { .. }));
    assert_eq!(payment("2024-04-30", 1), Payment::NotCharged);
    let due = day("2024-06-30");
    assert_eq!(
        payment("2024-06-30", 1),
        Payment::Charged {
            method: invoice,
            due
        }
    );
    assert_eq!(
        payment("2024-07-01", 1),
        Payment::Overdue {
            method: invoice,
            due
        }
    );
    // An overdue fee does not end a licence by itself.
    assert!(ledger.standing(day("2024-07-01")).is_valid());
}

#[test]
fn an_office_without_benefits_gets_an_invoice() {
    let change = |available| EventKind::BenefitsChanged { available };
    let ledger = ledger([
        ("2023-04-20", change(false)),
        ("2023-04-20", applied(2)),
        ("2023-04-20", consented()),
        ("2023-05-01", charged("2023-04-20", 21_000, "2023-06-30")),
        ("2023-06-01", change(true)),
    ]);
    assert_eq!(
        ledger.on(day("2023-05-31")).payment_method,
        PaymentMethod::Invoice
    );
    assert_eq!(
        ledger.on(day("2023-06-01")).payment_method,
        PaymentMethod::Deduction
    );
    assert_eq!(
        ledger.on(day("2023-06-01")).licences[0].payment,
        Payment::Charged {
            method: PaymentMethod::Invoice,
            due: day("2023-06-30")
        }
    );
}

#[test]
fn a_consent_is_kept_as_evidence() {
    let ledger = ledger([("2023-04-20", applied(1)), ("2023-04-20", consented())]);
    let state = ledger.on(day("2023-04-20"));
    let Grant::Consent(consent) = &state.licences[0].grant else {
        panic!("granted by consent");
    };
    assert_eq!(consent.terms.as_str(), "2023-04");
    assert_eq!(consent.by.as_str(), "KJ000000000001");
    assert_eq!(consent.at.to_rfc3339(), "2023-04-20T03:00:00+00:00");
}

#[test]
fn what_happens_at_the_end_is_told() {
    let by_hand = ledger([("2023-04-20", applied(1)), ("2023-04-20", consented())]);
    assert_eq!(by_hand.on(day("2023-04-19")).renewal, Renewal::None);
    assert_eq!(by_hand.on(day("2024-04-19")).renewal, Renewal::ByHand);
    assert_eq!(by_hand.on(day("2024-04-20")).renewal, Renewal::None);
    let automatic = ledger([
        ("2025-06-01", applied(1)),
        ("2025-06-01", consented()),
        ("2025-07-01", declined()),
        ("2025-08-01", decline_withdrawn()),
    ]);
    assert_eq!(automatic.on(day("2025-06-30")).renewal, Renewal::Automatic);
    assert_eq!(automatic.on(day("2025-07-31")).renewal, Renewal::Declined);
    assert_eq!(automatic.on(day("2025-08-01")).renewal, Renewal::Automatic);
    let renewed = &automatic.on(day("2026-06-01")).licences[1];
    assert_eq!(
        (&renewed.grant, renewed.fee),
        (&Grant::Automatic, Yen::ZERO)
    );
    assert_eq!(renewed.payment, Payment::NoFee);
}

#[test]
fn a_sending_needs_both_licences_on_the_day() {
    let sender: OfficeNumber = "1370948774".parse().unwrap();
    let receiver: OfficeNumber = "1375169671".parse().unwrap();
    let stranger: OfficeNumber = "1300000000".parse().unwrap();
    let mut register = Register::new(FeeTable::standard());
    for (office, on) in [(sender, "2023-04-10"), (receiver, "2023-05-10")] {
        for what in [applied(1), consented()] {
            register.apply(office, event(day(on), what)).unwrap();
        }
    }
    let why = |from, to, on: &str| {
        register
            .may_send(from, to, day(on))
            .map_err(|refusal| (refusal.side(), refusal.kind()))
    };
    let (from, last) = (day("2023-05-10"), day("2024-04-09"));
    assert_eq!(
        why(sender, receiver, "2023-04-19"),
        Err((Side::Sender, RefusalKind::NotStarted))
    );
    assert_eq!(
        why(sender, receiver, "2023-04-20"),
        Err((Side::Receiver, RefusalKind::NotYetValid { from }))
    );
    assert_eq!(
        why(receiver, sender, "2023-05-09"),
        Err((Side::Sender, RefusalKind::NotYetValid { from }))
    );
    assert_eq!(why(sender, receiver, "2023-05-10"), Ok(()));
    assert_eq!(why(sender, receiver, "2024-04-09"), Ok(()));
    assert_eq!(
        why(sender, receiver, "2024-04-10"),
        Err((Side::Sender, RefusalKind::Expired { last }))
    );
    assert_eq!(
        why(receiver, sender, "2024-04-10"),
        Err((Side::Receiver, RefusalKind::Expired { last }))
    );
    assert_eq!(
        why(sender, stranger, "2023-06-01"),
        Err((Side::Receiver, RefusalKind::None))
    );
    assert_eq!(
        why(sender, sender, "2023-06-01"),
        Err((Side::Receiver, RefusalKind::SameOffice))
    );
    assert!(register.may_receive(receiver, day("2024-05-09")).is_ok());
    assert!(register.may_receive(receiver, day("2024-05-10")).is_err());
    assert!(register.may_receive(stranger, day("2023-06-01")).is_err());

    let since = day("2023-07-01");
    register.apply(receiver, event(since, revoked())).unwrap();
    let refusal = register.may_send(sender, receiver, since).unwrap_err();
    assert_eq!(refusal.kind(), RefusalKind::Revoked { since });
    assert_eq!(
        refusal.explain(Lang::Ja),
        "受信側の事業所1375169671のライセンスは2023-07-01に取り消されています。運用センターに問い合わせてください。"
    );
    // The day before, it could.
    assert!(
        register
            .may_send(sender, receiver, day("2023-06-30"))
            .is_ok()
    );
}

#[test]
fn the_functions_and_the_register_agree() {
    let sender = ledger([("2023-04-20", applied(1)), ("2023-04-20", consented())]);
    let receiver = Ledger::new("1375169671".parse().unwrap(), fees());
    let on = day("2023-04-20");
    assert_eq!(
        may_send(&sender, &receiver, on).unwrap_err(),
        may_receive(&receiver, on).unwrap_err()
    );
}

#[test]
fn events_keep_their_written_form() {
    let text = r#"{"at":"2023-05-01T03:00:00Z","event":"charged","first_day":"2023-04-20","amount":21000,"due":"2023-06-30"}"#;
    let event: Event = serde_json::from_str(text).unwrap();
    assert_eq!(event.what, charged("2023-04-20", 21_000, "2023-06-30"));
    assert_eq!(serde_json::to_string(&event).unwrap(), text);
    let consent = r#"{"at":"2023-04-20T03:00:00Z","event":"consented","by":"KJ000000000001","terms":"2023-04","read_to_end":true}"#;
    let event: Event = serde_json::from_str(consent).unwrap();
    assert_eq!(event.what, consented());
    assert!(serde_json::from_str::<Event>(&consent.replace("KJ", "ZZ")).is_err());
    assert!(serde_json::from_str::<Event>(&consent.replace("consented", "other")).is_err());
}

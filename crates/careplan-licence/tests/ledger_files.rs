//! Ledgers as text: what is read, and what is refused with the line it stands on.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use careplan_core::{Explain, Lang};
use careplan_licence::{
    EventRefusedKind, FeeTable, LedgerFileError, LedgerFileErrorKind, LedgerLine, Register,
    Standing,
};
use common::{applied, consented, day, event, office};

const APPLIED: &str = r#"{"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"applied","by":"KJ000000000001","years":3}"#;
const CONSENTED: &str = r#"{"office":"1370948774","at":"2023-04-20T00:05:00Z","event":"consented","by":"KJ000000000001","terms":"2023-04","read_to_end":true}"#;
const OTHER: &str = r#"{"office":"1375169671","at":"2023-04-01T00:00:00Z","event":"applied","by":"KJ000000000002","years":1}"#;

fn read(lines: &[&str]) -> Result<Register, LedgerFileError> {
    Register::from_json_lines(&lines.join("\n"), FeeTable::standard())
}

#[test]
fn offices_are_told_apart_and_their_order_among_each_other_is_free() {
    // The other office's event lies before, and is written after.
    let register = read(&["", APPLIED, CONSENTED, "  ", OTHER]).unwrap();
    let standing = |office: &str, on| {
        let ledger = register.ledger(office.parse().unwrap()).unwrap();
        ledger.standing(day(on))
    };
    // Three years from 20 April 2023.
    let until = day("2026-04-19");
    assert_eq!(
        standing("1370948774", "2023-04-20"),
        Standing::Valid { until }
    );
    assert_eq!(standing("1375169671", "2023-04-20"), Standing::None);
    assert_eq!(register.ledgers().count(), 2);
}

#[test]
fn line_ends_and_a_byte_order_mark_of_any_editor_are_read() {
    let text = format!("\u{feff}{APPLIED}\r\n{CONSENTED}\r\n");
    let register = Register::from_json_lines(&text, FeeTable::standard()).unwrap();
    assert_eq!(register.ledger(office()).unwrap().events().len(), 2);
    assert_eq!(read(&[]).unwrap().ledgers().count(), 0);
}

#[test]
fn a_line_that_is_no_event_is_refused_with_its_place() {
    for wrong in [
        "x",
        "{}",
        "[]",
        "null",
        r#"{"office":"1370948774"}"#,
        r#"{"office":"137094877","at":"2023-04-20T00:00:00Z","event":"reinstated"}"#,
        r#"{"office":"1370948774","at":"2023-04-20","event":"reinstated"}"#,
        r#"{"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"granted"}"#,
        r#"{"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"applied","by":"KJ000000000001","years":0}"#,
        r#"{"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"applied","by":"nobody","years":1}"#,
        r#"{"office":"1370948774","at":"2023-04-20T00:00:00Z","event":"paid","first_day":"2023-04-20","amount":-1}"#,
    ] {
        let refused = read(&[APPLIED, wrong]).unwrap_err();
        assert_eq!(refused.line(), 2, "{wrong}");
        assert!(
            matches!(refused.kind(), LedgerFileErrorKind::Form { .. }),
            "{wrong}"
        );
        assert!(refused.explain(Lang::Ja).starts_with("台帳の2行目: "));
        assert!(refused.explain(Lang::En).starts_with("ledger, line 2: "));
    }
}

#[test]
fn an_event_that_cannot_happen_is_refused_with_its_line_and_reason() {
    // Consent without application, and the order turned round.
    let refused = read(&[OTHER, "", CONSENTED]).unwrap_err();
    assert_eq!(refused.line(), 3);
    let LedgerFileErrorKind::Refused(why) = refused.kind() else {
        unreachable!("{refused}")
    };
    assert_eq!(why.kind(), EventRefusedKind::NotApplied);
    let refused = read(&[APPLIED, CONSENTED, APPLIED]).unwrap_err();
    assert!(
        refused
            .explain(Lang::Ja)
            .contains("台帳の最後の記録（2023-04-20 00:05:00 UTC）より前の日時です。")
    );
}

#[test]
fn a_line_is_written_as_it_is_read() {
    let line = LedgerLine {
        office: office(),
        event: event(day("2026-10-01"), applied(2)),
    };
    assert_eq!(
        serde_json::to_string(&line).unwrap(),
        r#"{"office":"1370948774","at":"2026-10-01T03:00:00Z","event":"applied","by":"KJ000000000001","years":2}"#
    );
    let consent = LedgerLine {
        office: office(),
        event: event(day("2026-10-01"), consented()),
    };
    let text = serde_json::to_string(&consent).unwrap();
    assert_eq!(serde_json::from_str::<LedgerLine>(&text).unwrap(), consent);
}

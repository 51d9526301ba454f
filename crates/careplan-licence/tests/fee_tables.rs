//! Fees by date and quotes; amounts worked out by hand from the notices.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use careplan_licence::{FeeTable, FeeTableErrorKind, QuoteError, Yen};
use common::day;

#[test]
fn the_fee_by_date() {
    let fees = FeeTable::standard();
    for (on, fee) in [
        ("2023-03-31", None),
        ("2023-04-01", Some(21_000)),
        ("2025-05-31", Some(21_000)),
        ("2025-06-01", Some(0)),
        ("2026-05-31", Some(0)),
        ("2027-03-31", Some(0)),
        ("2027-04-01", Some(0)),
        ("2040-01-01", Some(0)),
    ] {
        assert_eq!(fees.fee_on(day(on)), fee.map(Yen::new), "{on}");
    }
    assert!(
        fees.periods()
            .iter()
            .all(|period| !period.sources().is_empty())
    );
}

#[test]
fn quotes() {
    let fees = FeeTable::standard();
    for (offices, years, from, total) in [
        (1, 3, "2023-04-20", 63_000),
        (1, 1, "2023-04-20", 21_000),
        (5, 1, "2024-01-10", 105_000),
        (2, 2, "2024-05-31", 84_000),
        // The second year starts in the campaign.
        (2, 2, "2024-06-01", 42_000),
        (1, 3, "2023-06-01", 42_000),
        (10, 3, "2026-10-01", 0),
    ] {
        let quote = fees
            .quote(
                offices.try_into().unwrap(),
                years.try_into().unwrap(),
                day(from),
            )
            .unwrap();
        assert_eq!(
            quote.total,
            Yen::new(total),
            "{offices} × {years} from {from}"
        );
        assert_eq!(quote.lines.len(), usize::from(years));
    }
    let refused = fees
        .quote(
            1.try_into().unwrap(),
            1.try_into().unwrap(),
            day("2023-03-31"),
        )
        .unwrap_err();
    assert_eq!(
        refused,
        QuoteError::BeforeApplications {
            from: day("2023-03-31")
        }
    );
}

#[test]
fn a_quote_does_not_wrap() {
    let text = format!(
        "[[period]]\nfrom = \"2023-04-01\"\nfee = {}\nname_ja = \"a\"\nname_en = \"a\"\nsources = [\"a\"]",
        i64::MAX
    );
    let fees = FeeTable::from_toml(&text).unwrap();
    let quote = fees.quote(
        3.try_into().unwrap(),
        1.try_into().unwrap(),
        day("2023-04-20"),
    );
    assert_eq!(quote.unwrap_err(), QuoteError::TooLarge);
}

#[test]
fn tables_that_cannot_be_used_are_refused_with_the_place() {
    let period = |from: &str, to: &str, source: &str| {
        let to = if to.is_empty() {
            String::new()
        } else {
            format!("to = \"{to}\"\n")
        };
        format!(
            "[[period]]\nfrom = \"{from}\"\n{to}fee = 1\nname_ja = \"a\"\nname_en = \"a\"\nsources = [{source}]\n"
        )
    };
    let open = period("2024-01-01", "", "\"a\"");
    let table = [
        (
            period("2023-01-01", "2023-12-30", "\"a\"") + &open,
            Some(1),
            FeeTableErrorKind::Gap,
        ),
        (
            period("2023-01-01", "2024-01-01", "\"a\"") + &open,
            Some(1),
            FeeTableErrorKind::Overlap,
        ),
        (open.clone() + &open, Some(1), FeeTableErrorKind::Overlap),
        (
            period("2023-01-01", "2023-12-31", "\"a\""),
            Some(1),
            FeeTableErrorKind::LastHasEnd,
        ),
        (
            period("2023-01-01", "2022-12-31", "\"a\"") + &open,
            Some(1),
            FeeTableErrorKind::EndsBeforeItStarts,
        ),
        (
            period("2023-01-01", "2023-12-31", "\"a\"") + &period("2024-01-01", "", "\" \""),
            Some(2),
            FeeTableErrorKind::NoSource,
        ),
        ("period = []".to_owned(), None, FeeTableErrorKind::Empty),
    ];
    for (text, place, kind) in table {
        let error = FeeTable::from_toml(&text).unwrap_err();
        assert_eq!(
            (error.period_number(), error.kind()),
            (place, &kind),
            "{text}"
        );
    }
    for (bad, line) in [
        (open.replace("fee = 1", "fee = -1"), 3),
        (open.replace("fee = 1", "fee = 1.5"), 3),
        (open.replace("2024-01-01", "2024-02-30"), 2),
        (open.replace("fee = 1", "fee = 1\nrate = 2"), 4),
    ] {
        let error = FeeTable::from_toml(&bad).unwrap_err();
        assert!(
            matches!(error.kind(), FeeTableErrorKind::Form(_)),
            "{error}"
        );
        assert_eq!(error.line(), Some(line), "{error}");
    }
}

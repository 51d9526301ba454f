//! Comparing plans with actuals: every outcome by hand, then the repository's months, whose
//! differences were counted with a script of its own (tests/compare.py).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use careplan_core::{Lang, ServiceType};
use careplan_tables::compare::{Amount, Comparison, Outcome, Received, Report};
use careplan_tables::records;
use careplan_tables::table::{Table6Actual, Table6Plan};

/// A row of table 6 in October 2026; what is not said is what most rows have.
#[derive(Clone, Copy)]
struct Row {
    insured: &'static str,
    units: &'static str,
    day: u8,
    prorated: &'static str,
    starts: &'static str,
    ends: &'static str,
    count: u8,
    code: &'static str,
    tais: &'static str,
    detail: &'static str,
    office: &'static str,
    satellite: &'static str,
}

const VISIT: Row = Row {
    insured: "0462428004",
    units: "244",
    day: 5,
    prorated: "",
    starts: "0900",
    ends: "0930",
    count: 1,
    code: "111111",
    tais: "",
    detail: "",
    office: "1375169671",
    satellite: "",
};

/// A service without time.
const UNTIMED: Row = Row {
    starts: "9999",
    ends: "9999",
    ..VISIT
};

fn csv(rows: &[Row]) -> String {
    rows.iter()
        .map(|row| {
            format!(
                "202407,133594,{},20260921,202610,1370948774,\"\",{},,202610{:02},{},{},{},{},{},{},,\"\",{},{},\"\",{},0,,\r\n",
                row.insured, row.units, row.day, row.prorated, row.starts, row.ends, row.count,
                row.code, row.tais, row.detail, row.office, row.satellite
            )
        })
        .collect()
}

fn add(comparison: &mut Comparison, planned: &[u8], actual: &[u8]) {
    if !planned.is_empty() {
        for record in records::<Table6Plan<'_>>(planned) {
            comparison.add_plan(&record.unwrap());
        }
    }
    if !actual.is_empty() {
        for record in records::<Table6Actual<'_>>(actual) {
            comparison.add_actual(&record.unwrap());
        }
    }
}

fn compare(planned: &[Row], actual: &[Row]) -> Report {
    let mut comparison = Comparison::new();
    add(
        &mut comparison,
        csv(planned).as_bytes(),
        csv(actual).as_bytes(),
    );
    comparison.finish()
}

/// Day and outcome of all days, in order.
fn outcomes(report: &Report) -> Vec<(u32, Outcome)> {
    use chrono::Datelike;
    let services = report.people.iter().flat_map(|person| &person.services);
    services
        .flat_map(|service| &service.days)
        .map(|day| (day.date.day(), day.outcome))
        .collect()
}

/// What it is about, what was planned, what was done, what comes out.
type Case<'c> = (&'c str, &'c [Row], &'c [Row], &'c [(u32, Outcome)]);

#[test]
fn each_day_has_the_outcome_it_should_have() {
    use Outcome as O;
    let at = |starts, ends| Row {
        starts,
        ends,
        ..VISIT
    };
    let evening = at("1800", "1830");
    let cases: &[Case<'_>] = &[
        ("the same", &[VISIT], &[VISIT], &[(5, O::AsPlanned)]),
        ("nothing came", &[VISIT, evening], &[], &[]),
        ("unplanned", &[], &[VISIT], &[(5, O::Unplanned)]),
        (
            "one day of two",
            &[VISIT, Row { day: 8, ..VISIT }],
            &[VISIT],
            &[(5, O::AsPlanned), (8, O::NotDone)],
        ),
        (
            "count up",
            &[VISIT],
            &[Row { count: 2, ..VISIT }],
            &[(5, O::More)],
        ),
        (
            "count down",
            &[Row { count: 3, ..VISIT }],
            &[VISIT],
            &[(5, O::Fewer)],
        ),
        (
            "one of two visits",
            &[VISIT, evening],
            &[evening],
            &[(5, O::Fewer)],
        ),
        ("a visit more", &[VISIT], &[VISIT, evening], &[(5, O::More)]),
        (
            "half an hour later",
            &[VISIT],
            &[at("0930", "1000")],
            &[(5, O::OtherTime)],
        ),
        (
            "longer",
            &[VISIT],
            &[at("0900", "1000")],
            &[(5, O::OtherTime)],
        ),
        (
            "one of two at another time",
            &[VISIT, evening],
            &[evening, at("1000", "1030")],
            &[(5, O::OtherTime)],
        ),
        (
            "a time where none was planned",
            &[UNTIMED],
            &[VISIT],
            &[(5, O::OtherTime)],
        ),
        (
            "until midnight",
            &[at("2330", "2400")],
            &[at("2330", "2400")],
            &[(5, O::AsPlanned)],
        ),
        (
            "two counted once and twice",
            &[Row { count: 2, ..VISIT }],
            &[VISIT, evening],
            &[(5, O::OtherTime)],
        ),
        (
            "another day",
            &[VISIT],
            &[Row { day: 6, ..VISIT }],
            &[(5, O::NotDone), (6, O::Unplanned)],
        ),
        (
            "another code",
            &[VISIT],
            &[Row {
                code: "111211",
                ..VISIT
            }],
            &[(5, O::NotDone), (5, O::Unplanned)],
        ),
        (
            "another satellite",
            &[VISIT],
            &[Row {
                satellite: "01",
                ..VISIT
            }],
            &[(5, O::NotDone), (5, O::Unplanned)],
        ),
    ];
    for (case, planned, actual, expected) in cases {
        assert_eq!(outcomes(&compare(planned, actual)), *expected, "{case}");
    }
}

#[test]
fn services_of_a_month_are_compared_over_the_month() {
    use Outcome as O;
    let first = Row { day: 1, ..UNTIMED };
    let last = Row { day: 31, ..UNTIMED };
    // A monthly service stands on the first in the plan and on the last in the actuals.
    let report = compare(&[first], &[last]);
    assert_eq!(outcomes(&report), [(1, O::OtherDay)]);
    let day = &report.people[0].services[0].days[0];
    assert_eq!(day.other_day.unwrap().to_string(), "2026-10-31");
    // With a time, it is a visit on another day.
    let timed = |day| Row { day, ..VISIT };
    assert_eq!(
        outcomes(&compare(&[timed(1)], &[timed(31)])),
        [(1, O::NotDone), (31, O::Unplanned)]
    );
    // A stay of several days is no service of a month.
    let stay = |day| Row {
        code: "211111",
        day,
        ..UNTIMED
    };
    assert_eq!(
        outcomes(&compare(
            &[stay(5), stay(6), stay(7)],
            &[stay(6), stay(7), stay(8)]
        )),
        [
            (5, O::NotDone),
            (6, O::AsPlanned),
            (7, O::AsPlanned),
            (8, O::Unplanned)
        ]
    );
}

#[test]
fn prorated_days_are_compared_day_by_day() {
    use Outcome as O;
    let prorated = |prorated| Row {
        day: 1,
        prorated,
        count: 3,
        ..UNTIMED
    };
    let planned = prorated("0000000001110000000000000000000");
    let actual = prorated("0000000000111000000000000000000");
    assert_eq!(outcomes(&compare(&[planned], &[planned])).len(), 3);
    let report = compare(&[planned], &[actual]);
    assert_eq!(
        outcomes(&report),
        [
            (10, O::NotDone),
            (11, O::AsPlanned),
            (12, O::AsPlanned),
            (13, O::Unplanned)
        ]
    );
    // Counts of the month are those of the rows, not of the days.
    assert_eq!(report.people[0].totals.planned.count, 3);
    // Planned for the whole month, done for a part of it.
    let whole = Row { day: 1, ..UNTIMED };
    let part = Row {
        count: 1,
        ..planned
    };
    assert_eq!(outcomes(&compare(&[whole], &[part])), [(1, O::OtherDay)]);
}

#[test]
fn equipment_is_told_apart_by_detail_number_and_code() {
    use Outcome as O;
    let item = |detail, tais| Row {
        code: "171007",
        units: "300",
        day: 1,
        detail,
        tais,
        ..UNTIMED
    };
    let (bed, rail) = ("00170-000123", "00170-000456");
    let planned = [item("1", bed), item("2", rail)];
    assert_eq!(outcomes(&compare(&planned, &planned)), [(1, O::AsPlanned)]);
    // Numbered the other way round, the items are the same.
    let renumbered = [item("1", rail), item("2", bed)];
    assert_eq!(
        outcomes(&compare(&planned, &renumbered)),
        [(1, O::AsPlanned)]
    );
    let exchanged = [item("1", bed), item("2", "00170-000789")];
    let report = compare(&planned, &exchanged);
    assert_eq!(outcomes(&report), [(1, O::OtherEquipment)]);
    assert_eq!(report.people[0].services[0].days[0].other_equipment, 1);
    assert_eq!(outcomes(&compare(&planned, &planned[..1])), [(1, O::Fewer)]);
    // Plans of edition 3 have no codes: nothing can be said against the item.
    let old = [item("1", ""), item("2", "")];
    assert_eq!(outcomes(&compare(&old, &planned)), [(1, O::AsPlanned)]);
}

#[test]
fn what_did_not_come_is_not_compared() {
    let other_office = Row {
        office: "1374220867",
        code: "131211",
        ..VISIT
    };
    let other_type = Row {
        code: "131211",
        ..VISIT
    };
    let report = compare(&[VISIT, other_office, other_type], &[VISIT]);
    assert_eq!(report.differences().count(), 0);
    let missing: Vec<_> = report
        .not_received()
        .map(|(_, service)| service.service.office_number.to_string())
        .collect();
    assert_eq!(missing, ["1374220867", "1375169671"]);
    let totals = report.people[0].totals;
    assert_eq!((totals.planned.count, totals.not_received.count), (1, 2));
    assert_eq!(totals.units_difference, 0);

    // The office sent actuals for another person: this one's may follow, or nothing was done.
    let other_person = Row {
        insured: "0974689258",
        ..VISIT
    };
    let report = compare(&[VISIT, other_person], &[other_person]);
    assert_eq!(report.count(Outcome::NotDone), 1);
    assert_eq!(report.people[0].services[0].received, Received::ForOthers);
    assert_eq!(report.people[1].services[0].received, Received::ForPerson);

    // The caller knows that the office did nothing.
    let mut comparison = Comparison::new();
    add(&mut comparison, csv(&[VISIT, other_type]).as_bytes(), b"");
    let home_help: ServiceType = "11".parse().unwrap();
    comparison.received(
        "202610".parse().unwrap(),
        VISIT.office.parse().unwrap(),
        home_help,
    );
    let report = comparison.finish();
    assert_eq!(report.count(Outcome::NotDone), 1);
    assert_eq!(report.not_received().count(), 1);
}

#[test]
fn units_are_compared_where_both_sides_have_them() {
    let visits = [VISIT, Row { day: 8, ..VISIT }];
    let add_on = |units| Row {
        code: "116275",
        units,
        day: 31,
        ..UNTIMED
    };
    let report = compare(
        &[visits[0], visits[1], add_on("120")],
        &[visits[0], add_on("0")],
    );
    let services = &report.people[0].services;
    assert_eq!(services[0].units_difference, Some(-244));
    // A percentage add-on has no units in the actuals: counted, and not compared.
    assert_eq!(services[1].units_difference, None);
    assert_eq!(
        services[1].actual,
        Amount {
            count: 1,
            units: 0,
            without_units: 1
        }
    );
    assert_eq!(outcomes(&report).last(), Some(&(31, Outcome::AsPlanned)));
    let totals = report.offices[0].totals;
    assert_eq!(
        totals.planned,
        Amount {
            count: 3,
            units: 608,
            without_units: 0
        }
    );
    assert_eq!(
        totals.actual,
        Amount {
            count: 2,
            units: 244,
            without_units: 1
        }
    );
    assert_eq!((totals.units_difference, totals.without_units), (-244, 1));
    // Units times count.
    let twice = compare(&[VISIT], &[Row { count: 2, ..VISIT }]);
    assert_eq!(twice.people[0].services[0].units_difference, Some(244));
}

#[test]
fn the_same_row_twice_is_one_row() {
    // The plan went to two offices, and each file has all services.
    assert_eq!(
        compare(&[VISIT, VISIT], &[VISIT]),
        compare(&[VISIT], &[VISIT])
    );
}

#[test]
fn reports_travel_as_json_and_show_no_insured_number_in_debug() {
    let report = compare(&[VISIT], &[Row { count: 2, ..VISIT }]);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    assert!(json.contains("\"outcome\":\"more\""));
    assert!(!format!("{report:?}").contains(VISIT.insured));
    for outcome in Outcome::ALL {
        assert_ne!(outcome.name(Lang::Ja), outcome.name(Lang::En));
    }
}

fn read(path: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read(root.join(path)).unwrap()
}

/// What tests/compare.py prints, without its insured numbers: person (by order), date, code,
/// outcome.
fn differences(report: &Report) -> Vec<String> {
    let position = |person: &careplan_tables::import::Person| {
        report
            .people
            .iter()
            .position(|other| other.person == *person)
            .unwrap()
    };
    report
        .differences()
        .map(|(person, service, day)| {
            format!(
                "{} {} {} {}",
                position(&person.person),
                day.date,
                service.service.service_code,
                day.outcome.name(Lang::En)
            )
        })
        .collect()
}

#[test]
fn the_samples_differ_where_visits_are_missing() {
    let mut comparison = Comparison::new();
    add(
        &mut comparison,
        &read("samples/month-set/UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV"),
        &read("samples/actual-set/UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV"),
    );
    let report = comparison.finish();
    assert_eq!(
        differences(&report),
        [
            "0 2026-10-01 111111 not done",
            "0 2026-10-07 117311 not done",
            "1 2026-10-01 111111 not done",
            "1 2026-10-07 117311 not done",
            "2 2026-10-01 111111 not done",
            "2 2026-10-07 117311 not done",
        ]
    );
    assert_eq!(report.count(Outcome::AsPlanned), 33);
    assert_eq!(report.not_received().count(), 9);
    // 9 visits of 244 and 4 of 220 planned, 8 and 3 done.
    for person in &report.people {
        let totals = person.totals;
        assert_eq!((totals.planned.count, totals.planned.units), (13, 3076));
        assert_eq!((totals.actual.count, totals.actual.units), (11, 2612));
        assert_eq!(totals.units_difference, -464);
        assert_eq!(
            (totals.not_received.count, totals.not_received.units),
            (8, 5715)
        );
    }
}

#[test]
fn the_examples_month_is_compared_over_two_offices() {
    let mut comparison = Comparison::new();
    for (plan, actuals) in [
        (
            "month-for-1375169671/UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
            "actuals-of-1375169671/UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV",
        ),
        (
            "month-for-1374220867/UPPLAN_202610_1370948774_43_1374220867_13_20260921113320.CSV",
            "actuals-of-1374220867/UPJSK_202610_1374220867_13_1370948774_43_20261102101500.CSV",
        ),
    ] {
        add(
            &mut comparison,
            &read(&format!("examples/month/{plan}")),
            &read(&format!("examples/month/{actuals}")),
        );
    }
    let report = comparison.finish();
    assert_eq!(
        differences(&report),
        [
            "0 2026-10-16 131211 not done",
            "0 2026-10-01 111111 not done",
            "0 2026-10-07 117311 not done",
            "1 2026-10-01 111111 not done",
            "1 2026-10-07 117311 not done",
            "2 2026-10-01 111111 not done",
            "2 2026-10-07 117311 not done",
        ]
    );
    // Only equipment rental is left without actuals.
    assert!(
        report
            .not_received()
            .all(|(_, service)| { service.service.office_number.as_str() == "1370599524" })
    );
    assert_eq!(report.not_received().count(), 6);
    let sums: Vec<_> = report
        .offices
        .iter()
        .map(|office| {
            let totals = office.totals;
            (
                office.office_number.to_string(),
                totals.planned.units,
                totals.actual.units,
            )
        })
        .collect();
    assert_eq!(
        sums,
        [
            ("1370599524".to_owned(), 0, 0),
            ("1374220867".to_owned(), 3 * 5 * 823, 14 * 823),
            ("1375169671".to_owned(), 3 * 3076, 3 * 2612),
        ]
    );
}

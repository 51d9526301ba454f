//! Comparing plans with actuals, and importing them. The first byte says where to cut: what comes
//! before are planned rows, what comes after are actual ones; both have the same columns.
#![no_main]

use careplan_tables::compare::{Comparison, Outcome, Received, Report};
use careplan_tables::import::{Import, MemoryStore};
use careplan_tables::table::{Table6Actual, Table6Plan};
use careplan_tables::{group, records};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, file)) = input.split_first() else {
        return;
    };
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    let (planned, actual) = lines.split_at(usize::from(cut).min(lines.len()));
    let (planned, actual) = (planned.concat(), actual.concat());
    let report = compare(&planned, &actual);
    sound(&report);

    // Against itself, everything is as planned.
    let same = compare(file, file);
    sound(&same);
    assert_eq!(same.differences().count(), 0);
    assert_eq!(same.not_received().count(), 0);
    // Against nothing, nothing is compared.
    let nothing = compare(file, b"");
    assert_eq!(nothing.count(Outcome::NotDone), 0);
    import(&actual);
});

fn compare(planned: &[u8], actual: &[u8]) -> Report {
    let mut comparison = Comparison::new();
    for record in records::<Table6Plan>(planned).map_while(Result::ok) {
        comparison.add_plan(&record);
    }
    for record in records::<Table6Actual>(actual).map_while(Result::ok) {
        comparison.add_actual(&record);
    }
    comparison.finish()
}

/// What holds of every report.
fn sound(report: &Report) {
    let mut counts = (0, 0, 0);
    for person in &report.people {
        for service in &person.services {
            if service.received == Received::Nothing {
                assert!(service.days.is_empty());
                assert_eq!(service.actual.count, 0);
                counts.2 += service.planned.count;
                continue;
            }
            counts.0 += service.planned.count;
            counts.1 += service.actual.count;
            for day in &service.days {
                assert!(!day.planned.is_empty() || !day.actual.is_empty());
                let sum = |visits: &[careplan_tables::compare::Visit]| {
                    visits.iter().map(|visit| u64::from(visit.count)).sum::<u64>()
                };
                let (planned, actual) = (sum(&day.planned), sum(&day.actual));
                match day.outcome {
                    Outcome::More => assert!(actual > planned && planned > 0),
                    Outcome::Fewer => assert!(actual < planned && actual > 0),
                    Outcome::Unplanned => assert!(planned == 0 && actual > 0),
                    Outcome::NotDone => assert!(planned > 0 && actual == 0),
                    _ => assert_eq!(planned, actual),
                }
                let together = u64::from(day.at_other_times) + u64::from(day.other_equipment);
                assert!(together <= planned.min(actual));
            }
        }
    }
    let offices = report.offices.iter().fold((0, 0, 0), |sums, office| {
        let totals = office.totals;
        (
            sums.0 + totals.planned.count,
            sums.1 + totals.actual.count,
            sums.2 + totals.not_received.count,
        )
    });
    assert_eq!(offices, counts);
}

/// A set imported twice is there once, and nothing of it gets lost.
fn import(actual: &[u8]) {
    let grouping = group(["UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV"]);
    let set = &grouping.sets[0];
    let Ok(import) = Import::read(set, |_| Ok(actual.to_vec())) else {
        return;
    };
    let mut store = MemoryStore::default();
    let applied = store.apply(&import);
    assert_eq!((applied.removed, applied.outdated), (0, 0));
    let once = store.clone();
    assert_eq!(store.apply(&import), applied);
    assert!(store == once);
    let held: usize = store
        .iter()
        .map(|(_, contents)| contents.records::<Table6Actual>().count())
        .sum();
    let strays = import.strays().len();
    assert_eq!(held + strays, records::<Table6Actual>(actual).count());
}

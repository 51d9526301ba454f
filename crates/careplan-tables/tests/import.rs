//! Importing: what replaces what, what a deletion removes, and that the order in which sets arrive
//! does not matter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::path::Path;

use careplan_core::{Explain, Lang, SetKind};
use careplan_tables::import::{Import, ImportErrorKind, Key, MemoryStore, Stamp, Step, order};
use careplan_tables::table::{Table2, Table6Actual};
use careplan_tables::{FileKind, FileSet, group};
use proptest::prelude::*;

/// A sending: names and contents.
type Sending = Vec<(String, Vec<u8>)>;

fn set_of(sending: &Sending) -> FileSet {
    let mut grouping = group(sending.iter().map(|(name, _)| name.as_str()));
    assert_eq!(grouping.sets.len(), 1);
    grouping.sets.remove(0)
}

fn import(sending: &Sending) -> Import {
    Import::read(&set_of(sending), |file| {
        let bytes = sending.iter().find(|(name, _)| *name == file.file);
        Ok(bytes.unwrap().1.clone())
    })
    .unwrap()
}

/// Applies sendings in the given order, whatever their sequences.
fn arrive<'s>(sendings: impl IntoIterator<Item = &'s Sending>) -> MemoryStore {
    let mut store = MemoryStore::default();
    for sending in sendings {
        store.apply(&import(sending));
    }
    store
}

const PEOPLE: [&str; 3] = [
    "133594,0462428004",
    "136217,0974689258",
    "139358,H386215698",
];
const MANAGER: &str = "1370948774_43";
const OFFICE: &str = "1375169671_11";

/// Second `second` of a minute, as a sequence.
fn sequence(second: u32) -> String {
    format!("202609211133{second:02}")
}

/// Actuals of persons with the codes given, one visit each.
fn actuals(second: u32, rows: &[(usize, &str)]) -> Sending {
    let rows: String = rows
        .iter()
        .map(|(person, code)| {
            format!(
                "202407,{},20260921,202610,,\"\",{},,20261005,,0900,0930,1,{code},,,\"\",,1375169671,\"\",,0,,\r\n",
                PEOPLE[*person],
                // Contents that tell sendings apart.
                100 + second
            )
        })
        .collect();
    let name = format!("UPJSK_202610_{OFFICE}_{MANAGER}_{}.CSV", sequence(second));
    vec![(name, rows.into_bytes())]
}

fn withdraw_actuals(second: u32, people: &[usize]) -> Sending {
    let rows: String = people
        .iter()
        .map(|person| format!("202407,{},202610,1375169671,11\r\n", PEOPLE[*person]))
        .collect();
    let name = format!("DLTJSK_202610_{OFFICE}_{MANAGER}_{}.CSV", sequence(second));
    vec![(name, rows.into_bytes())]
}

/// Tables 1, 2, 3 and the supplement of persons, with so many rows of table 2 each.
fn plan(second: u32, people: &[usize], date: &str, rows: u32) -> Sending {
    let (mut one, mut two, mut three, mut supplement) =
        (String::new(), String::new(), String::new(), String::new());
    for person in people {
        let person = PEOPLE[*person];
        one += &format!(
            "202407,{person},20260921,,\"\",\"\",\"計{second}\",\"所\",,\"\",\"\",1370948774,{date},{date},,,,,,,\"\",\"\",\"\",,\"\",,\r\n"
        );
        for row in 1..=rows {
            two += &format!(
                "202407,{person},20260921,{date},1,\"\",1,\"\",\"\",\"\",\"\",{row},\"\",,\"\",,\"\",\"\",\"\",,\r\n"
            );
        }
        three += &format!("202407,{person},20260921,{date},\"\",1,,,\"\",,,\"\"\r\n");
        supplement += &format!(
            "202407,{person},{date},\"\",\"\",{}000000\r\n",
            ",".repeat(56)
        );
    }
    let name = |prefix: &str| format!("{prefix}_{MANAGER}_{OFFICE}_{}.CSV", sequence(second));
    let encode = |text: String| careplan_tables::ms932::encode(&text).unwrap().into_owned();
    vec![
        (name("UP1KYO"), encode(one)),
        (name("UP2KYO"), encode(two)),
        (name("UP3KYO"), encode(three)),
        (name("UPHOSOKU_000000"), encode(supplement)),
    ]
}

fn withdraw_plan(second: u32, people: &[usize], date: &str) -> Sending {
    let rows: String = people
        .iter()
        .map(|person| format!("202407,{},{date}\r\n", PEOPLE[*person]))
        .collect();
    let name = format!("DLT1KYO_{MANAGER}_{OFFICE}_{}.CSV", sequence(second));
    vec![(name, rows.into_bytes())]
}

#[test]
fn a_later_set_replaces_all_that_the_key_has() {
    let first = plan(1, &[0, 1], "20260915", 3);
    let second = plan(2, &[0], "20260915", 1);
    let store = arrive([&first, &second]);
    let rows: Vec<usize> = store
        .iter()
        .map(|(_, contents)| contents.records::<Table2<'_>>().count())
        .collect();
    // The first person's table 2 has one row now, not three and one; the second's is untouched.
    assert_eq!(rows, [1, 3]);
    for (key, contents) in store.iter() {
        let kinds: Vec<FileKind> = contents.kinds().collect();
        assert_eq!(kinds, key.files());
    }
    // Another plan date is another plan.
    let other = plan(3, &[0], "20261001", 2);
    assert_eq!(arrive([&first, &second, &other]).iter().count(), 3);
}

#[test]
fn a_deletion_removes_all_tables_of_its_key_and_nothing_else() {
    let plans = plan(1, &[0, 1], "20260915", 2);
    let other_date = plan(2, &[0], "20261001", 2);
    let given = actuals(3, &[(0, "111111")]);
    let withdrawn = withdraw_plan(4, &[0], "20260915");
    let store = arrive([&plans, &other_date, &given, &withdrawn]);
    let left: Vec<String> = store
        .iter()
        .map(|(key, _)| match key {
            Key::CarePlan { person, plan_date } => {
                format!("{} {plan_date}", person.insurer_number)
            }
            _ => "actuals".to_owned(),
        })
        .collect();
    assert_eq!(left, ["133594 2026-10-01", "136217 2026-09-15", "actuals"]);
}

#[test]
fn the_samples_deletions_remove_the_samples_sets() {
    let folder = |name: &str| -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../samples")
            .join(name);
        std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, std::fs::read(path).unwrap())
            })
            .collect()
    };
    let month = folder("month-set");
    let mut store = arrive([&month]);
    assert_eq!(store.iter().count(), 3);
    let rows = store.iter().map(|(_, contents)| {
        contents
            .bytes(FileKind::Table7)
            .split(|byte| *byte == b'\n')
            .count()
            - 1
    });
    // 27 lines in the file, 9 for each person.
    assert_eq!(rows.collect::<Vec<_>>(), [9, 9, 9]);
    let deletions = folder("deletions");
    let deletion = |prefix: &str| -> Sending {
        let one = deletions.iter().find(|(name, _)| name.starts_with(prefix));
        vec![one.unwrap().clone()]
    };
    // Withdrawing plans of tables 1 to 3 and actuals leaves the month alone.
    store.apply(&import(&deletion("DLT1KYO")));
    store.apply(&import(&deletion("DLTJSK")));
    assert_eq!(store.iter().count(), 3);
    let applied = store.apply(&import(&deletion("DLTPLAN")));
    assert_eq!((applied.removed, store.iter().count()), (3, 0));
    // The sample's deletion of actuals is older than the sample's actuals: they stay.
    store.apply(&import(&folder("actual-set")));
    assert_eq!(store.iter().count(), 3);

    // Basic information with its sub-tables and pictures, and the support plan with its details.
    let preventive = folder("preventive-set");
    let mut store = arrive([&preventive]);
    let held: Vec<(usize, usize)> = store
        .iter()
        .map(|(_, contents)| (contents.kinds().count(), contents.pictures().len()))
        .collect();
    assert_eq!(
        held.iter().map(|(kinds, _)| kinds).sum::<usize>(),
        3 * 2 + 2 * 2
    );
    assert_eq!(held.iter().map(|(_, pictures)| pictures).sum::<usize>(), 2);
    let removal: String = String::from_utf8_lossy(
        &preventive
            .iter()
            .find(|(name, _)| name.starts_with("UPKIHON_1"))
            .unwrap()
            .1,
    )
    .split_inclusive("\r\n")
    .filter(|line| line.starts_with("202407,"))
    .map(|line| line.split(',').take(4).collect::<Vec<_>>().join(",") + "\r\n")
    .collect();
    let name = "DLTKIHON_1373992383_43_1379745080_11_20260922154841.CSV".to_owned();
    store.apply(&import(&vec![(name, removal.into_bytes())]));
    assert!(
        store
            .iter()
            .all(|(key, _)| matches!(key, Key::SupportPlan { .. }))
    );
    assert_eq!(store.iter().count(), 2);
}

#[test]
fn a_correction_of_actuals_replaces_all_that_was_sent_with_them() {
    // The visit, and a service of the municipality that went with it.
    let first = actuals(1, &[(0, "111111"), (0, "A21111"), (1, "111111")]);
    let correction = actuals(2, &[(0, "111111")]);
    let codes = |store: &MemoryStore| -> Vec<String> {
        store
            .iter()
            .flat_map(|(_, contents)| contents.records::<Table6Actual<'_>>())
            .map(|record| format!("{} {}", record.insurer_number, record.service_code))
            .collect()
    };
    let expected = ["133594 111111", "136217 111111"];
    assert_eq!(codes(&arrive([&first, &correction])), expected);
    // Also if the correction arrives first.
    assert_eq!(codes(&arrive([&correction, &first])), expected);
    // The deletion removes it all; a person that it does not name keeps everything.
    let store = arrive([&first, &withdraw_actuals(3, &[0])]);
    assert_eq!(codes(&store), ["136217 111111"]);
}

#[test]
fn without_a_type_in_the_name_actuals_are_kept_by_their_codes() {
    let rows = actuals(1, &[(0, "111111"), (0, "A21111")]).remove(0).1;
    let text = String::from_utf8(rows).unwrap();
    // The annex's example has the care manager's type for the sender.
    let odd = format!("UPJSK_202610_1375169671_43_{MANAGER}_{}.CSV", sequence(1));
    // Edition 3 has no types, and no columns for equipment.
    let old = format!("UPJSK_202610_1375169671_1370948774_{}.CSV", sequence(1));
    let third = text
        .replace("202407,", "202208,")
        .replace(",,,\"\",,1375169671", ",,1375169671");
    for (name, rows) in [(odd, text), (old, third)] {
        let store = arrive([&vec![(name, rows.into_bytes())]]);
        let types: Vec<String> = store
            .iter()
            .map(|(key, _)| match key {
                Key::Actuals { service_type, .. } => service_type.to_string(),
                _ => String::new(),
            })
            .collect();
        assert_eq!(types, ["11", "A2"]);
    }
}

#[test]
fn what_comes_late_is_told_and_changes_nothing() {
    let early = plan(1, &[0], "20260915", 1);
    let late = plan(2, &[0], "20260915", 2);
    let mut store = arrive([&late]);
    let before = store.clone();
    let early = import(&early);
    let steps: Vec<Step<'_>> = early.steps(|key| store.stamp(key)).collect();
    assert!(matches!(
        steps.as_slice(),
        [Step::Outdated { by, .. }] if by.sequence.to_string() == sequence(2)
    ));
    assert_eq!(store.apply(&early).outdated, 1);
    assert_eq!(store, before);
    // A deletion that knew of nothing is remembered: what it deleted may come after it.
    let mut store = arrive([&withdraw_plan(2, &[0], "20260915")]);
    assert_eq!(store.apply(&early).outdated, 1);
    assert_eq!(store.iter().count(), 0);
    // Sent anew after the deletion, it is there.
    store.apply(&import(&plan(3, &[0], "20260915", 1)));
    assert_eq!(store.iter().count(), 1);
}

#[test]
fn records_that_belong_to_nothing_are_left_out_and_told() {
    let mut sending = plan(1, &[0], "20260915", 1);
    let others = plan(1, &[1], "20260915", 1);
    let table_2 = others
        .into_iter()
        .find(|(name, _)| name.starts_with("UP2KYO"))
        .unwrap()
        .1;
    sending[1].1.extend_from_slice(&table_2);
    let import = import(&sending);
    let strays: Vec<_> = import
        .strays()
        .iter()
        .map(|stray| (stray.file, stray.record, stray.key.is_some()))
        .collect();
    assert_eq!(strays, [(FileKind::Table2, 2, true)]);
    assert_eq!(import.steps(|_| None).count(), 1);
}

#[test]
fn nothing_of_a_set_is_imported_that_departs_from_the_standard() {
    let read = |sending: &Sending| {
        Import::read(&set_of(sending), |file| {
            let bytes = sending.iter().find(|(name, _)| *name == file.file);
            bytes
                .map(|(_, bytes)| bytes.clone())
                .filter(|bytes| !bytes.is_empty())
                .ok_or_else(|| std::io::ErrorKind::NotFound.into())
        })
        .unwrap_err()
    };
    let mut incomplete = plan(1, &[0], "20260915", 1);
    incomplete.remove(2);
    assert!(matches!(read(&incomplete).kind(), ImportErrorKind::Set(_)));
    let mut broken = plan(1, &[0], "20260915", 1);
    broken[2].1 = b"202407,133594,462428004,20260921,20260915,\"\",1,,,\"\",,,\"\"\r\n".to_vec();
    let error = read(&broken);
    assert!(matches!(error.kind(), ImportErrorKind::Read(_)));
    assert!(error.file().unwrap().starts_with("UP3KYO"));
    assert!(!error.to_string().contains("462428004"));
    broken[2].1.clear();
    let error = read(&broken);
    assert!(matches!(error.kind(), ImportErrorKind::Io(_)));
    for lang in [Lang::Ja, Lang::En] {
        assert!(error.explain(lang).contains("UP3KYO"));
    }
}

#[test]
fn sets_are_ordered_by_sequence_whatever_their_kind() {
    let sendings = [
        actuals(3, &[(0, "111111")]),
        plan(2, &[0], "20260915", 1),
        withdraw_actuals(1, &[0]),
        // In the same second, the deletion comes first: what was sent anew is there in the end.
        withdraw_plan(2, &[0], "20260915"),
    ];
    let mut sets: Vec<FileSet> = sendings.iter().map(set_of).collect();
    let no_set = set_of(&vec![plan(0, &[0], "20260915", 1).remove(0)]);
    sets.insert(0, no_set);
    order(&mut sets);
    let kinds: Vec<Option<SetKind>> = sets.iter().map(|set| set.kind().ok()).collect();
    assert_eq!(
        kinds,
        [
            Some(SetKind::ActualsDeletion),
            Some(SetKind::CarePlanDeletion),
            Some(SetKind::CarePlan),
            Some(SetKind::Actuals),
            None
        ]
    );
    assert_eq!(arrive([&sendings[1], &sendings[3]]).iter().count(), 1);
    assert_eq!(arrive([&sendings[3], &sendings[1]]).iter().count(), 1);
}

#[test]
fn personal_data_is_not_in_debug() {
    let sending = actuals(1, &[(0, "111111")]);
    let import = import(&sending);
    let store = arrive([&sending]);
    for text in [format!("{import:?}"), format!("{store:?}")] {
        assert!(!text.contains("0462428004"), "{text}");
    }
}

/// What happens in one second, by person.
fn event(second: u32, what: u8, people: Vec<usize>) -> Sending {
    let with = |codes: &[&'static str]| -> Vec<(usize, &'static str)> {
        people
            .iter()
            .flat_map(|person| codes.iter().map(move |code| (*person, *code)))
            .collect()
    };
    match what {
        0 => actuals(second, &with(&["111111"])),
        1 => actuals(second, &with(&["111111", "A21111"])),
        2 => withdraw_actuals(second, &people),
        3 => plan(second, &people, "20260915", 1 + second % 3),
        4 => plan(second, &people, "20261001", 1 + second % 3),
        5 => withdraw_plan(second, &people, "20260915"),
        _ => withdraw_plan(second, &people, "20261001"),
    }
}

/// Sendings in the order of their sequence, and the same shuffled.
fn arrivals() -> impl Strategy<Value = (Vec<Sending>, Vec<Sending>)> {
    let people = proptest::sample::subsequence(vec![0, 1, 2], 1..=3);
    proptest::collection::vec((0u8..7, people), 1..10).prop_flat_map(|events| {
        let sent: Vec<Sending> = (0..)
            .zip(events)
            .map(|(second, (what, people))| event(second, what, people))
            .collect();
        (Just(sent.clone()), Just(sent).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_arrival_does_not_matter((sent, arrived) in arrivals()) {
        let expected = arrive(&sent);
        prop_assert_eq!(&arrive(&arrived), &expected);
        // Nor does what arrives twice.
        prop_assert_eq!(&arrive(arrived.iter().chain(&arrived)), &expected);
        // Sorted first, nothing is outdated.
        let mut sets: Vec<FileSet> = arrived.iter().map(set_of).collect();
        order(&mut sets);
        let names: Vec<Vec<&str>> = sets.iter().map(|set| set.names().collect()).collect();
        let in_order: Vec<Vec<&str>> = sent
            .iter()
            .map(|sending| sending.iter().map(|(name, _)| name.as_str()).collect())
            .collect();
        for (sorted, sent) in names.iter().zip(&in_order) {
            prop_assert!(sent.contains(&sorted[0]));
        }
        let mut store = MemoryStore::default();
        for sending in &sent {
            prop_assert_eq!(store.apply(&import(sending)).outdated, 0);
        }
    }

    #[test]
    fn only_the_last_word_on_a_key_counts((sent, _) in arrivals()) {
        // Worked out on its own: for each key the last set that speaks of it.
        let mut last: BTreeMap<Key, (Stamp, Option<Vec<u8>>)> = BTreeMap::new();
        for sending in &sent {
            let import = import(sending);
            for step in import.steps(|_| None) {
                let (key, bytes) = match step {
                    Step::Put { key, contents } => {
                        let files = key.files().iter();
                        (key, Some(files.flat_map(|kind| contents.bytes(*kind)).copied().collect()))
                    }
                    Step::Remove { key } => (key, None),
                    _ => unreachable!(),
                };
                last.insert(key, (import.stamp(), bytes));
            }
        }
        let store = arrive(&sent);
        for (key, (stamp, bytes)) in &last {
            prop_assert_eq!(store.stamp(key), Some(*stamp));
            let held = store.get(key).map(|contents| {
                let files = key.files().iter();
                files.flat_map(|kind| contents.bytes(*kind)).copied().collect::<Vec<u8>>()
            });
            prop_assert_eq!(&held, bytes);
        }
        prop_assert_eq!(store.iter().count(), last.values().filter(|(_, bytes)| bytes.is_some()).count());
    }
}

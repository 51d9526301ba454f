//! Edition 3 to 4.1: the samples byte for byte as tests/upgrade.py makes them, and each reason why
//! it cannot be done.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use careplan_core::{Edition, Explain, Lang, ServiceType, SetKind};
use careplan_tables::table::{
    Table1, Table3, Table6Actual, Table6ActualDeletion, Table6Plan, Table7, table3,
};
use careplan_tables::upgrade::{Equipment, ItemCode, Reason, Rental, Side, Upgrade, UpgradeError};
use careplan_tables::{FaultKind, FileKind, Table, Text, group, records};
use proptest::prelude::*;

type Files = Vec<(String, Vec<u8>)>;

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The files of a folder, sorted by name.
fn folder(path: impl AsRef<Path>) -> Files {
    let mut files: Files = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn sample(name: &str) -> Files {
    folder(tests().join("../../../samples").join(name))
}

/// What tests/upgrade.py made.
fn expected(name: &str) -> Vec<u8> {
    std::fs::read(tests().join("upgrade").join(name)).unwrap()
}

/// The item that tests/upgrade.py takes as well.
fn item(rental: &Rental) -> Option<Equipment> {
    Some(Equipment {
        code: ItemCode::Tais(format!("00170-{:06}", rental.units?).parse().ok()?),
        name: Text::EMPTY,
    })
}

fn kind(code: &str) -> ServiceType {
    code.parse().unwrap()
}

fn reasons(result: Result<impl Sized, UpgradeError>) -> Vec<Reason> {
    let error = result.err().expect("it cannot be done");
    for lang in [Lang::Ja, Lang::En] {
        assert!(!error.explain(lang).is_empty());
    }
    assert!(!error.reasons().is_empty());
    error.into_reasons()
}

#[test]
fn the_samples_month_is_what_python_makes_of_it() {
    let upgraded = Upgrade::new()
        .equipment(item)
        .set(&sample("edition3-month-set"))
        .unwrap();
    let [set] = upgraded.sets.as_slice() else {
        panic!("one set");
    };
    assert_eq!(set.files.len(), 3);
    for (name, bytes) in &set.files {
        assert!(*bytes == expected(&name.to_string()), "{name}");
    }
    assert!(set.to_add.is_empty());
    assert_eq!(
        (set.sender.service_type, set.receiver.service_type),
        (Some(kind("43")), Some(kind("11")))
    );
    // 4.1 applies from April 2025.
    assert_eq!(upgraded.not_in_force, Some("202403".parse().unwrap()));
    let grouping = group(set.files.iter().map(|(name, _)| name.to_string()));
    assert_eq!(grouping.sets[0].kind(), Ok(SetKind::MonthlyPlan));
    // And it reads strictly, as 4.1.
    let plan = &set.files[1].1;
    let rows: Vec<_> = records::<Table6Plan<'_>>(plan)
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(rows.len(), 60);
    assert!(rows.iter().all(|row| row.csv_version == Edition::Fourth));
    assert_eq!(records::<Table7<'_>>(&set.files[2].1).count(), 27);
}

#[test]
fn the_samples_plan_is_what_python_makes_of_it_and_table_3_is_to_add() {
    let upgraded = Upgrade::new()
        .receiver_type(kind("11"))
        .set(&sample("edition3-plan-set"))
        .unwrap();
    let set = &upgraded.sets[0];
    for (name, bytes) in &set.files {
        assert!(*bytes == expected(&name.to_string()), "{name}");
    }
    // The sender's type came from the care levels.
    assert_eq!(
        set.to_add
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["UP3KYO_1373960229_43_1378034246_11_20240224115635.CSV"]
    );
    assert_eq!(upgraded.not_in_force, None);
    // With what is to add, it is a set of the standard.
    let names = set.files.iter().map(|(name, _)| name).chain(&set.to_add);
    let grouping = group(names.map(ToString::to_string));
    assert_eq!(grouping.sets[0].kind(), Ok(SetKind::CarePlan));
}

#[test]
fn table_3_can_be_given() {
    let files = sample("edition3-plan-set");
    let weekly: Vec<Table3<'_>> = records::<Table1<'_>>(&files[0].1)
        .map(|record| {
            let record = record.unwrap();
            Table3::new(table3::Required {
                csv_version: Edition::Fourth,
                insurer_number: record.insurer_number,
                insured_number: record.insured_number,
                created_on: record.created_on,
                plan_date: record.plan_date,
            })
        })
        .collect();
    let upgraded = Upgrade::new()
        .receiver_type(kind("11"))
        .table_3(weekly.clone())
        .set(&files)
        .unwrap();
    let set = &upgraded.sets[0];
    assert!(set.to_add.is_empty());
    let grouping = group(set.files.iter().map(|(name, _)| name.to_string()));
    assert_eq!(grouping.sets[0].kind(), Ok(SetKind::CarePlan));
    let table_3 = &set
        .files
        .iter()
        .find(|(name, _)| name.kind() == FileKind::Table3)
        .unwrap()
        .1;
    assert_eq!(records::<Table3<'_>>(table_3).count(), 3);
    // Of edition 3 it cannot be.
    let mut old = weekly;
    old[0].csv_version = Edition::Third;
    let found = reasons(
        Upgrade::new()
            .receiver_type(kind("11"))
            .table_3(old)
            .set(&files),
    );
    assert!(matches!(
        found.as_slice(),
        [Reason::Write { file: FileKind::Table3, error }]
            if error.kind() == Some(FaultKind::CsvVersionUnsupported)
    ));
}

#[test]
fn every_rental_whose_item_is_not_known_is_told() {
    let files = sample("edition3-month-set");
    let found = reasons(Upgrade::new().set(&files));
    // Three persons with three items each: in table 6 rows 18 to 20 of each twenty, in table 7
    // rows 5 to 7 of each nine.
    let [
        Reason::EquipmentUnknown {
            file: FileKind::Table6Plan,
            records: planned,
        },
        Reason::EquipmentUnknown {
            file: FileKind::Table7,
            records: costs,
        },
    ] = found.as_slice()
    else {
        panic!("two reasons");
    };
    assert_eq!(planned, &[18, 19, 20, 38, 39, 40, 58, 59, 60]);
    assert_eq!(costs, &[5, 6, 7, 14, 15, 16, 23, 24, 25]);
    // Only the handrails are not known.
    let found = reasons(
        Upgrade::new()
            .equipment(|rental| item(rental).filter(|_| rental.service_code.as_str() == "171003"))
            .set(&files),
    );
    assert!(matches!(
        &found[0],
        Reason::EquipmentUnknown { records, .. } if records == &[19, 20, 39, 40, 59, 60]
    ));
    assert!(
        found[0]
            .explain(Lang::En)
            .contains("19, 20, 39, 40, 59, 60")
    );
}

#[test]
fn items_are_asked_for_with_what_tells_them_apart() {
    use std::cell::RefCell;

    let asked = RefCell::new(Vec::new());
    let files = sample("edition3-month-set");
    let name = Text::new("手すり　居室用").unwrap().into_owned();
    let notified = Upgrade::new().equipment(|rental| {
        asked.borrow_mut().push((
            rental.file,
            rental.service_code.to_string(),
            rental.units,
            rental.detail_number,
        ));
        Some(Equipment {
            code: ItemCode::Notification("00999-000001".parse().unwrap()),
            name: name.clone(),
        })
    });
    let upgraded = notified.set(&files).unwrap();
    let plan = &upgraded.sets[0].files[1].1;
    let row = records::<Table6Plan<'_>>(plan).nth(18).unwrap().unwrap();
    assert_eq!(row.tais_code, None);
    assert_eq!(row.notification_code.unwrap().as_str(), "00999-000001");
    assert_eq!(row.equipment_name, "手すり　居室用");
    let asked = asked.borrow();
    let code = |code: &str| code.to_owned();
    assert_eq!(
        asked[..3],
        [
            (FileKind::Table6Plan, code("171003"), Some(1000), None),
            (FileKind::Table6Plan, code("171007"), Some(300), Some(1)),
            (FileKind::Table6Plan, code("171007"), Some(250), Some(2)),
        ]
    );
    assert!(
        asked[9..]
            .iter()
            .all(|(file, ..)| *file == FileKind::Table7)
    );
}

/// A row of table 6 of edition 3.
fn row(person: &str, day: u8, code: &str, office: &str) -> String {
    format!(
        "202208,133594,{person},20240224,202403,1373960229,\"\",244,,202403{day:02},,0900,0930,1,{code},,{office},\"\",,0,,\r\n"
    )
}

const OFFICE: &str = "1378034246";
const OTHER: &str = "1372600003";
const PEOPLE: [&str; 3] = ["0000000001", "0000000002", "0000000003"];

/// A month set of edition 3 with these rows of table 6, and the rest for the same persons.
fn month(rows: &[String]) -> Files {
    let mut people: Vec<&str> = rows.iter().map(|row| &row[14..24]).collect();
    people.dedup();
    let costs: String = people
        .iter()
        .map(|person| format!("202208,133594,{person},20240224,202403,\"\",9999999999,,999999,0,,,0,{}0,9999999999,,,\r\n", ",".repeat(16)))
        .collect();
    let supplement: String = people
        .iter()
        .map(|person| {
            format!(
                "202208,133594,{person},00000000,\"\",\"\",{}202403\r\n",
                ",".repeat(56)
            )
        })
        .collect();
    let ends = "1373960229_1378034246_20240224115635.CSV";
    vec![
        (format!("UPPLAN_202403_{ends}"), rows.concat().into_bytes()),
        (format!("UPSIKYU_202403_{ends}"), costs.into_bytes()),
        (format!("UPHOSOKU_202403_{ends}"), supplement.into_bytes()),
    ]
}

/// Sender's type, receiver's type, persons of table 6 with the number of rows.
type Way = (String, String, Vec<(String, usize)>);

fn routes(files: &Files) -> Vec<Way> {
    let upgraded = Upgrade::new().equipment(item).set(files).unwrap();
    upgraded
        .sets
        .iter()
        .map(|set| {
            let grouping = group(set.files.iter().map(|(name, _)| name.to_string()));
            assert_eq!(grouping.sets[0].kind(), Ok(SetKind::MonthlyPlan));
            let plan = set
                .files
                .iter()
                .find(|(name, _)| name.kind() == FileKind::Table6Plan);
            let mut people: Vec<(String, usize)> = Vec::new();
            for record in records::<Table6Plan<'_>>(&plan.unwrap().1) {
                let person = record.unwrap().insured_number.to_string();
                match people.last_mut() {
                    Some((last, count)) if *last == person => *count += 1,
                    _ => people.push((person, 1)),
                }
            }
            // The dependent tables have the same persons.
            for (name, bytes) in &set.files {
                if name.kind() == FileKind::Table7 {
                    let costs = records::<Table7<'_>>(bytes)
                        .map(|record| record.unwrap().insured_number.to_string());
                    assert!(costs.eq(people.iter().map(|(person, _)| person.clone())));
                }
            }
            let code = |kind: Option<ServiceType>| kind.unwrap().to_string();
            (
                code(set.sender.service_type),
                code(set.receiver.service_type),
                people,
            )
        })
        .collect()
}

#[test]
fn an_office_with_several_types_gets_a_set_for_each() {
    let [a, b, c] = PEOPLE;
    let count = |person: &str, rows| (person.to_owned(), rows);
    let both =
        |sender: &str, receiver: &str, people| (sender.to_owned(), receiver.to_owned(), people);
    // Home help and nursing: each set has the persons with that type, and all their rows.
    let files = month(&[
        row(a, 1, "111111", OFFICE),
        row(a, 2, "151111", OTHER),
        row(b, 1, "131211", OFFICE),
        row(c, 1, "111111", OFFICE),
        row(c, 2, "131211", OFFICE),
    ]);
    assert_eq!(
        routes(&files),
        [
            both("43", "11", vec![count(a, 2), count(c, 2)]),
            both("43", "13", vec![count(b, 1), count(c, 2)]),
        ]
    );
    // Care and preventive care: the care manager's type differs as well.
    let files = month(&[row(a, 1, "131211", OFFICE), row(b, 1, "631211", OFFICE)]);
    assert_eq!(
        routes(&files),
        [
            both("43", "13", vec![count(a, 1)]),
            both("46", "63", vec![count(b, 1)])
        ]
    );
    // Only preventive services; those of the municipality are too.
    let files = month(&[row(a, 1, "A21111", OFFICE), row(a, 2, "661111", OTHER)]);
    assert_eq!(routes(&files), [both("46", "A2", vec![count(a, 2)])]);
    // One who came to need care may keep a municipality's service.
    let files = month(&[row(a, 1, "A21111", OFFICE), row(a, 2, "161111", OTHER)]);
    assert_eq!(routes(&files), [both("43", "A2", vec![count(a, 2)])]);
    // A person without services of the receiver goes along where there is one way only.
    let files = month(&[row(a, 1, "111111", OFFICE), row(b, 1, "151111", OTHER)]);
    assert_eq!(
        routes(&files),
        [both("43", "11", vec![count(a, 1), count(b, 1)])]
    );
}

#[test]
fn what_the_records_do_not_tell_has_to_be_given() {
    let [a, b, c] = PEOPLE;
    let unknown = |files: &Files| reasons(Upgrade::new().equipment(item).set(files));
    // Nothing is for the receiver.
    let files = month(&[row(a, 1, "151111", OTHER)]);
    assert!(matches!(
        unknown(&files).as_slice(),
        [Reason::ServiceTypes { side: Side::Receiver, types }] if types.is_empty()
    ));
    let given = Upgrade::new()
        .receiver_type(kind("11"))
        .set(&files)
        .unwrap();
    assert_eq!(given.sets[0].receiver.service_type, Some(kind("11")));
    // Care and preventive care for one person.
    let files = month(&[row(a, 1, "131211", OFFICE), row(a, 9, "631211", OFFICE)]);
    assert!(matches!(
        unknown(&files).as_slice(),
        [Reason::ServiceTypes { side: Side::Sender, types }] if types == &[kind("43"), kind("46")]
    ));
    let given = Upgrade::new().sender_type(kind("43")).set(&files).unwrap();
    assert_eq!(given.sets.len(), 2);
    let given = Upgrade::new()
        .sender_type(kind("43"))
        .receiver_type(kind("13"))
        .set(&files)
        .unwrap();
    assert_eq!(given.sets.len(), 1);
    // Two ways, and a person for whom neither is told: in all three files.
    let files = month(&[
        row(a, 1, "111111", OFFICE),
        row(b, 1, "131211", OFFICE),
        row(c, 1, "151111", OTHER),
    ]);
    let found = unknown(&files);
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|reason| matches!(
        reason,
        Reason::Unplaced { records, .. } if records == &[3]
    )));
    // Deletions of plans tell nothing.
    let files = vec![(
        "DLT1KYO_1373960229_1378034246_20240224115635.CSV".to_owned(),
        b"202208,133594,0462428004,20240209\r\n".to_vec(),
    )];
    assert_eq!(unknown(&files).len(), 2);
    let given = Upgrade::new()
        .sender_type(kind("43"))
        .receiver_type(kind("11"))
        .set(&files)
        .unwrap();
    let (name, bytes) = &given.sets[0].files[0];
    assert_eq!(
        name.to_string(),
        "DLT1KYO_1373960229_43_1378034246_11_20240224115635.CSV"
    );
    assert_eq!(bytes, b"202407,133594,0462428004,20240209\r\n");
    // Plans are not sent by home helpers.
    let found = reasons(
        Upgrade::new()
            .sender_type(kind("11"))
            .receiver_type(kind("11"))
            .set(&files),
    );
    assert!(matches!(found.as_slice(), [Reason::Name(_)]));
}

#[test]
fn actuals_go_by_the_types_of_their_rows() {
    let [a, b, _] = PEOPLE;
    let name = |prefix: &str| format!("{prefix}_202403_1378034246_1373960229_20240402115635.CSV");
    let rows = [
        row(a, 1, "131211", OFFICE),
        row(b, 1, "631211", OFFICE),
        row(a, 8, "131211", OFFICE),
    ];
    let files = vec![(name("UPJSK"), rows.concat().into_bytes())];
    let upgraded = Upgrade::new().set(&files).unwrap();
    let found: Vec<(String, usize)> = upgraded
        .sets
        .iter()
        .map(|set| {
            let (name, bytes) = &set.files[0];
            (name.to_string(), records::<Table6Actual<'_>>(bytes).count())
        })
        .collect();
    let expected = |name: &str, rows| (name.to_owned(), rows);
    assert_eq!(
        found,
        [
            expected(
                "UPJSK_202403_1378034246_13_1373960229_43_20240402115635.CSV",
                2
            ),
            expected(
                "UPJSK_202403_1378034246_63_1373960229_46_20240402115635.CSV",
                1
            ),
        ]
    );
    // Given, all goes one way.
    let upgraded = Upgrade::new()
        .sender_type(kind("13"))
        .receiver_type(kind("43"))
        .set(&files)
        .unwrap();
    assert_eq!(upgraded.sets.len(), 1);
    // Deletions of actuals say the type.
    let files = vec![(
        name("DLTJSK"),
        b"202208,133594,0462428004,202403,1378034246,11\r\n".to_vec(),
    )];
    let upgraded = Upgrade::new().set(&files).unwrap();
    let (name, bytes) = &upgraded.sets[0].files[0];
    assert_eq!(
        name.to_string(),
        "DLTJSK_202403_1378034246_11_1373960229_43_20240402115635.CSV"
    );
    assert_eq!(records::<Table6ActualDeletion>(bytes).count(), 1);
    // A type that the table does not have.
    let files = vec![(
        "UPJSK_202403_1378034246_1373960229_20240402115635.CSV".to_owned(),
        row(a, 1, "991111", OFFICE).into_bytes(),
    )];
    assert!(matches!(
        reasons(Upgrade::new().set(&files)).as_slice(),
        [Reason::ServiceTypes {
            side: Side::Sender,
            ..
        }]
    ));
}

#[test]
fn what_is_no_sending_of_edition_3_is_refused() {
    let refused = |files: &Files| reasons(Upgrade::new().set(files));
    // Already 4.1, by name.
    let found = refused(&vec![sample("deletions").remove(0)]);
    assert!(matches!(
        found.as_slice(),
        [Reason::NotEdition3 {
            file: FileKind::Table1Deletion
        }]
    ));
    // Already 4.1, by its records.
    let files = vec![(
        "DLT1KYO_1373960229_1378034246_20240224115635.CSV".to_owned(),
        b"202407,133594,0462428004,20240209\r\n".to_vec(),
    )];
    assert!(matches!(
        refused(&files).as_slice(),
        [Reason::NotEdition3 { .. }]
    ));
    // Preventive files, which edition 3 has not.
    let files = vec![(
        "UPKIHON_1373960229_1378034246_20240224115635.CSV".to_owned(),
        Vec::new(),
    )];
    assert!(matches!(refused(&files).as_slice(), [Reason::Set(_)]));
    assert!(matches!(
        reasons(Upgrade::new().file(FileKind::BasicInformation, b"202208,")).as_slice(),
        [Reason::NotEdition3 {
            file: FileKind::BasicInformation
        }]
    ));
    // Something is missing, something is strange, there is too much, there is nothing.
    let mut files = sample("edition3-month-set");
    let last = files.pop().unwrap();
    assert!(matches!(refused(&files).as_slice(), [Reason::Set(_)]));
    files.push(last);
    files.push(("notes.txt".to_owned(), Vec::new()));
    assert!(matches!(refused(&files).as_slice(), [Reason::Name(_)]));
    files.pop();
    files.extend(
        sample("edition3-plan-set")
            .into_iter()
            .map(|(name, bytes)| (name.replace("20240224115635", "20240224115636"), bytes)),
    );
    assert!(matches!(refused(&files).as_slice(), [Reason::SeveralSets]));
    assert!(matches!(refused(&Vec::new()).as_slice(), [Reason::Set(_)]));
}

#[test]
fn departures_from_edition_3_are_told_with_their_place() {
    let mut files = sample("edition3-month-set");
    let plan = files
        .iter_mut()
        .find(|(name, _)| name.starts_with("UPPLAN"))
        .unwrap();
    // The second record's insured number lost its zero.
    let at = plan.1.windows(2).position(|two| two == b"\r\n").unwrap() + 2;
    plan.1.remove(at + 14);
    let found = reasons(Upgrade::new().equipment(item).set(&files));
    let [Reason::Read(error)] = found.as_slice() else {
        panic!("one reason");
    };
    assert_eq!((error.line(), error.column_number()), (Some(2), Some(3)));
    assert!(error.file().unwrap().starts_with("UPPLAN_202403"));
    assert!(!error.to_string().contains("859479167"));
}

proptest! {
    /// Table 6 of edition 3 with any values becomes the same values in 4.1, the new columns empty.
    #[test]
    fn values_are_kept(
        units in proptest::option::of(0u32..=999_999),
        day in 1u8..=31,
        count in 0u32..=99,
        detail in proptest::option::of(0u32..=99),
        name in "[ぁ-んァ-ヶ亜-瑤 ,\"a-z\r\n]{0,12}",
        satellite in proptest::option::of("[0-9]{1,2}"),
    ) {
        let name = careplan_tables::ms932::encode(&name);
        prop_assume!(name.is_ok());
        let name = Text::from_ms932(name.unwrap()).unwrap();
        let line = row(PEOPLE[0], day, "111111", OFFICE);
        let mut third = records::<Table6Plan<'_>>(line.as_bytes()).next().unwrap().unwrap();
        third.units = units;
        third.count = count;
        third.detail_number = detail;
        third.service_office_name = name;
        third.satellite_number = satellite.map(|digits| digits.parse().unwrap());
        let write = |record: &Table6Plan<'_>| {
            let mut writer = careplan_tables::Writer::<Table6Plan<'_>, _>::new(Vec::new());
            writer.write(record).unwrap();
            writer.finish().unwrap()
        };
        let before = write(&third);
        let after = Upgrade::new().file(FileKind::Table6Plan, &before).unwrap();
        third.csv_version = Edition::Fourth;
        prop_assert_eq!(&write(&third), &after);
        let read = records::<Table6Plan<'_>>(&after).next().unwrap().unwrap();
        prop_assert_eq!(Table6Plan::edition(&read), Edition::Fourth);
        prop_assert!(read.tais_code.is_none() && read.equipment_name.is_empty());
    }
}

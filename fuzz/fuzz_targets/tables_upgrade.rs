//! Upgrading files of edition 3. The first byte chooses the file, and whether items of equipment
//! are known; the rest is the file.
//!
//! What reads strictly as edition 3 becomes a file of as many records that reads strictly as
//! edition 4.1, or there is a reason; and the set it makes is one of the standard's.
#![no_main]

use careplan_core::{Edition, Explain, Lang};
use careplan_tables::upgrade::{Equipment, ItemCode, Upgrade, UpgradeError};
use careplan_tables::{FileKind, Table, TableVisitor, Text, group, records};
use libfuzzer_sys::fuzz_target;

/// What goes with tables 1 and 6 in a set; the persons are those of the seeds.
const SUPPLEMENT: &[u8] = include_bytes!(
    "../../samples/edition3-month-set/UPHOSOKU_202403_1373960229_1378034246_20240224115635.CSV"
);
const COSTS: &[u8] = include_bytes!(
    "../../samples/edition3-month-set/UPSIKYU_202403_1373960229_1378034246_20240224115635.CSV"
);

fuzz_target!(|input: &[u8]| {
    let Some((&choice, file)) = input.split_first() else {
        return;
    };
    let kinds = FileKind::ALL;
    let kind = kinds[usize::from(choice & 0x7F) % kinds.len()];
    let known = choice & 0x80 == 0;
    let code = "00170-000123".parse().expect("a code");
    let upgrade = Upgrade::new().equipment(move |_| {
        known.then_some(Equipment { code: ItemCode::Tais(code), name: Text::EMPTY })
    });

    let upgraded = upgrade.file(kind, file);
    match (kind.visit(Count(file, Edition::Third)), &upgraded) {
        (Some(before), Ok(upgraded)) => {
            assert_eq!(kind.visit(Count(upgraded, Edition::Fourth)), Some(before));
        }
        (None, Ok(_)) => panic!("upgraded what is not of edition 3"),
        (_, Err(error)) => explained(error),
    }

    let files = match kind {
        FileKind::Table6Plan => vec![
            ("UPPLAN_202403_1373960229_1378034246_20240224115635.CSV", file),
            ("UPSIKYU_202403_1373960229_1378034246_20240224115635.CSV", COSTS),
            ("UPHOSOKU_202403_1373960229_1378034246_20240224115635.CSV", SUPPLEMENT),
        ],
        FileKind::Table6Actual => {
            vec![("UPJSK_202403_1378034246_1373960229_20240402115635.CSV", file)]
        }
        FileKind::Table6ActualDeletion => {
            vec![("DLTJSK_202403_1378034246_1373960229_20240402115635.CSV", file)]
        }
        _ => return,
    };
    match upgrade.set(&files) {
        Ok(sets) => {
            let upgraded = upgraded.expect("a set is its files");
            let before = kind.visit(Count(&upgraded, Edition::Fourth)).expect("just made");
            let mut after = 0;
            for set in &sets.sets {
                assert!(set.to_add.is_empty());
                let grouping = group(set.files.iter().map(|(name, _)| name.to_string()));
                assert!(grouping.strangers.is_empty());
                assert_eq!(grouping.sets.len(), 1);
                grouping.sets[0].kind().expect("a set of the standard");
                for (name, bytes) in &set.files {
                    let count = name.kind().visit(Count(bytes, Edition::Fourth));
                    let count = count.expect("each file reads strictly");
                    if name.kind() == kind {
                        after += count;
                    }
                }
            }
            // Plans of a person may go to two service types; nothing gets lost.
            assert!(after >= before);
            if kind != FileKind::Table6Plan || sets.sets.len() == 1 {
                assert_eq!(after, before);
            }
        }
        Err(error) => explained(&error),
    }
});

fn explained(error: &UpgradeError) {
    assert!(!error.reasons().is_empty());
    for lang in [Lang::Ja, Lang::En] {
        assert!(!error.explain(lang).is_empty());
    }
}

/// How many records a file has, if it reads strictly as a file of an edition.
struct Count<'b>(&'b [u8], Edition);

impl TableVisitor for Count<'_> {
    type Output = Option<usize>;

    fn visit<T: Table>(self) -> Option<usize> {
        records::<T>(self.0).try_fold(0, |count, record| {
            (T::edition(&record.ok()?) == self.1).then_some(count + 1)
        })
    }
}

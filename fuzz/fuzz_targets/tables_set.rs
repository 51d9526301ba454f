//! Grouping names, one per line, into sets.
#![no_main]

use careplan_core::{Explain, Lang, SetKind};
use careplan_tables::{FileKind, group};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|folder: &str| {
    let names: Vec<&str> = folder.lines().collect();
    let grouping = group(names.iter().copied());

    // Every name is somewhere, once.
    let mut found: Vec<&str> = grouping
        .sets
        .iter()
        .flat_map(|set| set.names())
        .chain(grouping.documents.iter().map(String::as_str))
        .chain(grouping.strangers.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut expected = names.clone();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);

    // The order in which the folder is listed does not matter.
    assert_eq!(group(names.iter().rev().copied()), grouping);

    let mut last = None;
    for set in &grouping.sets {
        assert!(last <= Some(set.sequence()));
        last = Some(set.sequence());
        for file in set.files() {
            assert_eq!(file.name.sequence(), set.sequence());
            assert_eq!(file.name.sender(), set.sender());
            assert_eq!(file.name.receiver(), set.receiver());
            assert_eq!(file.name.edition(), set.edition());
        }
        match set.kind() {
            Ok(kind) => {
                // Of each kind one, and each of the edition.
                let mut kinds: Vec<FileKind> =
                    set.files().iter().map(|file| file.name.kind()).collect();
                assert!(kinds.iter().all(|kind| kind.layout().is_in(set.edition())));
                let count = kinds.len();
                kinds.dedup();
                assert_eq!(kinds.len(), count);
                if kind == SetKind::MonthlyPlan {
                    assert_eq!(count, 3);
                }
            }
            Err(fault) => {
                assert!(!fault.explain(Lang::Ja).is_empty());
                assert!(!fault.explain(Lang::En).is_empty());
            }
        }
    }
});

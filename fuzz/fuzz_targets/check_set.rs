//! Any files, checked together and by themselves: reports are ordered, capped and counted, and
//! what the strict reader refuses is what is reported.
//!
//! The input is files one after another, each ended by the byte FF (no part of MS932); the first
//! byte of each chooses its name.
#![no_main]

#[path = "../../crates/careplan-check/tests/invariants/mod.rs"]
mod invariants;

use careplan_tables::FileKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let files: Vec<_> = input
        .split(|byte| *byte == 0xFF)
        .filter_map(|file| file.split_first())
        .take(4)
        .map(|(&choice, bytes)| (name(choice), bytes.to_vec()))
        .collect();
    invariants::hold(&files);
});

/// A name of either edition, or now and then none.
fn name(choice: u8) -> String {
    let kinds = FileKind::ALL;
    let layout = kinds[usize::from(choice & 0x1F) % kinds.len()].layout();
    let month = match (layout.month_in_name, choice & 0x80) {
        (false, _) => "",
        (true, 0) => "_202610",
        (true, _) => "_000000",
    };
    let offices = match choice & 0x60 {
        0x20 => "1370948774_1375169671",
        0x60 => "1370948774_1370948774",
        _ => "1370948774_43_1375169671_11",
    };
    format!("{}{month}_{offices}_20260921113320.CSV", layout.prefix)
}

//! Log files: reading stops at the first thing that is wrong, without panic or endless memory.
#![no_main]

use careplan_envelope::evidence::LogReader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let Ok(mut reader) = LogReader::new(log) else {
        return;
    };
    let mut length = 24;
    while let Ok(Some(entry)) = reader.next_entry() {
        length += 36 + entry.len();
    }
    assert!(length <= log.len());
});

//! Names of files and pictures.
#![no_main]

use careplan_core::{Explain, Lang};
use careplan_tables::{FileName, PictureName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<FileName>() {
        Ok(name) => {
            // The rule's form of a name is a name, and its own rule's form.
            let written = name.to_string();
            let again: FileName = written.parse().expect("it follows the rule");
            assert_eq!(again.to_string(), written);
            assert_eq!(
                (again.kind(), again.month(), again.sender(), again.receiver(), again.sequence()),
                (name.kind(), name.month(), name.sender(), name.receiver(), name.sequence())
            );
            let built = FileName::new(
                name.kind(),
                name.month(),
                name.sender(),
                name.receiver(),
                name.sequence(),
            );
            match built {
                Ok(built) => {
                    assert_eq!(built, again);
                    // Without oddities only the extension's case may differ.
                    if name.oddities().next().is_none() {
                        assert!(written.eq_ignore_ascii_case(text));
                    }
                }
                Err(_) => assert!(again.oddities().next().is_some()),
            }
        }
        Err(error) => {
            assert!(!error.explain(Lang::Ja).is_empty());
            assert!(!error.explain(Lang::En).is_empty());
        }
    }
    if let Ok(picture) = text.parse::<PictureName>() {
        let again: PictureName = picture.to_string().parse().expect("it follows the rule");
        assert_eq!(again, picture);
    }
});

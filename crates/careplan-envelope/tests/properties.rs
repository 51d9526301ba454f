//! Whatever may be sent arrives as it was sent, and damage never passes for it.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::collections::HashSet;
use std::io::Cursor;
use std::sync::LazyLock;

use careplan_envelope::*;
use common::{authority, container_with, now, signer, verifier};
use proptest::prelude::*;

struct Sides {
    signer: SoftwareSigner,
    verifier: Verifier,
}

static SIDES: LazyLock<Sides> = LazyLock::new(|| {
    let mut authority = authority();
    Sides {
        signer: signer(&mut authority),
        verifier: verifier(&authority),
    }
});

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z0-9_]{1,40}\\.CSV",
        "[一-龠ぁ-んァ-ヶ（）　 .a-zA-Z0-9~%&+#=@!$',;^`{}\\[\\]-]{1,40}",
        "\\PC{1,20}",
    ]
    .prop_filter("a name that may be sent", |name| is_file_name(name))
}

fn files() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let contents = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        (any::<u8>(), 0..200_000_usize).prop_map(|(byte, len)| vec![byte; len.min(60_000)]),
        "([0-9]{1,4},){1,200}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec((name(), contents), 1..6).prop_filter("different names", |files| {
        let names: HashSet<String> = files.iter().map(|(name, _)| name.to_lowercase()).collect();
        names.len() == files.len()
    })
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::Stored), Just(Compression::Deflate)]
}

fn signed(files: &[(String, Vec<u8>)], compression: Compression) -> Vec<u8> {
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, contents)| (name.as_str(), contents.as_slice()))
        .collect();
    container_with(&SIDES.signer, compression, &files).1
}

/// The files of a container, if it verifies.
fn taken_out(container: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut envelope = SIDES.verifier.verify(Cursor::new(container), now()).ok()?;
    let names: Vec<String> = envelope
        .files()
        .iter()
        .map(|file| file.name.clone())
        .collect();
    let files = names.into_iter().map(|name| {
        let contents = envelope.read_file(&name).unwrap();
        (name, contents)
    });
    Some(files.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sent_arrives(files in files(), compression in compression()) {
        prop_assert_eq!(taken_out(&signed(&files, compression)), Some(files));
    }

    #[test]
    fn damage_is_refused_or_changes_nothing(
        files in files(),
        compression in compression(),
        cut in any::<proptest::sample::Index>(),
        length in 0..40_usize,
        put in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let container = signed(&files, compression);
        let start = cut.index(container.len());
        let end = (start + length).min(container.len());
        let damaged = [&container[..start], &put, &container[end..]].concat();
        if let Some(found) = taken_out(&damaged) {
            prop_assert_eq!(found, files);
            prop_assert!(damaged == container || compression == Compression::Deflate);
        }
    }

    #[test]
    fn names_that_may_not_be_sent_are_refused_on_both_sides(name in "\\PC{0,10}") {
        let mut writer =
            EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default()).unwrap();
        prop_assert_eq!(writer.add(&name, &mut &b""[..]).is_ok(), is_file_name(&name));
    }
}

//! Keeps the tables of docs/operations.md as the code has them.
//!
//! To write them anew after a change:
//! `BLESS=1 cargo test -p careplan-platform --test operations_page`.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use careplan_platform::{Settings, metrics_table};

#[test]
fn the_tables_of_the_operators_guide_are_those_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations.md");
    let page = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\r\n", "\n");
    let mut current = page.clone();
    for (name, table) in [
        ("settings", Settings::table()),
        ("metrics", metrics_table()),
    ] {
        let (begin, end) = (
            format!("<!-- {name}: made from the code -->\n"),
            format!("<!-- end of {name} -->"),
        );
        let (before, rest) = current.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        current = format!("{before}{begin}{table}{end}{after}");
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &current).unwrap();
    } else {
        assert!(
            page == current,
            "docs/operations.md is not current; run the test with BLESS=1 and commit the page"
        );
    }
}

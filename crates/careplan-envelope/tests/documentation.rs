//! docs/envelope.md says what the code does.

use std::path::Path;

use careplan_core::{Explain, Lang};
use careplan_envelope::Refusal;

const START: &str = "<!-- reason codes: made from the code; run the test with UPDATE_DOCS=1 to write them again -->\n";
const END: &str = "<!-- end of reason codes -->\n";

fn table() -> String {
    let mut table = "| code | English | 日本語 |\n| --- | --- | --- |\n".to_owned();
    for refusal in Refusal::ALL {
        let [en, ja] = [Lang::En, Lang::Ja].map(|lang| refusal.explain(lang));
        table.push_str(&format!("| `{}` | {en} | {ja} |\n", refusal.code()));
    }
    table
}

#[test]
fn the_page_lists_every_reason() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/envelope.md");
    let page = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\r\n", "\n");
    let (before, rest) = page.split_once(START).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let page = [before, START, &table(), END, after].concat();
        std::fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(
        listed,
        table(),
        "run the test with UPDATE_DOCS=1 and look at the difference"
    );
}

#[test]
fn the_page_names_the_default_profile() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/envelope.md");
    let page = std::fs::read_to_string(path).unwrap();
    let profile = serde_json::to_value(careplan_envelope::CertificateProfile::default()).unwrap();
    let mut texts = vec![profile["office_number"]["attribute"].clone()];
    for kind in profile["kinds"].as_array().unwrap() {
        texts.push(kind["mark"]["policy"].clone());
    }
    assert_eq!(texts.len(), 6);
    for text in texts {
        let text = text.as_str().unwrap();
        assert!(page.contains(text), "{text}");
    }
}

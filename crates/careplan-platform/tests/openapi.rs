//! The OpenAPI document against the platform that serves it: Schemathesis makes calls from the
//! document, right and wrong, and judges every answer by it.
//!
//! Needs the Python programs that `cargo xtask test` sets up (`CAREPLAN_PYTHON`).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod common;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use careplan_platform::PasswordValidity;
use careplan_protocol::{Receipt, path};
use common::{Call, MANAGER, Office, PASSWORD, SERVICE, World, month_set};
use tempfile::TempDir;

#[test]
fn the_document_is_served_as_it_is_in_the_repository() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let path = path::description();
    let served = world.call(&office.agent, Call::get(&path)).unwrap();
    let served: serde_json::Value = served.json();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let committed: serde_json::Value =
        serde_json::from_slice(&fs::read(committed).unwrap()).unwrap();
    assert_eq!(served, committed);
}

#[test]
fn no_answer_departs_from_the_document() {
    let Some(schemathesis) = Schemathesis::new() else {
        eprintln!("left out: CAREPLAN_PYTHON is not set");
        return;
    };
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let receipt = world.session(&manager).send_month_set();
    world.platform().take_in_evidence().unwrap();
    let container = manager.seal(&month_set(), world.now());
    fs::write(schemathesis.file("container"), container).unwrap();

    // Everything but what ends the session, with numbers that lead to nothing …
    let without_the_end = [
        ["--exclude-operation-id", "logOut"],
        ["--exclude-operation-id", "changePassword"],
    ];
    schemathesis.run(&world, &manager, None, without_the_end.as_flattened());
    // … then with a sending there is, by its receiver and by its sender …
    let about_it = ["--include-path-regex", "sendings/.sending"];
    schemathesis.run(&world, &service, Some(&receipt), &about_it);
    schemathesis.run(&world, &manager, Some(&receipt), &about_it);
    // … and at last the end.
    let the_end = [
        ["--include-operation-id", "logOut"],
        ["--include-operation-id", "changePassword"],
    ];
    schemathesis.run(&world, &service, None, the_end.as_flattened());
}

/// Schemathesis, and a folder with what it needs.
struct Schemathesis {
    python: OsString,
    folder: TempDir,
}

impl Schemathesis {
    /// None where the tests run without Python.
    fn new() -> Option<Self> {
        let python = std::env::var_os("CAREPLAN_PYTHON");
        assert!(
            python.is_some() || std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
            "CAREPLAN_PYTHON is not set"
        );
        Some(Self {
            python: python?,
            folder: tempfile::tempdir().unwrap(),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes calls as an office, about a sending if one is given, and judges the answers.
    fn run(&self, world: &World, office: &Office, about: Option<&Receipt>, choice: &[&str]) {
        // The run before has tried many passwords: the office is locked out.
        let operator = world.platform().administration();
        let password = PASSWORD.parse().unwrap();
        operator
            .set_password(
                office.number,
                office.user,
                &password,
                PasswordValidity::Unlimited,
            )
            .unwrap();
        let token = world.log_in(office).access_token;
        let key = office.signer.key().to_pem().unwrap();
        fs::write(self.file("office.pem"), pem(&office.certificate)).unwrap();
        fs::write(self.file("office.key"), key.as_bytes()).unwrap();
        fs::write(
            self.file("authority.pem"),
            pem(world.authority.certificate()),
        )
        .unwrap();
        fs::write(self.file("schemathesis.toml"), settings(about)).unwrap();
        let output = Command::new(&self.python)
            .args(["-m", "schemathesis.cli", "run"])
            .arg(world.url(&path::description()))
            .args(["--request-cert", "office.pem"])
            .args(["--request-cert-key", "office.key"])
            .args(["--tls-verify", "authority.pem"])
            .arg("--header")
            .arg(format!("Authorization: Bearer {}", token.expose()))
            .args(["--phases", "examples,coverage,fuzzing"])
            .args(["--max-examples", "5", "--generation-deterministic"])
            .args(["--checks", "all", "--continue-on-failure", "--no-color"])
            .args(choice)
            .env("CAREPLAN_CONTAINER", self.file("container"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env(
                "PYTHONPATH",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis"),
            )
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{choice:?}: {said}\n{failed}");
        // A run that tested nothing would succeed too.
        assert!(said.contains("Test cases:"), "{choice:?}: {said}");
    }
}

/// What may become of calls that are right by the document: no answer a program could have
/// foreseen from it (400, 413, 415), and none that says the platform failed (5xx).
fn settings(about: Option<&Receipt>) -> String {
    let mut settings = r#"
hooks = "hooks"
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"#
    .to_owned();
    if let Some(receipt) = about {
        settings.push_str(&format!(
            "[parameters]\n\"path.sending\" = \"{}\"\n",
            receipt.sending
        ));
    }
    settings
}

fn pem(certificate: &[u8]) -> String {
    let base64 = STANDARD.encode(certificate);
    let lines: Vec<&str> = (0..base64.len())
        .step_by(64)
        .filter_map(|at| base64.get(at..base64.len().min(at + 64)))
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

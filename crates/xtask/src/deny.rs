//! cargo-deny: licences, sources, duplicate versions, and advisories where a database can be had.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use crate::process::{Result, cargo, run, succeeds};

/// All checks of deny.toml.
pub(crate) fn check() -> Result<()> {
    run(&mut cargo(&[
        "deny",
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    if !succeeds(&mut with_database(&["deny", "fetch", "db"])) {
        println!(
            "advisories: not checked, the RustSec database cannot be fetched here; \
             set RUSTSEC_DB to a git clone of it"
        );
        return Ok(());
    }
    run(&mut with_database(&["deny", "check", "advisories"]))
}

/// A cargo whose git takes the RustSec database from the clone in `RUSTSEC_DB`, if that is set.
fn with_database(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    if let Some(clone) = env::var_os("RUSTSEC_DB") {
        let mut key = OsString::from("url.file://");
        key.push(clone);
        key.push(".insteadOf");
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", key)
            .env(
                "GIT_CONFIG_VALUE_0",
                "https://github.com/RustSec/advisory-db",
            );
    }
    command
}

//! Building every fuzz target and running each for a few seconds on its committed corpus.

use std::env;
use std::fs;
use std::process::Command;

use crate::process::{Result, cargo, output, root, run};

/// How long each target runs if `FUZZ_SECONDS` does not say.
const SECONDS: &str = "5";

/// cargo-fuzz wants nightly flags; the stable compiler takes them with this variable.
fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = cargo(&["fuzz"]);
    command.args(arguments).env("RUSTC_BOOTSTRAP", "1");
    if env::var_os("FUZZ_SECONDS").is_none() {
        // For seconds of fuzzing, little optimisation and no debug information: built in two
        // thirds of the time.
        command
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false");
    }
    command
}

/// Runs all targets from a copy-on-run corpus, so that the repository stays as it is.
pub(crate) fn run_all() -> Result<()> {
    let seconds = env::var("FUZZ_SECONDS").unwrap_or_else(|_| SECONDS.to_owned());
    let limit = format!("-max_total_time={seconds}");
    let targets = output(&mut cargo_fuzz(&["list"]))?;
    run(&mut cargo_fuzz(&["build"]))?;
    for target in targets.split_whitespace() {
        // libFuzzer writes what it finds into the first corpus; the committed one only reads.
        let found = root().join("fuzz/target/found").join(target);
        fs::create_dir_all(&found).map_err(|error| format!("{}: {error}", found.display()))?;
        let corpus = root().join("fuzz/corpus").join(target);
        if !corpus.is_dir() {
            return Err(format!("{target} has no corpus at {}", corpus.display()));
        }
        run(cargo_fuzz(&["run", target]).arg(found).arg(corpus).args([
            "--",
            &limit,
            "-verbosity=0",
            "-print_final_stats=0",
        ]))?;
    }
    Ok(())
}

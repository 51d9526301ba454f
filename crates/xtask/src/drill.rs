//! The long forms of the drills; `cargo xtask test` has short ones among its tests.

use std::process::Command;

use crate::process::{Result, cargo, run, target};
use crate::tools;

/// Every drill with the options of its long form.
const DRILLS: &[(&str, &[&str])] = &[
    ("kill", &["--kills", "200"]),
    (
        "kill",
        &[
            "--victim",
            "database",
            "--kills",
            "200",
            "--storage",
            "cluster",
        ],
    ),
    ("disk", &["--rounds", "20"]),
    (
        "disk",
        &[
            "--victim",
            "database",
            "--rounds",
            "20",
            "--storage",
            "cluster",
        ],
    ),
    ("idle", &["--connections", "10000", "--storage", "embedded"]),
    ("upload", &["--megabytes", "300"]),
];
/// The client's simulated months, a drill of another kind: a test with more months.
const MONTHS: &str = "months";
const SIMULATED: &str = "10000";

/// Runs the named drills, or all, one after the other; what follows `--` goes to each in place of its
/// usual options.
pub(crate) fn run_all(arguments: &[String]) -> Result<()> {
    let (names, options) = match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], Some(&arguments[at + 1..])),
        None => (arguments, None),
    };
    let all: Vec<&str> = DRILLS
        .iter()
        .map(|(name, _)| *name)
        .chain([MONTHS])
        .collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(&name.as_str())) {
        return Err(format!(
            "no drill `{unknown}`; there are {}",
            all.join(", ")
        ));
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let wanted: Vec<_> = DRILLS.iter().filter(|(name, _)| is_wanted(name)).collect();
    if !wanted.is_empty() {
        build()?;
    }
    // If one fails, the others are worth running all the same.
    let mut failed = Vec::new();
    for (name, usual) in wanted {
        let mut drill = Command::new(target().join("release/drill"));
        drill.arg(name).env("CAREPLAN_REQUIRE_PEERS", "1");
        match options {
            Some(options) => drill.args(options),
            None => drill.args(*usual),
        };
        failed.extend(run(&mut drill).err());
    }
    if is_wanted(MONTHS) {
        failed.extend(simulate_months().err());
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join("\n"))
    }
}

/// Builds the platform and the drills, optimised.
fn build() -> Result<()> {
    tools::programs()?;
    run(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "careplan-examples",
        "--bin",
        "platform",
        "--bin",
        "drill",
        "--features",
        "cluster",
        "--locked",
    ]))
}

/// Months between clients and a platform that exist only in memory, of which a failing one prints
/// its seed; `CAREPLAN_SEED` gives the first.
fn simulate_months() -> Result<()> {
    run(cargo(&[
        "test",
        "--release",
        "--package",
        "careplan-client",
        "--test",
        "months",
        "--locked",
    ])
    .env("CAREPLAN_SIMULATED_MONTHS", SIMULATED))
}

//! The checks of `cargo xtask test`, one declaration each, in the order they run.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Result, cargo, output, root, run};
use crate::{deny, fuzz, python, tools};

/// One check.
pub(crate) struct Step {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// What it holds the repository to.
    pub(crate) about: &'static str,
    check: fn() -> Result<()>,
}

/// Cheap ones first, so that a slip is seen in seconds.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "tools",
        about: "programs the tests use are installed",
        check: tools::install,
    },
    Step {
        name: "fmt",
        about: "formatting",
        check: fmt,
    },
    Step {
        name: "clippy",
        about: "lints, warnings denied",
        check: clippy,
    },
    Step {
        name: "test",
        about: "unit, integration and documentation tests",
        check: test,
    },
    Step {
        name: "doc",
        about: "API documentation without warnings",
        check: doc,
    },
    Step {
        name: "exchange",
        about: "the README's exchange, and all sample folders",
        check: exchange,
    },
    Step {
        name: "benches",
        about: "benches build",
        check: benches,
    },
    Step {
        name: "fuzz",
        about: "fuzz targets build and run for some seconds",
        check: fuzz::run_all,
    },
    Step {
        name: "deny",
        about: "licences, advisories, duplicate versions, sources",
        check: deny::check,
    },
];

/// Runs the named steps, or all, and prints how long each took.
pub(crate) fn run_steps(names: &[String]) -> Result<()> {
    if let Some(unknown) = names
        .iter()
        .find(|name| STEPS.iter().all(|step| step.name != **name))
    {
        return Err(format!(
            "no step `{unknown}`; `cargo xtask steps` lists them"
        ));
    }
    let chosen: Vec<&Step> = STEPS
        .iter()
        .filter(|step| names.is_empty() || names.iter().any(|name| name == step.name))
        .collect();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in &chosen {
        println!("\n== {}: {}", step.name, step.about);
        let start = Instant::now();
        (step.check)().map_err(|error| format!("step `{}` failed: {error}", step.name))?;
        times.push((step.name, start.elapsed()));
    }
    println!("\n== all {} steps passed", chosen.len());
    for (name, time) in times {
        println!("{name:10} {:>6.1} s", time.as_secs_f64());
    }
    Ok(())
}

fn fmt() -> Result<()> {
    run_cargo(&["fmt", "--all", "--check"])
}

fn clippy() -> Result<()> {
    run_cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "--deny",
        "warnings",
    ])
}

fn test() -> Result<()> {
    // Tests against other programs fail rather than leave themselves out.
    run(
        cargo(&["test", "--workspace", "--all-features", "--locked"])
            .env("CAREPLAN_REQUIRE_PEERS", "1")
            .env(python::VARIABLE, python::interpreter()),
    )
}

fn doc() -> Result<()> {
    run(cargo(&[
        "doc",
        "--workspace",
        "--all-features",
        "--no-deps",
        "--locked",
    ])
    .env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Cargo for optimised programs that are to be built, not measured: without optimisation across
/// crates, which takes a third of the time.
fn optimised(arguments: &[&str]) -> Command {
    let mut command = cargo(arguments);
    command
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command
}

/// The README's first command as it stands there, then every sample folder.
fn exchange() -> Result<()> {
    const EXCHANGE: [&str; 6] = [
        "run",
        "--release",
        "-p",
        "careplan-examples",
        "--bin",
        "exchange",
    ];
    run(&mut optimised(&EXCHANGE))?;
    let samples = root().join("samples");
    let folders =
        std::fs::read_dir(&samples).map_err(|error| format!("{}: {error}", samples.display()))?;
    for folder in folders {
        let path = folder.map_err(|error| error.to_string())?.path();
        if !path.is_dir() {
            continue;
        }
        let json = output(
            optimised(&EXCHANGE)
                .args(["--quiet", "--", "--json", "--data"])
                .arg(&path),
        )?;
        println!("{}: {}", path.display(), json.trim());
        if !json.contains("\"identical\":true") {
            return Err(format!(
                "{}: not all files arrived identical",
                path.display()
            ));
        }
    }
    Ok(())
}

fn benches() -> Result<()> {
    run(&mut optimised(&[
        "bench",
        "--package",
        "careplan-benches",
        "--no-run",
        "--locked",
    ]))
}

fn run_cargo(arguments: &[&str]) -> Result<()> {
    run(&mut cargo(arguments))
}

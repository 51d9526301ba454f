//! Programs that the checks use: found, installed, or named with how to get them.

use std::process::Command;

use crate::process::{Result, cargo, run, succeeds};

/// A program that is not Rust's, with the Debian package that has it.
struct Program {
    name: &'static str,
    probe: &'static str,
    package: &'static str,
    needed_for: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program {
        name: "openssl",
        probe: "version",
        package: "openssl",
        needed_for: "checking signatures with a program not written here",
    },
    Program {
        name: "unzip",
        probe: "-v",
        package: "unzip",
        needed_for: "checking containers with a program not written here",
    },
    Program {
        name: "python3",
        probe: "--version",
        package: "python3",
        needed_for: "checking MS932 against Python's cp932",
    },
    Program {
        name: "c++",
        probe: "--version",
        package: "g++",
        needed_for: "building libFuzzer",
    },
];

/// A subcommand of cargo, installed from crates.io where it is missing.
struct Subcommand {
    name: &'static str,
    crate_name: &'static str,
    version: &'static str,
}

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "fuzz",
        crate_name: "cargo-fuzz",
        version: "0.13.2",
    },
    Subcommand {
        name: "deny",
        crate_name: "cargo-deny",
        version: "0.20.2",
    },
];

/// Components of the Rust toolchain itself.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// Installs what is missing, or says what is and how to get it.
pub(crate) fn install() -> Result<()> {
    components()?;
    programs()?;
    subcommands()
}

fn components() -> Result<()> {
    for (subcommand, component) in COMPONENTS {
        if !succeeds(&mut cargo(&[subcommand, "--version"])) {
            println!("installing the Rust component {component}");
            run(Command::new("rustup").args(["component", "add", component])).map_err(|error| {
                format!("{component} is missing: `rustup component add {component}` ({error})")
            })?;
        }
    }
    Ok(())
}

fn programs() -> Result<()> {
    let missing = || {
        PROGRAMS
            .iter()
            .filter(|program| !succeeds(Command::new(program.name).arg(program.probe)))
            .collect::<Vec<_>>()
    };
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = wanted.iter().map(|program| program.package).collect();
    println!("installing the Debian packages {}", packages.join(" "));
    // Failures are told below, by what is still missing.
    let _ = run(Command::new("apt-get").args(["update", "--quiet=2"])).and_then(|()| {
        run(Command::new("apt-get")
            .args(["install", "--yes", "--quiet=2", "--no-install-recommends"])
            .args(&packages)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    });
    match missing().as_slice() {
        [] => Ok(()),
        rest => {
            let lines: Vec<String> = rest
                .iter()
                .map(|program| {
                    format!(
                        "  {} (Debian package {}), for {}",
                        program.name, program.package, program.needed_for
                    )
                })
                .collect();
            Err(format!(
                "these programs are missing:\n{}\nInstall them, on Debian as root: apt-get update && apt-get install {}",
                lines.join("\n"),
                packages.join(" ")
            ))
        }
    }
}

fn subcommands() -> Result<()> {
    for Subcommand {
        name,
        crate_name,
        version,
    } in SUBCOMMANDS
    {
        if !succeeds(&mut cargo(&[name, "--version"])) {
            // Unoptimised: built once and run once, the build is what takes the time.
            run(&mut cargo(&[
                "install",
                "--locked",
                "--debug",
                "--version",
                version,
                crate_name,
            ]))?;
        }
    }
    Ok(())
}

//! Programs that the checks use: found, installed, or named with how to get them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{Result, cargo, run, succeeds};
use crate::python;

/// Something that is not Rust's, with the Debian package that has it.
struct Needed {
    name: &'static str,
    probe: Probe,
    package: &'static str,
    needed_for: &'static str,
}

/// How one sees that it is there.
enum Probe {
    /// The program of that name ends well with this argument.
    Runs(&'static str),
    /// One of these files is there.
    File(&'static [&'static str]),
    /// Python has this module.
    Imports(&'static str),
    /// In one of the folders of this folder, as versions have them, is this file.
    InVersion(&'static str, &'static str),
}

impl Needed {
    fn is_there(&self) -> bool {
        match self.probe {
            Probe::Runs(argument) => succeeds(Command::new(self.name).arg(argument)),
            Probe::File(paths) => paths.iter().any(|path| Path::new(path).exists()),
            Probe::Imports(module) => {
                succeeds(Command::new("python3").args(["-c", &format!("import {module}")]))
            }
            Probe::InVersion(folder, file) => fs::read_dir(folder).is_ok_and(|versions| {
                versions
                    .flatten()
                    .any(|version| version.path().join(file).exists())
            }),
        }
    }
}

const NEEDED: &[Needed] = &[
    Needed {
        name: "openssl",
        probe: Probe::Runs("version"),
        package: "openssl",
        needed_for: "checking signatures with a program not written here",
    },
    Needed {
        name: "unzip",
        probe: Probe::Runs("-v"),
        package: "unzip",
        needed_for: "checking containers with a program not written here",
    },
    Needed {
        name: "python3",
        probe: Probe::Runs("--version"),
        package: "python3",
        needed_for: "checking MS932 against Python's cp932",
    },
    Needed {
        name: "javac",
        probe: Probe::Runs("-version"),
        package: "default-jdk-headless",
        needed_for: "checking containers with Bouncy Castle",
    },
    Needed {
        name: "Bouncy Castle",
        probe: Probe::File(&["/usr/share/java/bcpkix.jar"]),
        package: "libbcpkix-java",
        needed_for: "checking containers with Bouncy Castle",
    },
    Needed {
        name: "softhsm2-util",
        probe: Probe::Runs("--version"),
        package: "softhsm2",
        needed_for: "signing with a key on a token",
    },
    Needed {
        name: "Python's venv",
        probe: Probe::Imports("ensurepip"),
        package: "python3-venv",
        needed_for: "programs in Python that tests use",
    },
    Needed {
        name: "PostgreSQL",
        probe: Probe::InVersion("/usr/lib/postgresql", "bin/initdb"),
        package: "postgresql",
        needed_for: "the platform's storage beyond one machine",
    },
    Needed {
        name: "chromium",
        probe: Probe::Runs("--version"),
        package: "chromium",
        needed_for: "using the pages as a person would",
    },
    Needed {
        name: "chromedriver",
        probe: Probe::Runs("--version"),
        package: "chromium-driver",
        needed_for: "using the pages as a person would",
    },
    Needed {
        name: "c++",
        probe: Probe::Runs("--version"),
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
    subcommands()?;
    python::install()
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

/// Installs the programs that are missing.
pub(crate) fn programs() -> Result<()> {
    let missing = || {
        NEEDED
            .iter()
            .filter(|needed| !needed.is_there())
            .collect::<Vec<_>>()
    };
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = wanted.iter().map(|needed| needed.package).collect();
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
                .map(
                    |Needed {
                         name,
                         package,
                         needed_for,
                         ..
                     }| {
                        format!("  {name} (Debian package {package}), for {needed_for}")
                    },
                )
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

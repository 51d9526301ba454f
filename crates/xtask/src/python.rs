//! The Python programs that tests use, in an environment of their own below the target folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Result, root, run, target};

/// Tells tests which interpreter has the programs.
pub(crate) const VARIABLE: &str = "CAREPLAN_PYTHON";

/// Makes the environment, unless it is there and of the same requirements; or takes the
/// interpreter that [`VARIABLE`] names.
pub(crate) fn install() -> Result<()> {
    if env::var_os(VARIABLE).is_some() {
        return Ok(());
    }
    let requirements = root().join("crates/xtask/python.txt");
    let wanted =
        fs::read(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let home = home();
    // Written last, so that what was interrupted is made again.
    let stamp = home.join("installed.txt");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&home))?;
    run(Command::new(interpreter_in(&home))
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(&requirements))
    .map_err(|error| {
        format!(
            "{error}\nWithout the Python package index, install {} elsewhere and set {VARIABLE} to \
             that Python",
            requirements.display()
        )
    })?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// The interpreter that has the programs.
pub(crate) fn interpreter() -> PathBuf {
    env::var_os(VARIABLE).map_or_else(|| interpreter_in(&home()), PathBuf::from)
}

fn home() -> PathBuf {
    target().join("tools/python")
}

fn interpreter_in(home: &Path) -> PathBuf {
    if cfg!(windows) {
        home.join("Scripts/python.exe")
    } else {
        home.join("bin/python")
    }
}

//! A program that ends when this process does.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running program with a shell around it, which stops it when the pipe to the shell closes.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) shell: Child,
}

/// Runs the program once.
const ONCE: &str = r#"
    folder=$1; signal=$2; shift 2
    exec 3<&0
    "$@" </dev/null 3<&- >&2 &
    program=$!
    cat <&3 >/dev/null
    kill -"$signal" "$program" 2>/dev/null
    wait "$program"
    rm -rf "$folder"
"#;

/// Runs the program, and again whenever it ends, as a supervisor does.
const AGAIN: &str = r#"
    folder=$1; signal=$2; shift 2
    exec 3<&0
    {
        until [ -e "$folder/enough" ]; do
            "$@" </dev/null >&2 &
            echo "$!" >"$folder/program"
            wait "$!"
            sleep 0.2
        done
        touch "$folder/ended"
    } 3<&- &
    cat <&3 >/dev/null
    touch "$folder/enough"
    # It may have been started again just now.
    until [ -e "$folder/ended" ]; do
        kill -"$signal" "$(cat "$folder/program")" 2>/dev/null
        sleep 0.1
    done
    rm -rf "$folder"
"#;

impl Guarded {
    /// Starts `program` with `signal` as the signal to stop it by; `folder` is removed afterwards.
    /// What it prints can be read, all of it as standard error.
    pub(crate) fn start(program: &[&str], signal: &str, folder: &Path) -> Self {
        Self::run(ONCE, program, signal, folder)
    }

    /// The same, but started again whenever it ends before it is stopped.
    pub(crate) fn supervise(program: &[&str], signal: &str, folder: &Path) -> Self {
        Self::run(AGAIN, program, signal, folder)
    }

    fn run(script: &str, program: &[&str], signal: &str, folder: &Path) -> Self {
        let shell = Command::new("sh")
            .args(["-c", script, "guard"])
            .arg(folder)
            .arg(signal)
            .args(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        Self { shell }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It has nothing to wait for but the program's end.
        let _ = self.shell.wait();
    }
}

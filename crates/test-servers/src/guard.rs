//! A program that ends when this process does.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running program with a shell around it, which stops it when the pipe to the shell closes.
#[derive(Debug)]
pub(crate) struct Guarded {
    pub(crate) shell: Child,
}

impl Guarded {
    /// Starts `program` with `signal` as the signal to stop it by; `folder` is removed afterwards.
    /// What it prints can be read, all of it as standard error.
    pub(crate) fn start(program: &[&str], signal: &str, folder: &Path) -> Self {
        const SCRIPT: &str = r#"
            folder=$1; signal=$2; shift 2
            exec 3<&0
            "$@" </dev/null 3<&- >&2 &
            program=$!
            cat <&3 >/dev/null
            kill -"$signal" "$program" 2>/dev/null
            wait "$program"
            rm -rf "$folder"
        "#;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
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

//! What is tidied up when this program ends, however it ends.

use std::process::{Child, Command, Stdio};

use crate::failure::Failure;

/// A shell that waits for the end of a pipe, which comes with the end of this program, and then runs
/// a script.
pub(crate) struct Guard(Child);

impl Guard {
    /// `script` finds the arguments as `$1` and so on.
    pub(crate) fn new(script: &str, arguments: &[&str]) -> Result<Self, Failure> {
        Command::new("sh")
            .args(["-c", &format!("cat >/dev/null; {script}"), "guard"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(Failure::system("a shell"))
    }

    /// Ends it without running the script.
    pub(crate) fn dismiss(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Guard {
    /// Runs the script, unless it was dismissed.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

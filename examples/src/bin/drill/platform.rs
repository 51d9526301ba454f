//! The platform as a process of its own, which can be killed.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::failure::Failure;
use crate::guard::Guard;
use crate::world::Environment;

/// A running platform.
pub(crate) struct PlatformProcess {
    process: Child,
    /// Kills it when this program ends in the middle.
    guard: Option<Guard>,
    /// Kept open: what it tells later has to go somewhere.
    told: Option<BufReader<ChildStdout>>,
    address: String,
    operations: String,
}

impl PlatformProcess {
    /// Starts the program `platform` that lies beside this one, and waits until it listens.
    pub(crate) fn start(
        home: &Path,
        log: &Path,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let program = std::env::current_exe()
            .map_err(Failure::system("finding the programs"))?
            .with_file_name(format!("platform{}", std::env::consts::EXE_SUFFIX));
        let stderr = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(Failure::system("opening the platform's log"))?;
        let mut process = Command::new(&program)
            .args(["--lang", "en", "--home"])
            .arg(home)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .map_err(Failure::system(&program.display().to_string()))?;
        let told = process.stdout.take().map(BufReader::new);
        // From here on it is killed whatever happens.
        let mut started = Self {
            guard: None,
            process,
            told,
            address: String::new(),
            operations: String::new(),
        };
        let number = started.process.id().to_string();
        started.guard = Some(Guard::new(r#"kill -KILL "$1""#, &[&number])?);
        let address = started.told_after("https://");
        let operations = started.told_after("http://");
        let (Some(address), Some(operations)) = (address, operations) else {
            // What cannot be read is left out of the message.
            let log = fs::read_to_string(log).unwrap_or_default();
            let end: Vec<_> = log.lines().rev().take(3).collect();
            return Err(Failure::told(&format!(
                "the platform did not start: {end:?}"
            )));
        };
        started.address = format!("https://{address}");
        started.operations = operations.trim_end_matches("/ready").to_owned();
        Ok(started)
    }

    /// What stands behind a word in the next line it tells.
    fn told_after(&mut self, word: &str) -> Option<String> {
        let mut line = String::new();
        self.told.as_mut()?.read_line(&mut line).ok()?;
        let at = line.find(word)?;
        Some(line.get(at + word.len()..)?.trim().to_owned())
    }

    /// Fails if it has ended by itself.
    pub(crate) fn still_runs(&mut self) -> Result<(), Failure> {
        match self.process.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Failure::told(&format!(
                "the platform ended by itself: {status}"
            ))),
            Err(error) => Err(Failure::system("looking after the platform")(error)),
        }
    }

    /// Where it listens: `https://127.0.0.1:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Status and body of a question to its operators' listener.
    pub(crate) fn ask(&self, path: &str) -> Result<(u16, String), Failure> {
        let ask = || {
            let mut stream = TcpStream::connect(&self.operations)?;
            write!(
                stream,
                "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            )?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer: String = ask().map_err(Failure::system("the operators' listener"))?;
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
        match (status, answer.split_once("\r\n\r\n")) {
            (Some(status), Some((_, body))) => Ok((status, body.to_owned())),
            _ => Err(Failure::told("the operators' listener gave no answer")),
        }
    }

    /// A metric's value, by the whole beginning of its line.
    pub(crate) fn metric(&self, line: &str) -> Result<f64, Failure> {
        let (_, text) = self.ask("/metrics")?;
        text.lines()
            .find_map(|found| found.strip_prefix(line)?.trim().parse().ok())
            .ok_or_else(|| Failure::told(&format!("the platform has no metric {line}")))
    }

    /// A line of `/proc/…/status`, in kilobytes; `None` where there is no such thing.
    pub(crate) fn memory(&self, line: &str) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        status
            .lines()
            .find_map(|found| found.strip_prefix(line))?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    }
}

impl Drop for PlatformProcess {
    /// Kills it: on Unix with SIGKILL, which it cannot notice.
    fn drop(&mut self) {
        if let Some(guard) = &mut self.guard {
            guard.dismiss();
        }
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

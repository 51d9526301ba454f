//! What the machine can do and what a process took of it, where the system tells.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::failure::Failure;

/// How long the disk is measured.
const DISK: Duration = Duration::from_secs(1);

/// How often a second a small write can be forced to the disk that `folder` is on.
pub(crate) fn fsyncs_per_second(folder: &Path) -> Result<f64, Failure> {
    let mut file = tempfile::tempfile_in(folder).map_err(Failure::system)?;
    let started = Instant::now();
    let mut times = 0_u32;
    while started.elapsed() < DISK {
        file.write_all(&[0; 4096])
            .and_then(|()| file.sync_data())
            .map_err(Failure::system)?;
        times += 1;
    }
    Ok(f64::from(times) / started.elapsed().as_secs_f64())
}

/// Clock ticks per second in `/proc`: fixed on Linux for all practical machines.
const TICKS: f64 = 100.0;

/// Processor time of a process, or of this one; `None` where there is no `/proc`.
pub(crate) fn cpu_seconds(process: Option<u32>) -> Option<f64> {
    let name = process.map_or("self".to_owned(), |id| id.to_string());
    let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
    // The fields after the name in parentheses; user and system time are the 12th and 13th.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).take(2);
    let mut next = || times.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

/// The most memory a process has held, in megabytes; `None` where there is no `/proc`.
pub(crate) fn peak_memory_mb(process: u32) -> Option<f64> {
    status_mb(process, "VmHWM:")
}

/// The memory a process holds, in megabytes; `None` where there is no `/proc`.
pub(crate) fn memory_mb(process: u32) -> Option<f64> {
    status_mb(process, "VmRSS:")
}

fn status_mb(process: u32, field: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1000.0)
}

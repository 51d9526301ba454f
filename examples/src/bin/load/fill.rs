//! A storage that has been in service for long: past sendings, written without sending them.

use std::path::Path;
use std::sync::Arc;

use careplan_core::OfficeNumber;
use careplan_platform::{Administration, PastSendings, SystemClock};
use chrono::{TimeDelta, Utc};

use crate::failure::Failure;
use crate::offices;

/// How many sendings each office of the past received.
const EACH: u64 = 100;
/// How many are written by one transaction.
const BATCH: u64 = 500;
/// The days over which they were sent.
const DAYS: i64 = 300;
/// After how many it is told how far it is.
const TOLD: u64 = 100_000;

/// Fills the storage of a home until it holds so many sendings. Those that are there count.
pub(crate) fn fill(home: &Path, sendings: u64, document_bytes: usize) -> Result<(), Failure> {
    let administration = open(home)?;
    let there = administration.count_sendings().map_err(Failure::of)?;
    let millis = TimeDelta::days(DAYS).num_milliseconds();
    let past = PastSendings {
        offices: offices_for(sendings)?,
        each: EACH,
        from: Utc::now() - TimeDelta::days(DAYS + 31),
        every: TimeDelta::milliseconds(millis / i64::try_from(sendings.max(1)).unwrap_or(i64::MAX)),
        document_bytes,
    };
    eprintln!("filling: {there} of {sendings} sendings are there");
    let mut next = there;
    while next < sendings {
        let end = sendings.min(next + BATCH);
        administration
            .rehearse_past(&past, next..end)
            .map_err(Failure::of)?;
        if end % TOLD < BATCH {
            eprintln!("filling: {end} of {sendings}");
        }
        next = end;
    }
    Ok(())
}

/// How many sendings the storage of a home holds.
pub(crate) fn stored(home: &Path) -> Result<u64, Failure> {
    open(home)?.count_sendings().map_err(Failure::of)
}

fn open(home: &Path) -> Result<Administration, Failure> {
    Administration::open(home, Arc::new(SystemClock)).map_err(Failure::of)
}

/// A sender and a receiver for every hundred sendings; those that are measured are among them.
fn offices_for(sendings: u64) -> Result<Vec<OfficeNumber>, Failure> {
    let pairs = u32::try_from(sendings.div_ceil(EACH)).map_err(Failure::system)?;
    (0..2 * pairs).map(offices::number).collect()
}

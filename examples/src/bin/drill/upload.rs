//! Sends and fetches a large container, and looks how much memory the platform takes for it.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::time::Instant;

use aws_lc_rs::digest::{Context, SHA256};
use careplan_client::Transport as _;
use careplan_core::Sha256Digest;
use careplan_protocol::{CONTAINER_TYPE, Confirmation, IdempotencyKey, SendingState};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::caller::{Caller, Whereabouts};
use crate::failure::Failure;
use crate::world::{Places, World};
use crate::{Outcome, Storage};

const MEGABYTE: u64 = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct Upload {
    /// Size of the container in megabytes (大きさ)
    #[arg(long, default_value_t = 300)]
    megabytes: u64,
    /// How much more memory the platform may take for it, in megabytes (メモリーの上限)
    #[arg(long, default_value_t = 64)]
    memory: u64,
}

impl Upload {
    /// One drill; `None` if the machine has no PostgreSQL and that is allowed.
    pub(crate) fn run(&self, storage: Storage) -> Result<Option<Outcome>, Failure> {
        let Some(world) = World::new(storage, Places::default())? else {
            return Ok(None);
        };
        let platform = world.start()?;
        let whereabouts = Whereabouts::default();
        whereabouts.is_at(Some(platform.address()));
        let mut sender = Caller::new(&world, &world.sender, &whereabouts);
        let mut receiver = Caller::new(&world, &world.receiver, &whereabouts);
        let peak = |when| {
            platform
                .memory("VmHWM:")
                .ok_or_else(|| Failure::told(&format!("no memory measured {when}")))
        };
        // A small one first, for what the platform takes anyway.
        exchange(&world, &mut sender, &mut receiver, None)?;
        let before = peak("before")?;
        let start = Instant::now();
        let document = Some(self.megabytes * MEGABYTE);
        let identical = exchange(&world, &mut sender, &mut receiver, document)?;
        let seconds = start.elapsed().as_secs_f64();
        let more = peak("after")?.saturating_sub(before) / 1000;
        Ok(Some(Outcome {
            good: identical && more <= self.memory,
            told: json!({
                "megabytes": self.megabytes,
                "identical": identical,
                "memory_before_mb": before / 1000,
                "memory_more_mb": more,
                "seconds": seconds.round(),
            }),
        }))
    }
}

/// Sends, fetches and confirms; whether the same bytes came out.
fn exchange(
    world: &World,
    sender: &mut Caller<'_>,
    receiver: &mut Caller<'_>,
    document: Option<u64>,
) -> Result<bool, Failure> {
    const FILE: &str = "the container";
    let ended = || Failure::told("the platform was not waited for");
    let path = world.aside().join("container");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .map_err(Failure::system(FILE))?;
    world.write_container(file, document)?;
    let mut hashed = Hashed::default();
    let bytes = File::open(&path)
        .and_then(|mut file| io::copy(&mut file, &mut hashed))
        .map_err(Failure::system(FILE))?;
    let sha256 = hashed.finish();
    let key = IdempotencyKey::new(Uuid::now_v7());
    let to = world.receiver.number;
    let receipt = sender
        .call(|transport, token| {
            let mut file = BufReader::new(File::open(&path)?);
            transport.send(token, to, key, CONTAINER_TYPE, &mut file, bytes)
        })?
        .ok_or_else(ended)?;
    let fetched = receiver
        .call(|transport, token| {
            let mut fetched = Hashed::default();
            transport.fetch(token, receipt.sending, &mut fetched)?;
            Ok(fetched.finish())
        })?
        .ok_or_else(ended)?;
    let confirmation = Confirmation { sha256 };
    let confirmed = receiver
        .call(|transport, token| transport.confirm(token, receipt.sending, &confirmation))?
        .ok_or_else(ended)?;
    Ok(receipt.sha256 == sha256
        && receipt.bytes == bytes
        && fetched == sha256
        && confirmed.state == SendingState::Confirmed)
}

/// Keeps nothing but the digest of what is written.
struct Hashed(Context);

impl Default for Hashed {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl Hashed {
    fn finish(self) -> Sha256Digest {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.0.finish().as_ref());
        Sha256Digest::new(sha256)
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// So many random bytes, which no compression makes fewer.
pub(crate) struct Random {
    random: fastrand::Rng,
    left: u64,
}

impl Random {
    pub(crate) fn of(bytes: u64) -> Self {
        Self {
            random: fastrand::Rng::new(),
            left: bytes,
        }
    }
}

impl Read for Random {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).map_or(into.len(), |left| left.min(into.len()));
        self.random.fill(&mut into[..length]);
        self.left -= length as u64;
        Ok(length)
    }
}

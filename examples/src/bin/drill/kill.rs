//! Kills the platform, or its database, at random moments under load, again and again.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::failure::Failure;
use crate::load::{Shared, Workers};
use crate::platform::PlatformProcess;
use crate::spoil::Spoil;
use crate::world::{Places, World};
use crate::{Outcome, Storage, Victim, verdict};

/// How many acknowledgements to wait for before the next kill, at most.
const BETWEEN_KILLS: usize = 12;
/// And how long after the last of them it comes, at most, in microseconds.
const MOMENT: u64 = 30_000;

#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// What to kill (対象)
    #[arg(long, value_enum, default_value_t = Victim::Platform)]
    victim: Victim,
    /// How often to kill (強制終了の回数)
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Repeats the moments of another drill (乱数の種)
    #[arg(long)]
    seed: Option<u64>,
    /// Senders at a time (同時に送信する数)
    #[arg(long, default_value_t = 4)]
    senders: usize,
    /// Afterwards spoils what is stored, in each way there is, and judges again: the verdict must
    /// find each. Embedded storage only (判定自体の確認)
    #[arg(long)]
    spoil: bool,
}

impl Kill {
    /// One drill; `None` if the machine has no PostgreSQL and that is allowed, or the storage has no
    /// database that can be killed.
    pub(crate) fn run(&self, storage: Storage) -> Result<Option<Outcome>, Failure> {
        if !self.victim.is_in(storage) {
            return Ok(None);
        }
        let start = Instant::now();
        let seed = self.seed.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().1);
        eprintln!("{} kills, seed {seed}", self.kills);
        let Some(world) = World::new(storage, Places::default())? else {
            return Ok(None);
        };
        let shared = Shared::default();
        let mut moments = fastrand::Rng::with_seed(seed);
        let load = std::thread::scope(|threads| {
            let workers = Workers::begin(threads, &world, &shared, self.senders);
            match self.victim {
                Victim::Platform => {
                    for _ in 0..self.kills {
                        let mut platform = world.start()?;
                        shared.whereabouts.is_at(Some(platform.address()));
                        await_moment(&workers, &shared, &mut platform, &mut moments)?;
                        shared.whereabouts.is_at(None);
                        drop(platform);
                    }
                }
                Victim::Database => {
                    let mut platform = world.start()?;
                    shared.whereabouts.is_at(Some(platform.address()));
                    for _ in 0..self.kills {
                        await_moment(&workers, &shared, &mut platform, &mut moments)?;
                        world.crash_database();
                    }
                    shared.whereabouts.is_at(None);
                    drop(platform);
                    world.await_database();
                }
            }
            workers.end()
        })?;
        // Where other platforms may be at them, log-ins that were cut off lapse after a while.
        let may_lock = storage == Storage::Cluster;
        let verdict = verdict::judge(&world, &load, may_lock)?;
        let mut good = verdict.is_good();
        let mut spoiled = serde_json::Map::new();
        if self.spoil && storage == Storage::Embedded {
            for spoil in Spoil::ALL {
                let found = spoil.is_found(&world, &load)?;
                good &= found.is_some();
                spoiled.insert(format!("{spoil:?}"), found.into());
            }
        }
        let told: Value = json!({
            "victim": self.victim.name(),
            "kills": self.kills,
            "seed": seed,
            "seconds": start.elapsed().as_secs(),
            "verdict": verdict.to_json(),
            "spoiled": spoiled,
        });
        Ok(Some(Outcome { good, told }))
    }
}

/// Waits for some acknowledgements, and then a moment.
fn await_moment(
    workers: &Workers<'_, '_>,
    shared: &Shared,
    platform: &mut PlatformProcess,
    moments: &mut fastrand::Rng,
) -> Result<(), Failure> {
    let enough = shared.acknowledgements() + moments.usize(1..=BETWEEN_KILLS);
    workers.until(platform, || Ok(shared.acknowledgements() >= enough))?;
    std::thread::sleep(Duration::from_micros(moments.u64(0..MOMENT)));
    Ok(())
}

//! Fills the platform's disk, or its database's, under load, again and again, and makes room.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::guard::Guard;
use crate::load::{Shared, Workers};
use crate::platform::PlatformProcess;
use crate::world::{Places, World};
use crate::{Outcome, Storage, Victim, verdict};

/// How many acknowledgements to wait for before and after the disk is full.
const SOME: usize = 8;
/// A sender's pause after each acknowledgement: a full disk takes seconds to show in `/ready`.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(crate) struct Disk {
    /// Whose disk (対象)
    #[arg(long, value_enum, default_value_t = Victim::Platform)]
    victim: Victim,
    /// How often to fill it (回数)
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Its size in megabytes, by default what the platform or the database takes and some more (容量)
    #[arg(long)]
    megabytes: Option<u32>,
    /// Senders at a time (同時に送信する数)
    #[arg(long, default_value_t = 4)]
    senders: usize,
}

impl Disk {
    /// One drill; `None` if the machine lets nobody mount, or has no PostgreSQL, and that is
    /// allowed, or the storage has no database with a disk of its own. Beyond one machine the
    /// platform's disk is that of the containers and uploads.
    pub(crate) fn run(&self, storage: Storage) -> Result<Option<Outcome>, Failure> {
        if !self.victim.is_in(storage) {
            return Ok(None);
        }
        let start = Instant::now();
        let megabytes = self.megabytes.unwrap_or(match self.victim {
            Victim::Platform => 64,
            Victim::Database => 256,
        });
        let Some(disk) = SmallDisk::mount(megabytes)? else {
            return Ok(None);
        };
        let mut places = Places::default();
        *match self.victim {
            Victim::Platform => &mut places.home,
            Victim::Database => &mut places.database,
        } = Some(disk.folder.path());
        let Some(world) = World::new(storage, places)? else {
            return Ok(None);
        };
        let shared = Shared::with_pause(PAUSE);
        let mut refusals = 0;
        let load = std::thread::scope(|threads| {
            let workers = Workers::begin(threads, &world, &shared, self.senders);
            let mut platform = self.start(&world, &shared)?;
            for round in 0..self.rounds {
                let some_more = |platform: &mut PlatformProcess| {
                    let enough = shared.acknowledgements() + SOME;
                    workers.until(platform, || Ok(shared.acknowledgements() >= enough))
                };
                some_more(&mut platform)?;
                let mut filler = Filler::begin(disk.folder.path())?;
                let refused_before = shared.refusals();
                // What uploads give back when they are refused is taken too.
                loop {
                    filler.fill()?;
                    let refused = shared.refusals() - refused_before;
                    if refused >= 2 * self.senders && platform.ask("/ready")?.0 == 503 {
                        break;
                    }
                    workers.until(&mut platform, || Ok(true))?;
                    std::thread::sleep(crate::load::BETWEEN_LOOKS);
                }
                refusals += shared.refusals() - refused_before;
                if round % 2 == 1 {
                    // A crash while it is full; it starts when there is room.
                    shared.whereabouts.is_at(None);
                    drop(platform);
                    drop(filler);
                    world.await_database();
                    platform = self.start(&world, &shared)?;
                } else {
                    drop(filler);
                }
                workers.until(&mut platform, || Ok(true))?;
                some_more(&mut platform)?;
                // Looked at anew every few seconds.
                let is_ready = |platform: &PlatformProcess| Ok(platform.ask("/ready")?.0 == 200);
                while !is_ready(&platform)? {
                    workers.until(&mut platform, || Ok(true))?;
                    std::thread::sleep(crate::load::BETWEEN_LOOKS);
                }
            }
            shared.whereabouts.is_at(None);
            drop(platform);
            world.await_database();
            workers.end()
        })?;
        // Nobody can note on a full disk that a log-in is over: then it lapses after a while.
        let verdict = verdict::judge(&world, &load, true)?;
        Ok(Some(Outcome {
            good: verdict.is_good() && refusals > 0,
            told: json!({
                "victim": self.victim.name(),
                "rounds": self.rounds,
                "refused_while_full": refusals,
                "seconds": start.elapsed().as_secs(),
                "verdict": verdict.to_json(),
            }),
        }))
    }

    fn start(&self, world: &World, shared: &Shared) -> Result<PlatformProcess, Failure> {
        let platform = world.start()?;
        shared.whereabouts.is_at(Some(platform.address()));
        Ok(platform)
    }
}

/// A file that takes what room there is, until it is dropped.
struct Filler {
    path: PathBuf,
    file: File,
}

impl Filler {
    fn begin(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("filler");
        let file = File::create(&path).map_err(Failure::system("a file that fills the disk"))?;
        Ok(Self { path, file })
    }

    /// Writes until not a byte more goes in.
    fn fill(&mut self) -> Result<(), Failure> {
        let piece = vec![0; 1 << 20];
        let mut length = piece.len();
        while length > 0 {
            match self.file.write_all(&piece[..length]) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => length /= 2,
                Err(error) => return Err(Failure::system("filling the disk")(error)),
            }
        }
        Ok(())
    }
}

impl Drop for Filler {
    fn drop(&mut self) {
        // Then the drill does not come to its end, and says so.
        let _ = fs::remove_file(&self.path);
    }
}

/// A small file system of its own.
struct SmallDisk {
    // Dropped in this order: unmounted, then removed.
    _guard: Guard,
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts it; `None`, with a message, where nobody may, unless this is root and
    /// `CAREPLAN_REQUIRE_PEERS` is set.
    fn mount(megabytes: u32) -> Result<Option<Self>, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("careplan-disk-")
            .tempdir()
            .map_err(Failure::system("making a folder"))?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={megabytes}m,mode=0755"))
            .arg("careplan-drill")
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            // Lazily: whoever still has a file open there keeps it, but nobody sees it any more.
            let script = r#"umount --lazy "$1"; rmdir "$1""#;
            let guard = Guard::new(script, &[&folder.path().to_string_lossy()])?;
            return Ok(Some(Self {
                _guard: guard,
                folder,
            }));
        }
        let why = "a small file system cannot be mounted: that takes root on Linux";
        if is_root() && std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_some() {
            return Err(Failure::told(why));
        }
        eprintln!("left out: {why}");
        Ok(None)
    }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
const fn is_root() -> bool {
    false
}

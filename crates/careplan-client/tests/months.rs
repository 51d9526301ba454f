//! Simulated months with a platform that drops, delays, repeats and garbles, and clients that die
//! at any step: every set arrives exactly once, and both sides agree.
//!
//! `CAREPLAN_SIMULATED_MONTHS` says how many (200 unless told), `CAREPLAN_SEED` the first seed; a
//! failure prints its seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::result_large_err,
    clippy::type_complexity,
    reason = "a test fails by panicking, and may be long-winded"
)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use careplan_client::{Client, IncomingState, ListOptions, Observer, OutgoingState, Step};
use careplan_protocol::{EvidenceEvent, SendingState};
use chrono::TimeDelta;
use common::double::{Rng, Shared, Trouble, Way, platform};
use common::{MANAGER, OTHER_SERVICE, SERVICE, TestClock, contents};

/// What a client dies with.
struct Crash;

/// Ends the client at a durable step, some times.
struct Mortal {
    rng: Arc<Mutex<Rng>>,
    percent: u64,
    steps: Arc<Mutex<BTreeSet<String>>>,
}

impl Observer for Mortal {
    fn step(&mut self, step: Step) {
        if self.rng.lock().unwrap().chance(self.percent) {
            self.steps.lock().unwrap().insert(format!("{step:?}"));
            resume_unwind(Box::new(Crash));
        }
    }
}

/// An office in the simulation.
struct Office {
    number: &'static str,
    home: PathBuf,
    imports: PathBuf,
    /// Folders its software exported, and how often they were put in.
    exports: Vec<PathBuf>,
}

struct World {
    platform: Shared,
    clock: TestClock,
    trouble: Arc<Mutex<Trouble>>,
    rng: Arc<Mutex<Rng>>,
    deaths: u64,
    died_at: Arc<Mutex<BTreeSet<String>>>,
}

impl World {
    /// Opens an office's client and works with it until it is done or dies.
    fn with<T>(&self, office: &Office, work: impl FnOnce(&mut Client) -> T) -> Option<T> {
        let way = Way::new(&self.platform, office.number, &self.trouble);
        let mortal = Mortal {
            rng: Arc::clone(&self.rng),
            percent: self.deaths,
            steps: Arc::clone(&self.died_at),
        };
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let mut client = common::open(&office.home, office.number, way, &self.clock, mortal);
            work(&mut client)
        }));
        match lived {
            Ok(done) => Some(done),
            Err(payload) if payload.is::<Crash>() => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    fn below(&self, bound: u64) -> u64 {
        self.rng.lock().unwrap().below(bound)
    }
}

/// Says which seed it was when a test fails.
struct TellSeed(u64);

impl Drop for TellSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "the failing month: CAREPLAN_SEED={} CAREPLAN_SIMULATED_MONTHS=1",
                self.0
            );
        }
    }
}

fn number_from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_set_arrives_exactly_once_and_both_sides_agree() {
    let first = number_from_environment("CAREPLAN_SEED", 1);
    let months = number_from_environment("CAREPLAN_SIMULATED_MONTHS", 200);
    let died_at = Arc::new(Mutex::new(BTreeSet::new()));
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + months {
                        break;
                    }
                    let _tell = TellSeed(seed);
                    month(seed, &died_at);
                }
            });
        }
    });
    if months >= 200 {
        // The simulation is worth its name only if clients died everywhere.
        let died_at = died_at.lock().unwrap();
        assert_eq!(died_at.len(), 15, "{died_at:?}");
    }
}

fn month(seed: u64, died_at: &Arc<Mutex<BTreeSet<String>>>) {
    let root = common::temporary();
    let clock = TestClock::new();
    let mut rng = Rng(seed);
    let (percent, deaths) = (rng.below(50), rng.below(12));
    let mut world = World {
        platform: platform(&clock),
        clock,
        trouble: Trouble::seeded(rng.next(), percent),
        rng: Arc::new(Mutex::new(rng)),
        deaths,
        died_at: Arc::clone(died_at),
    };
    let mut offices = [MANAGER, SERVICE, OTHER_SERVICE].map(|number| Office {
        number,
        home: root.path().join(number).join("home"),
        imports: root.path().join(number).join("imports"),
        exports: Vec::new(),
    });
    let exports = root.path().join("exports");
    offices[0].exports = manager_exports(&exports, seed);
    for (at, number) in [(1, SERVICE), (2, OTHER_SERVICE)] {
        let files = common::actual_set(number, "202610", "20261102090000", seed);
        offices[at].exports = vec![common::folder(&exports, number, &files)];
    }

    // The month: offices put in, synchronise and take out in any order, and things go wrong.
    for _ in 0..30 {
        let office = &offices[usize::try_from(world.below(3)).unwrap()];
        let hours = i64::try_from(world.below(5)).unwrap();
        world.clock.advance(TimeDelta::hours(hours));
        match world.below(5) {
            0 | 1 => put_in(&world, office),
            2 => {
                world.with(office, |client| {
                    client.take_out_new(&office.imports).unwrap()
                });
            }
            _ => {
                world.with(office, |client| {
                    // What does not end well goes on the next time.
                    let _ = client.sync();
                });
            }
        }
    }

    // Then nothing goes wrong any more.
    world.trouble.lock().unwrap().percent = 0;
    world.deaths = 0;
    for office in &offices {
        put_in(&world, office);
    }
    for _ in 0..3 {
        for office in &offices {
            world.with(office, |client| client.sync().unwrap()).unwrap();
        }
    }
    for office in &offices {
        let taken = world.with(office, |client| {
            client.take_out_new(&office.imports).unwrap()
        });
        let sequences: Vec<_> = taken
            .unwrap()
            .iter()
            .map(|set| set.header.sequence)
            .collect();
        assert!(sequences.is_sorted(), "taken out in the order of import");
    }
    check(&world, &offices);
}

/// What the care manager's software exports: for each service office a care plan with a PDF and
/// a month, for one of them a correction later.
fn manager_exports(under: &Path, seed: u64) -> Vec<PathBuf> {
    let mut exports = Vec::new();
    for (at, to) in [SERVICE, OTHER_SERVICE].into_iter().enumerate() {
        let mut plan = common::plan_set(to, &format!("2026100{}090000", at + 1), seed);
        plan.push((
            "weekly plan.pdf".to_owned(),
            format!("%PDF {to} {seed}").into_bytes(),
        ));
        exports.push(common::folder(under, &format!("plan-{to}"), &plan));
        let month = common::month_set(to, "202610", &format!("2026100{}090001", at + 1), seed);
        exports.push(common::folder(under, &format!("month-{to}"), &month));
    }
    let again = common::month_set(SERVICE, "202610", "20261015100000", seed);
    exports.push(common::folder(under, "correction", &again));
    exports
}

/// Somebody puts in all exports; whoever is not sure whether it worked does it again.
fn put_in(world: &World, office: &Office) {
    world.with(office, |client| {
        for export in &office.exports {
            client.put_in(&[export]).unwrap();
        }
    });
}

fn check(world: &World, offices: &[Office]) {
    let everything = ListOptions {
        limit: 1000,
        ..ListOptions::default()
    };
    let all_exports: usize = offices.iter().map(|office| office.exports.len()).sum();
    let platform = world.platform.lock().unwrap();
    assert_eq!(
        platform.sendings.len(),
        all_exports,
        "each set is at the platform once"
    );
    drop(platform);
    // What should arrive where: the files of each export, by receiver.
    let mut expected: BTreeMap<String, Vec<BTreeMap<String, Vec<u8>>>> = BTreeMap::new();
    for office in offices {
        let sent = world
            .with(office, |client| client.sent(everything).unwrap())
            .unwrap();
        assert_eq!(sent.len(), office.exports.len());
        for set in &sent {
            assert_eq!(set.state, OutgoingState::Sent(SendingState::Confirmed));
            let receipt = set.receipt.as_ref().unwrap();
            assert_eq!(receipt.idempotency_key, set.id);
            let receipts = world
                .with(office, |client| client.receipts(set.id).unwrap())
                .unwrap();
            let events: Vec<_> = receipts.iter().map(|kept| kept.event).collect();
            assert_eq!(events, [EvidenceEvent::Accepted, EvidenceEvent::Received]);
            assert!(receipts.iter().all(|kept| kept.doubt.is_none()));
        }
        for export in &office.exports {
            let files = contents(export);
            let name = files.keys().next().unwrap();
            let to = [MANAGER, SERVICE, OTHER_SERVICE]
                .into_iter()
                .find(|number| *number != office.number && name.contains(number))
                .unwrap();
            expected.entry(to.to_owned()).or_default().push(files);
        }
    }
    for office in offices {
        let received = world
            .with(office, |client| client.received(everything).unwrap())
            .unwrap();
        let mut expected = expected.remove(office.number).unwrap_or_default();
        assert_eq!(received.len(), expected.len(), "each set arrived once");
        for set in &received {
            assert_eq!(set.state, IncomingState::Confirmed);
            assert!(set.taken_out_at.is_some());
            let names: BTreeSet<&String> = set.files.iter().map(|file| &file.name).collect();
            let at = expected
                .iter()
                .position(|files| files.keys().collect::<BTreeSet<_>>() == names)
                .expect("one of the sets sent");
            for (name, bytes) in expected.remove(at) {
                let taken = std::fs::read(office.imports.join(&name)).unwrap();
                assert_eq!(taken, bytes, "{name} is what was sent");
            }
        }
        // Nothing is left lying about.
        assert!(contents(&office.home.join("quarantine")).is_empty());
        assert!(
            std::fs::read_dir(office.home.join("tmp"))
                .unwrap()
                .next()
                .is_none()
        );
        for set in std::fs::read_dir(office.home.join("outbox")).unwrap() {
            let files: Vec<String> = contents(&set.unwrap().path()).into_keys().collect();
            assert_eq!(files, ["container.asice"]);
        }
        let status = world
            .with(office, |client| client.status().unwrap())
            .unwrap();
        let sent = office.exports.len() as u64;
        assert_eq!(
            (status.delivered, status.waiting, status.under_way),
            (sent, 0, 0)
        );
        assert_eq!((status.new, status.taken_out), (0, received.len() as u64));
    }
}

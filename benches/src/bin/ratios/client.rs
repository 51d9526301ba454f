//! What the client costs an office's machine: putting in, checking, signing and sending a thousand
//! sets of 100 KB to a real platform, beside it and over a line; and `status` with 100,000 past
//! sendings.
//!
//! The client works in one thread, so its share of a core is that thread's time on a processor,
//! as Linux counts it, against the clock. The threads of the platform and the line are not in it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use careplan_client::{Client, NewIdentity, Observer, Settings as OfficeSettings, Setup, Step};
use careplan_core::{OfficeNumber, UserId};
use careplan_envelope::{Authority, CertificateKind, KeyAlgorithm, Validity};
use careplan_licence::EventKind;
use careplan_platform::{PasswordValidity, Platform, Settings, make_development_home};
use careplan_protocol::LogInRequest;
use chrono::Utc;
use rusqlite::Connection;

use crate::check::{NAMES, Set};
use crate::{Failure, line};

const SENDER: &str = "1370948774";
const RECEIVER: &str = "1375169671";
const SETS: u32 = 1_000;
/// Records of table 6 that make a set of 100 KB, with table 7 and the supplement.
const RECORDS: usize = 410;
const PAST: u32 = 100_000;
/// There and back: none, the platform being on the same machine, and what an office has to a data
/// centre in the same country.
const ROUND_TRIPS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(10)];

/// Time on the clock and on a processor.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
}

/// A thousand sets, put in and sent.
#[derive(Debug, serde::Serialize)]
struct Sent {
    round_trip_ms: f64,
    put_in_and_check: Cost,
    sign: Cost,
    send: Cost,
    /// Share of one core beyond signing, over all of it.
    share_beyond_signing: f64,
}

#[derive(Debug, serde::Serialize)]
struct Measured {
    sets: u32,
    bytes_per_set: u64,
    sent: Vec<Sent>,
    past_sendings: u32,
    open_and_status_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let exports = folder.path().join("exports");
    let bytes = export(&exports)?;
    let mut sent = Vec::new();
    let mut open_and_status_ms = f64::INFINITY;
    for round_trip in ROUND_TRIPS {
        let root = folder.path().join(format!("{round_trip:?}"));
        let world = World::new(&root, round_trip)?;
        sent.push(send_all(&world, &exports, round_trip)?);
        if round_trip.is_zero() {
            open_and_status_ms = status_with_a_past(&world)?;
        }
    }
    let measured = Measured {
        sets: SETS,
        bytes_per_set: bytes / u64::from(SETS),
        sent,
        past_sendings: PAST,
        open_and_status_ms,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
    } else {
        measured.print();
    }
    Ok(())
}

impl Measured {
    fn print(&self) {
        for sent in &self.sent {
            println!(
                "{} sets of {} KB, {} ms to the platform and back: seconds, of these on a processor",
                self.sets,
                self.bytes_per_set / 1024,
                sent.round_trip_ms
            );
            for (what, cost) in [
                ("put in and check", sent.put_in_and_check),
                ("sign", sent.sign),
                ("send", sent.send),
            ] {
                println!("  {what:<18}{:>8.2}{:>8.2}", cost.seconds, cost.cpu_seconds);
            }
            println!(
                "  share of a core beyond signing: {:.1} % (wanted at most 20 %)",
                sent.share_beyond_signing * 100.0
            );
        }
        println!(
            "open the home and status with {} past sendings: {:.1} ms (wanted under 100 ms)",
            self.past_sendings, self.open_and_status_ms
        );
    }
}

/// Puts the sets in, signs and sends them.
fn send_all(world: &World, exports: &Path, round_trip: Duration) -> Result<Sent, Failure> {
    let marks = Marks::default();
    let mut client = world.open(marks.clone())?;
    let put_in = measure(|| Ok(client.put_in(&[exports])?.len()))?;
    let begun = Instant::now();
    let cpu = thread_time()?;
    let report = client.sync()?;
    let (wall, cpu) = (begun.elapsed(), thread_time()?.saturating_sub(cpu));
    if report.accepted.len() != SETS as usize {
        return Err(format!("{} sets were accepted", report.accepted.len()).into());
    }
    let sign = marks.signed()?;
    let send = Cost {
        seconds: wall.as_secs_f64() - sign.seconds,
        cpu_seconds: cpu.as_secs_f64() - sign.cpu_seconds,
    };
    Ok(Sent {
        round_trip_ms: round_trip.as_secs_f64() * 1000.0,
        share_beyond_signing: (put_in.cpu_seconds + send.cpu_seconds)
            / (put_in.seconds + sign.seconds + send.seconds),
        put_in_and_check: put_in,
        sign,
        send,
    })
}

/// How long opening the home takes, and asking it where things stand, after years; in milliseconds.
fn status_with_a_past(world: &World) -> Result<f64, Failure> {
    make_past(&world.home())?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let begun = Instant::now();
        let client = world.open(Marks::default())?;
        let status = client.status()?;
        best = best.min(begun.elapsed().as_secs_f64() * 1000.0);
        let all = status.waiting + status.under_way + status.delivered;
        if all < u64::from(PAST) {
            return Err(format!("only {all} sendings").into());
        }
    }
    Ok(best)
}

/// A platform for development with two offices.
struct World {
    setup: Setup,
    log_in: LogInRequest,
    _platform: Platform,
}

impl World {
    fn new(root: &Path, round_trip: Duration) -> Result<Self, Failure> {
        let home = root.join("platform");
        make_development_home(&home, &["127.0.0.1"], Utc::now())?;
        let variables = [
            ("SERVER_LISTEN", "127.0.0.1:0"),
            ("WEB_LISTEN", "off"),
            ("OPERATIONS_LISTEN", "off"),
        ]
        .map(|(name, value)| (format!("CAREPLAN_PLATFORM_{name}"), value.to_owned()));
        let settings = Settings::read(&home.join(Settings::FILE), variables, [])?;
        let platform = Platform::start(settings.platform_config(&home)?)?;
        let address = if round_trip.is_zero() {
            platform.address()
        } else {
            line::open(platform.address(), round_trip)?
        };
        let operator = platform.administration();
        let by: UserId = "KJ0000000000ab".parse()?;
        let log_in = LogInRequest {
            user_id: by,
            password: "correct horse battery".parse()?,
        };
        for number in [SENDER, RECEIVER] {
            let office = number.parse()?;
            operator.register_office(office)?;
            let years = std::num::NonZeroU8::MIN;
            let terms = "2026-04".parse()?;
            operator.record_licence_events(
                office,
                [
                    EventKind::Applied { by, years },
                    EventKind::Consented {
                        by,
                        terms,
                        read_to_end: true,
                    },
                ],
            )?;
        }
        let office: OfficeNumber = SENDER.parse()?;
        operator.set_password(office, by, &log_in.password, PasswordValidity::Unlimited)?;
        let mut authority = Authority::open(&home.join("authority"))?;
        let authority_pem = authority.certificate_pem()?;
        let setup = Setup::create(
            root.join("office"),
            OfficeSettings {
                office,
                user_id: by,
                platform: format!("https://{address}"),
                proxy: None,
                keep_months: None,
            },
            authority_pem.as_bytes(),
            NewIdentity::Request(KeyAlgorithm::EcdsaP256),
        )?;
        let request = setup.pending_request().ok_or("no request")?;
        let issued = authority.issue_office(
            &fs::read(request)?,
            office,
            CertificateKind::CareDx,
            Validity::days(Utc::now(), 365)?,
        )?;
        setup.install_certificate(&[issued.certificate])?;
        Ok(Self {
            setup,
            log_in,
            _platform: platform,
        })
    }

    fn home(&self) -> std::path::PathBuf {
        self.setup.home().to_owned()
    }

    fn open(&self, observer: Marks) -> Result<Client, Failure> {
        let mut config = self.setup.client_config(self.log_in.clone())?;
        config.observer = Box::new(observer);
        Ok(Client::open(config)?)
    }
}

/// When the first container was begun and the last one signed.
#[derive(Debug, Clone, Default)]
struct Marks(Arc<Mutex<Vec<(Instant, Duration)>>>);

impl Observer for Marks {
    fn step(&mut self, step: Step) {
        if matches!(step, Step::PutIn | Step::Signed)
            && let (Ok(mut marks), Ok(cpu)) = (self.0.lock(), thread_time())
        {
            marks.push((Instant::now(), cpu));
        }
    }
}

impl Marks {
    /// From the last of what was put in to the last that was signed.
    fn signed(&self) -> Result<Cost, Failure> {
        let marks = self.0.lock().map_err(|_| "a thread panicked")?;
        let signed = marks
            .len()
            .checked_sub(SETS as usize)
            .ok_or("too few marks")?;
        let (begun, cpu_then) = signed
            .checked_sub(1)
            .and_then(|at| marks.get(at))
            .ok_or("nothing was put in")?;
        let (ended, cpu_now) = marks.last().ok_or("nothing was signed")?;
        Ok(Cost {
            seconds: (*ended - *begun).as_secs_f64(),
            cpu_seconds: cpu_now.saturating_sub(*cpu_then).as_secs_f64(),
        })
    }
}

fn measure<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<Cost, Failure> {
    let (begun, cpu) = (Instant::now(), thread_time()?);
    work()?;
    Ok(Cost {
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: thread_time()?.saturating_sub(cpu).as_secs_f64(),
    })
}

/// How long this thread was on a processor.
fn thread_time() -> Result<Duration, Failure> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")
        .map_err(|error| format!("needs Linux: {error}"))?;
    let nanoseconds = text.split_whitespace().next().ok_or("an empty schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// A thousand month sets in one folder; gives their bytes in all.
fn export(folder: &Path) -> Result<u64, Failure> {
    fs::create_dir(folder)?;
    let mut bytes = 0;
    for at in 0..SETS {
        let (minute, second) = (at / 60, at % 60);
        let sequence = format!("2026092109{minute:02}{second:02}");
        for (file, name) in NAMES.iter().enumerate() {
            let (start, _) = name.rsplit_once('_').ok_or("a name without parts")?;
            let mut to = File::create(folder.join(format!("{start}_{sequence}.CSV")))?;
            bytes += io::copy(&mut Set::new(file, RECORDS), &mut to)?;
        }
    }
    Ok(bytes)
}

/// Lets the home look as after years: what was sent, again and again under other names.
fn make_past(home: &Path) -> Result<(), Failure> {
    let database = Connection::open(home.join("office.sqlite3"))?;
    database.execute_batch(&format!(
        "WITH RECURSIVE past (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM past WHERE at < {PAST})
         INSERT INTO outgoing (id, sender, receiver, set_kind, month, sequence, files, content,
             findings, put_in_at, state, sha256, bytes, sending, receipt, accepted_at,
             platform_state, settled, last_receipt, sealed, files_kept)
         SELECT printf('00000000-0000-0000-0000-%012d', at), sender, receiver, set_kind, month,
             sequence, files, printf('past %d', at), findings, put_in_at, state, sha256, bytes,
             printf('00000000-0000-0000-0001-%012d', at), receipt, accepted_at,
             'confirmed', 1, 1, sealed, 0
         FROM past, (SELECT * FROM outgoing WHERE state = 'sent' LIMIT 1);"
    ))?;
    Ok(())
}

//! What the client costs an office's machine: putting in, checking, signing and sending a thousand
//! sets of 100 KB to a real platform beside it, and `status` with 100,000 past sendings.
//!
//! The client works in one thread, so its share of a core is that thread's time on a processor,
//! as Linux counts it, against the clock. The platform's threads are not in it.

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

use crate::Failure;
use crate::check::{NAMES, Set};

const SENDER: &str = "1370948774";
const RECEIVER: &str = "1375169671";
const SETS: u32 = 1_000;
/// Records of table 6 that make a set of 100 KB, with table 7 and the supplement.
const RECORDS: usize = 410;
const PAST: u32 = 100_000;

/// Time on the clock and on a processor.
#[derive(Debug, Clone, Copy, Default, serde::Serialize)]
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
}

#[derive(Debug, serde::Serialize)]
struct Measured {
    sets: u32,
    bytes_per_set: u64,
    put_in_and_check: Cost,
    sign: Cost,
    send: Cost,
    /// Share of one core beyond signing, over all of it.
    share_beyond_signing: f64,
    past_sendings: u32,
    open_and_status_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(json: bool) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let world = World::new(folder.path())?;
    let exports = folder.path().join("exports");
    let bytes = export(&exports)?;
    let marks = Marks::default();
    let mut client = world.open(marks.clone())?;

    let put_in = measure(|| Ok(client.put_in(&[&exports])?.len()))?;
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
    drop(client);

    make_past(&world.home())?;
    let open = || -> Result<f64, Failure> {
        let begun = Instant::now();
        let client = world.open(Marks::default())?;
        let status = client.status()?;
        let took = begun.elapsed().as_secs_f64() * 1000.0;
        let all = status.waiting + status.under_way + status.delivered;
        if all < u64::from(PAST) {
            return Err(format!("only {all} sendings").into());
        }
        Ok(took)
    };
    let mut open_and_status_ms = f64::INFINITY;
    for _ in 0..5 {
        open_and_status_ms = open_and_status_ms.min(open()?);
    }
    let measured = Measured {
        sets: SETS,
        bytes_per_set: bytes / u64::from(SETS),
        share_beyond_signing: (put_in.cpu_seconds + send.cpu_seconds)
            / (put_in.seconds + sign.seconds + send.seconds),
        put_in_and_check: put_in,
        sign,
        send,
        past_sendings: PAST,
        open_and_status_ms,
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&measured)?);
        return Ok(());
    }
    println!(
        "{SETS} sets of {} KB: seconds, of these on a processor",
        measured.bytes_per_set / 1024
    );
    for (what, cost) in [("put in and check", put_in), ("sign", sign), ("send", send)] {
        println!("  {what:<18}{:>8.2}{:>8.2}", cost.seconds, cost.cpu_seconds);
    }
    println!(
        "share of a core beyond signing: {:.1} % (wanted at most 20 %)",
        measured.share_beyond_signing * 100.0
    );
    println!(
        "open the home and status with {PAST} past sendings: {open_and_status_ms:.1} ms (wanted under 100 ms)"
    );
    Ok(())
}

/// A platform for development with two offices.
struct World {
    setup: Setup,
    log_in: LogInRequest,
    _platform: Platform,
}

impl World {
    fn new(root: &Path) -> Result<Self, Failure> {
        let home = root.join("platform");
        make_development_home(&home, &["127.0.0.1"], Utc::now())?;
        let variables = [(
            "CAREPLAN_PLATFORM_SERVER_LISTEN".to_owned(),
            "127.0.0.1:0".to_owned(),
        )];
        let settings = Settings::read(&home.join(Settings::FILE), variables, [])?;
        let platform = Platform::start(settings.platform_config(&home)?)?;
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
                platform: format!("https://{}", platform.address()),
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

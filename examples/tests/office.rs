//! `office` against `platform`, both as programs: a month as docs/office.md has it, the programs
//! killed at random moments, and what an office is told when something is not as it should be.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

const MANAGER: &str = "1370948774";
const SERVICE: &str = "1375169671";
const PASSWORD: &str = "correct horse battery";

fn samples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name)
}

/// A running `platform` and the homes of offices.
struct World {
    root: TempDir,
    platform: Child,
    address: String,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.platform.kill();
        let _ = self.platform.wait();
    }
}

impl World {
    /// A platform with two offices that have a licence.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut platform = Command::new(env!("CARGO_BIN_EXE_platform"))
            .args(["--lang", "en", "--home"])
            .arg(root.path().join("platform"))
            .env("CAREPLAN_PLATFORM_SERVER_LISTEN", "127.0.0.1:0")
            .env("CAREPLAN_PLATFORM_WEB_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_OPERATIONS_LISTEN", "off")
            .env("CAREPLAN_PLATFORM_LIMITS_CONTAINER_BYTES", "536870912")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(platform.stdout.take().unwrap());
        while !line.contains("https://") {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "platform ended");
        }
        let at = line.find("https://").unwrap();
        let address = line[at..].trim().to_owned();
        let world = Self {
            root,
            platform,
            address,
        };
        world.join(MANAGER);
        world.join(SERVICE);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn home(&self, number: &str) -> PathBuf {
        self.path(number)
    }

    /// `platform` as its operator uses it.
    fn operator(&self, arguments: &[&str]) {
        let password = self.path("password.txt");
        fs::write(&password, format!("{PASSWORD}\n")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_platform"));
        command
            .arg("--home")
            .arg(self.path("platform"))
            .args(arguments);
        if arguments.contains(&"set-password") {
            command.arg("--password-file").arg(password);
        }
        done(command.output().unwrap());
    }

    /// Registers an office, sets its home up, and has its certificate issued.
    fn join(&self, number: &str) {
        let user = user(number);
        self.operator(&["office", "add", number]);
        self.operator(&["account", "set-password", &user, "--office", number]);
        let terms = ["--by", &user, "--terms", "2026-04"];
        self.operator(&[&["licence", "record", "granted", number][..], &terms].concat());
        let authority = self.path("platform/certificates/authority.pem");
        let set_up = self
            .office(number)
            .args(["init", "--office", number, "--user", &user])
            .args(["--platform", &self.address, "--authority"])
            .arg(authority)
            .output();
        done(set_up.unwrap());
        self.issue(number, &[]);
    }

    /// Has the pending request certified and installs the certificate.
    fn issue(&self, number: &str, more: &[&str]) {
        let certificate = self.certify(number, more);
        let installed = self
            .office(number)
            .args(["init", "--certificate"])
            .arg(&certificate)
            .output();
        done(installed.unwrap());
    }

    /// `office` on an office's home.
    fn office(&self, number: &str) -> Command {
        Self::office_at(&self.home(number))
    }

    fn office_at(home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_office"));
        command
            .args(["--json", "--lang", "ja", "--home", path(home)])
            .env("CAREPLAN_PASSWORD", PASSWORD)
            .env_remove("CAREPLAN_KEY_PASSWORD");
        command
    }

    /// Has the request that waits in an office's home certified; the certificate's file.
    fn certify(&self, number: &str, more: &[&str]) -> PathBuf {
        let certificate = self.path(&format!("{number}.pem"));
        let issued = Command::new(env!("CARGO_BIN_EXE_envelope"))
            .args(["ca", "issue", "--office", number, "--dir"])
            .arg(self.path("platform/authority"))
            .arg("--request")
            .arg(self.home(number).join("request.pem"))
            .arg("--out")
            .arg(&certificate)
            .args(more)
            .output();
        done(issued.unwrap());
        certificate
    }

    /// Runs `office` and reads what it prints.
    fn run(&self, number: &str, arguments: &[&str]) -> (i32, Value) {
        outcome(self.office(number).args(arguments).output().unwrap())
    }

    fn ok(&self, number: &str, arguments: &[&str]) -> Value {
        let (code, value) = self.run(number, arguments);
        assert_eq!(code, 0, "{arguments:?}: {value:#}");
        value
    }
}

fn user(number: &str) -> String {
    format!("KJ00{number}")
}

fn done(output: Output) {
    let (out, error) = (&output.stdout, &output.stderr);
    let text = [out.as_slice(), error]
        .map(String::from_utf8_lossy)
        .concat();
    assert!(output.status.success(), "{text}");
}

fn outcome(output: Output) -> (i32, Value) {
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|error| {
        let errors = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {text}{errors}")
    });
    (output.status.code().unwrap(), value)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for (name, bytes) in contents(from) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

fn text(value: &Value) -> &str {
    value["error"]["ja"].as_str().unwrap()
}

#[test]
fn a_month_with_office_alone() {
    let world = World::new();
    let status = world.ok(MANAGER, &["status"]);
    assert_eq!(status["sets"]["waiting"], 0);
    assert!(status["certificate"]["days_left"].as_i64().unwrap() > 300);
    // The plan goes out, with a PDF alone after it.
    let month = samples("month-set");
    let checked = world.ok(MANAGER, &["send", "--check", path(&month)]);
    assert_eq!(checked["sets"][0]["kept_back"], false);
    let sent = world.ok(MANAGER, &["send", path(&month)]);
    assert_eq!(sent["sets"][0]["result"]["state"]["state"], "sent");
    let pdf = world.path("第3表.pdf");
    fs::write(&pdf, "%PDF-1.7").unwrap();
    let (code, refused) = world.run(MANAGER, &["send", path(&pdf)]);
    assert_eq!(code, 1);
    assert!(text(&refused).contains("送信先"), "{refused:#}");
    world.ok(MANAGER, &["send", "--to", SERVICE, path(&pdf)]);

    // The service office receives, takes out, answers with actuals.
    let synced = world.ok(SERVICE, &["sync"]);
    assert_eq!(synced["received"].as_array().unwrap().len(), 2);
    let imports = world.path("service-imports");
    let taken = world.ok(SERVICE, &["take", "--out", path(&imports)]);
    assert_eq!(taken["taken_out"].as_array().unwrap().len(), 2);
    let mut there = contents(&imports);
    there.retain(|name, _| name.ends_with(".CSV"));
    assert_eq!(there, contents(&month));
    world.ok(SERVICE, &["send", path(&samples("actual-set"))]);

    // Back at the manager's.
    let synced = world.ok(MANAGER, &["sync"]);
    assert_eq!(synced["received"].as_array().unwrap().len(), 1);
    let imports = world.path("manager-imports");
    world.ok(MANAGER, &["take", "--out", path(&imports)]);
    assert_eq!(contents(&imports), contents(&samples("actual-set")));
    let list = world.ok(MANAGER, &["list", "sent"]);
    let states: Vec<_> = list.as_array().unwrap().iter().collect();
    assert_eq!(states.len(), 2);
    assert!(
        states
            .iter()
            .all(|set| set["state"]["detail"] == "confirmed"),
        "{list:#}"
    );
    let shown = world.ok(MANAGER, &["show", "S1"]);
    assert_eq!(shown["receiver"], SERVICE);
    // The receipts can be handed out, and others can check them.
    let out = world.path("receipts");
    let receipts = world.ok(MANAGER, &["receipts", "--out", path(&out), "S1"]);
    let events: Vec<_> = receipts[0]["receipts"].as_array().unwrap().iter().collect();
    assert_eq!(events.len(), 2, "{receipts:#}");
    assert!(events.iter().all(|receipt| receipt["doubt"].is_null()));
    for name in contents(&out).into_keys() {
        let checked = Command::new(env!("CARGO_BIN_EXE_envelope"))
            .args(["receipt", "verify"])
            .arg(out.join(name))
            .arg("--trust")
            .arg(world.path("platform/certificates/authority.pem"))
            .output();
        done(checked.unwrap());
    }
    // What was fetched cannot be taken back.
    let (code, late) = world.run(MANAGER, &["withdraw", "S1"]);
    assert_eq!(code, 2, "{late:#}");
    assert_eq!(world.ok(MANAGER, &["status"])["sets"]["delivered"], 2);
}

#[test]
fn folders_watched_need_no_other_command() {
    let world = World::new();
    let (exports, imports) = (world.path("出力"), world.path("取込"));
    copy(&samples("month-set"), &exports);
    fs::write(exports.join("メモ.txt"), "not ours").unwrap();
    // A table 1 alone cannot be sent, and a PDF goes where its folder says.
    let alone = "UP1KYO_1370948774_43_1375169671_11_20260921113359.CSV";
    fs::write(exports.join(alone), "x\r\n").unwrap();
    fs::create_dir(exports.join(SERVICE)).unwrap();
    fs::write(exports.join(SERVICE).join("第3表.pdf"), "%PDF-1.7").unwrap();
    let watch = |number: &str, exports: &Path, imports: &Path| {
        let folders = ["--in", path(exports), "--out", path(imports)];
        let output = world
            .office(number)
            .args(["watch", "--once", "--settle", "0"])
            .args(folders)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = watch(MANAGER, &exports, &imports);
    assert_eq!(code, 1, "{text}");
    // What is not this program's business stays; the rest is sorted away with reports.
    assert_eq!(
        contents(&exports).into_keys().collect::<Vec<_>>(),
        ["メモ.txt"]
    );
    let filed = |shelf: &str| -> Vec<PathBuf> {
        let folders = fs::read_dir(exports.join(shelf)).unwrap();
        folders.map(|entry| entry.unwrap().path()).collect()
    };
    assert_eq!((filed("done").len(), filed("refused").len()), (2, 1));
    let report = fs::read_to_string(filed("refused")[0].join("report.txt")).unwrap();
    assert!(report.contains("UP2KYO"), "{report}");

    let (exports, imports) = (world.path("service-out"), world.path("service-in"));
    copy(&samples("actual-set"), &exports);
    let (code, text) = watch(SERVICE, &exports, &imports);
    assert_eq!(code, 0, "{text}");
    let mut there = contents(&imports);
    there.retain(|name, _| name.ends_with(".CSV"));
    assert_eq!(there, contents(&samples("month-set")));
    let imports = world.path("取込");
    let (code, text) = watch(MANAGER, &world.path("出力"), &imports);
    assert_eq!(code, 0, "{text}");
    assert_eq!(contents(&imports), contents(&samples("actual-set")));
}

/// Numbers that look random, from a seed.
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }
}

/// A number from the environment, for long runs by hand.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// `CAREPLAN_OFFICE_KILLS` says how many programs are killed, `CAREPLAN_OFFICE_SEED` from which
/// seed the moments come.
#[test]
fn killed_at_random_moments_nothing_is_lost_and_nothing_comes_twice() {
    let kills = setting("CAREPLAN_OFFICE_KILLS", 12);
    let seed = setting("CAREPLAN_OFFICE_SEED", 1);
    eprintln!("seed {seed}");
    let mut chance = Chance(seed);
    let world = World::new();
    let imports = world.path("imports");
    let mut exported: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut exports = Vec::new();
    // How long a whole round takes here says among which moments to choose.
    let begun = Instant::now();
    world.ok(SERVICE, &["sync"]);
    let whole = begun.elapsed();
    for round in 0..kills {
        let export = world.path(&format!("export {round}"));
        fs::create_dir(&export).unwrap();
        for (name, bytes) in contents(&samples("month-set")) {
            let (hour, minute, second) = (round / 3600 % 24, round / 60 % 60, round % 60);
            let sequence = format!("20260921{hour:02}{minute:02}{second:02}");
            let (start, _) = name.rsplit_once('_').unwrap();
            let name = format!("{start}_{sequence}.CSV");
            fs::write(export.join(&name), &bytes).unwrap();
            exported.insert(name, bytes);
        }
        let mut victim = match chance.next(3) {
            0 => world
                .office(SERVICE)
                .arg("sync")
                .stdout(Stdio::null())
                .spawn(),
            1 => world
                .office(SERVICE)
                .args(["take", "--out", path(&imports)])
                .stdout(Stdio::null())
                .spawn(),
            _ => world
                .office(MANAGER)
                .args(["send", path(&export)])
                .stdout(Stdio::null())
                .spawn(),
        }
        .unwrap();
        let moment = whole.mul_f64(chance.next(1200) as f64 / 1000.0);
        std::thread::sleep(moment);
        // SIGKILL on Unix: the program gets no chance to tidy up.
        victim.kill().unwrap();
        victim.wait().unwrap();
        exports.push(export);
    }
    // Whoever was interrupted does it again.
    for export in &exports {
        let (code, value) = world.run(MANAGER, &["send", "--later", path(export)]);
        assert_eq!(code, 0, "{value:#}");
    }
    world.ok(MANAGER, &["sync"]);
    world.ok(SERVICE, &["sync"]);
    world.ok(SERVICE, &["take", "--out", path(&imports)]);
    world.ok(MANAGER, &["sync"]);
    // Each set once on both sides, and every byte there.
    let limit = (kills * 2 + 10).to_string();
    for (number, which) in [(MANAGER, "sent"), (SERVICE, "received")] {
        let list = world.ok(number, &["list", which, "--limit", &limit]);
        let list = list.as_array().unwrap();
        let sequences: std::collections::BTreeSet<_> = list
            .iter()
            .map(|set| set["sequence"].as_str().unwrap())
            .collect();
        assert_eq!(list.len(), exports.len(), "{which}");
        assert_eq!(sequences.len(), exports.len(), "{which}");
    }
    assert_eq!(
        world.ok(MANAGER, &["status"])["sets"]["delivered"],
        exports.len() as u64
    );
    assert_eq!(contents(&imports), exported);
}

#[test]
fn a_reader_who_leaves_ends_nothing_and_a_full_disk_is_said() {
    let completions = |stdout: Stdio| {
        Command::new(env!("CARGO_BIN_EXE_office"))
            .args(["completions", "bash"])
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut office = completions(Stdio::piped());
    drop(office.stdout.take());
    let output = office.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), &*said), (Some(0), ""));
    if cfg!(target_os = "linux") {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = completions(full.into()).wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: standard output: "), "{said}");
    }
}

#[test]
fn what_cannot_be_sent_is_said_and_nothing_is_taken() {
    let world = World::new();
    // A set with a missing table.
    let month = world.path("月次 第7表なし");
    copy(&samples("month-set"), &month);
    for name in contents(&month).into_keys() {
        if name.starts_with("UPSIKYU") {
            fs::remove_file(month.join(name)).unwrap();
        }
    }
    let (code, value) = world.run(MANAGER, &["send", path(&month)]);
    assert_eq!(code, 1);
    assert!(text(&value).contains("UPSIKYU"), "{value:#}");
    // A share that is not there, as Windows writes it.
    let (code, value) = world.run(MANAGER, &["send", r"\\server\共有\出力"]);
    assert_eq!(code, 1);
    assert!(text(&value).contains("読み込めません"), "{value:#}");
    // Another program at work on the home.
    let held = fs::File::options()
        .write(true)
        .open(world.home(MANAGER).join("lock"))
        .unwrap();
    held.lock().unwrap();
    let (code, value) = world.run(MANAGER, &["status"]);
    assert_eq!(code, 3);
    assert!(text(&value).contains("使用中"), "{value:#}");
    drop(held);
    // Nobody answers: what was put in is kept.
    let settings = world.home(MANAGER).join("office.toml");
    let before = fs::read_to_string(&settings).unwrap();
    fs::write(
        &settings,
        before.replace(&world.address, "https://127.0.0.1:9"),
    )
    .unwrap();
    let (code, value) = world.run(MANAGER, &["send", path(&samples("month-set"))]);
    assert_eq!(code, 3);
    assert!(text(&value).contains("保管"), "{value:#}");
    let watched = world
        .office(MANAGER)
        .args(["watch", "--once", "--in", path(&world.path("in"))])
        .args(["--out", path(&world.path("out"))])
        .output();
    assert_eq!(watched.unwrap().status.code(), Some(3));
    fs::write(&settings, before).unwrap();
    assert_eq!(world.ok(MANAGER, &["status"])["sets"]["waiting"], 1);
    assert_eq!(
        world.ok(MANAGER, &["sync"])["accepted"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // A wrong password.
    let output = world
        .office(SERVICE)
        .arg("sync")
        .env("CAREPLAN_PASSWORD", "wrong horse battery")
        .output();
    let (code, _) = outcome(output.unwrap());
    assert_eq!(code, 2);
}

/// A file system of its own, in memory. Only root can make one.
#[cfg(target_os = "linux")]
struct Mounted(PathBuf);

#[cfg(target_os = "linux")]
impl Mounted {
    fn new(at: &Path, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={kilobytes}k");
        let made = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        matches!(made, Ok(status) if status.success()).then(|| Self(at.to_owned()))
    }

    fn remount(&self, option: &str) {
        let options = format!("remount,{option}");
        let status = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.0)
            .status();
        assert!(status.unwrap().success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_home_lose_nothing() {
    let world = World::new();
    let place = world.path("small");
    let Some(disk) = Mounted::new(&place, 1024) else {
        eprintln!("skipped: only root can make a small disk");
        return;
    };
    let home = world.home(MANAGER);
    let copied = Command::new("cp").arg("-a").arg(&home).arg(&place).status();
    assert!(copied.unwrap().success());
    let home = place.join(MANAGER);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_office"));
        command
            .args(["--json", "--lang", "ja", "--home"])
            .arg(&home);
        command.env("CAREPLAN_PASSWORD", PASSWORD).args(arguments);
        outcome(command.output().unwrap())
    };
    // Two megabytes do not go onto a disk of one.
    let large = world.path("large");
    copy(&samples("month-set"), &large);
    fs::write(large.join("scan.pdf"), vec![b'%'; 2 * 1024 * 1024]).unwrap();
    let (code, value) = run(&["send", path(&large)]);
    assert_eq!(code, 2, "{value:#}");
    assert!(text(&value).contains("空き容量"), "{value:#}");
    // Nothing half is left, and the set without the PDF goes.
    assert_eq!(run(&["status"]).1["sets"]["waiting"], 0);
    let (code, value) = run(&["send", path(&samples("month-set"))]);
    assert_eq!(code, 0, "{value:#}");

    disk.remount("ro");
    let (code, value) = run(&["sync"]);
    assert_eq!(code, 2);
    assert!(text(&value).contains("読み書きできません"), "{value:#}");
    disk.remount("rw");
    assert_eq!(run(&["status"]).1["sets"]["under_way"], 1);
}

#[test]
fn five_thousand_files_in_one_folder_are_told_apart() {
    let world = World::new();
    let export = world.path("export");
    fs::create_dir(&export).unwrap();
    let actuals = contents(&samples("month-set"));
    // As many deletions of plans as files, each a set of its own.
    let deletion = contents(&samples("deletions"));
    let (_, bytes) = deletion
        .iter()
        .find(|(name, _)| name.starts_with("DLTPLAN"))
        .unwrap();
    for at in 0..4997 {
        let (hour, minute, second) = (at / 3600, at / 60 % 60, at % 60);
        let sequence = format!("20260921{hour:02}{minute:02}{second:02}");
        let name = format!("DLTPLAN_202610_{MANAGER}_43_{SERVICE}_11_{sequence}.CSV");
        fs::write(export.join(name), bytes).unwrap();
    }
    for (name, bytes) in actuals {
        fs::write(export.join(name), bytes).unwrap();
    }
    let (code, value) = world.run(MANAGER, &["send", "--check", path(&export)]);
    assert_eq!(code, 0, "{:#}", value["error"]);
    assert_eq!(value["sets"].as_array().unwrap().len(), 4998);
    // One file more that is no file of the standard: it is named, nothing is taken.
    fs::write(export.join("利用者一覧.csv"), "x").unwrap();
    let (code, value) = world.run(MANAGER, &["send", path(&export)]);
    assert_eq!(code, 1);
    assert!(text(&value).contains("利用者一覧.csv"), "{value:#}");
    assert_eq!(world.ok(MANAGER, &["status"])["sets"]["waiting"], 0);
}

#[test]
fn an_office_comes_with_the_certificate_it_has_in_whatever_form() {
    let world = World::new();
    let identity = world.home(MANAGER).join("identity.pem");
    let folder = world.path("forms");
    fs::create_dir(&folder).unwrap();
    let form = |name: &str| folder.join(name);
    let openssl = |arguments: &[&str]| {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments).current_dir(&folder).output();
        done(output.unwrap());
    };
    let (key, certificate) = (path(&identity), world.path(&format!("{MANAGER}.pem")));
    let certificate = path(&certificate);
    let encrypt = [
        "pkcs8",
        "-topk8",
        "-passout",
        "pass:secret",
        "-in",
        key,
        "-out",
    ];
    openssl(&[&encrypt[..], &["key.pem"]].concat());
    openssl(&[&encrypt[..], &["key.der", "-outform", "DER"]].concat());
    let plain = ["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"];
    openssl(&[&plain[..], &["-in", key, "-out", "plain.der"]].concat());
    openssl(&[
        "x509",
        "-in",
        certificate,
        "-outform",
        "DER",
        "-out",
        "cert.der",
    ]);
    let export = ["pkcs12", "-export", "-inkey", key, "-in", certificate];
    openssl(
        &[
            &export[..],
            &["-passout", "pass:secret", "-out", "office.p12"],
        ]
        .concat(),
    );
    let (pem, der) = (form("key.pem"), form("key.der"));
    let (plain, cert, p12) = (form("plain.der"), form("cert.der"), form("office.p12"));
    let right = form("right.txt");
    fs::write(&right, "secret\n").unwrap();
    let user = user(MANAGER);
    let authority = world.path("platform/certificates/authority.pem");
    let init = |name: &str, identity: &[&str]| {
        let mut office = World::office_at(&world.path(name));
        office
            .args(["init", "--office", MANAGER, "--user", &user])
            .args(["--platform", &world.address, "--authority"])
            .arg(&authority)
            .args(identity)
            .stdin(Stdio::null());
        office
    };
    for (at, identity) in [
        vec!["--key", path(&pem), "--certificate", certificate],
        vec!["--key", path(&der), "--certificate", path(&cert)],
        vec!["--key", path(&plain), "--certificate", path(&cert)],
        vec!["--p12", path(&p12)],
        vec!["--p12", path(&p12), "--key-password-file", path(&right)],
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("home {at}");
        let mut office = init(&name, &identity);
        if !identity.contains(&"--key-password-file") {
            office.env("CAREPLAN_KEY_PASSWORD", "secret");
        }
        let (code, value) = outcome(office.output().unwrap());
        assert_eq!(code, 0, "{identity:?}: {value:#}");
        assert!(value["request"].is_null() && value["certificate_ends_at"].is_string());
        let mut sync = World::office_at(&world.path(&name));
        assert_eq!(outcome(sync.arg("sync").output().unwrap()).0, 0);
    }
    // A wrong password, none, no such file as it should be: said with the file, and no home.
    for (identity, password, says) in [
        (["--p12", path(&p12)], Some("wrong"), "パスワード"),
        (["--p12", path(&p12)], None, "--key-password-file"),
        (["--p12", path(&pem)], Some("secret"), "PKCS#12"),
    ] {
        let mut office = init("nothing", &identity);
        if let Some(password) = password {
            office.env("CAREPLAN_KEY_PASSWORD", password);
        }
        let (code, value) = outcome(office.output().unwrap());
        assert_eq!(code, 2);
        assert!(text(&value).contains(says), "{value:#}");
        assert!(!value.to_string().contains("secret"));
        assert!(!world.path("nothing/office.toml").exists());
    }
}

#[test]
fn a_certificate_is_renewed_and_what_waits_goes_with_the_new_one() {
    let world = World::new();
    let first = world.ok(MANAGER, &["renew"]);
    let signed = first["signed"].as_str().unwrap();
    assert!(signed.ends_with("renewal.asice") && Path::new(signed).is_file());
    assert_eq!(world.ok(MANAGER, &["renew"]), first, "the same request");
    // Until it is answered the old one works.
    world.ok(MANAGER, &["sync"]);
    let old = fs::read(world.home(MANAGER).join("identity.pem")).unwrap();
    let certificate = world.certify(MANAGER, &[]);
    // Somebody else's is not taken.
    let (code, _) = world.run(SERVICE, &["renew", "--finish", path(&certificate)]);
    assert_eq!(code, 2);
    let finished = world.ok(MANAGER, &["renew", "--finish", path(&certificate)]);
    assert!(finished["certificate_ends_at"].is_string());
    let home = world.home(MANAGER);
    assert!(!home.join("renewal.asice").exists() && !home.join("request.key.pem").exists());
    let former: Vec<_> = contents(&home.join("former")).into_values().collect();
    assert_eq!(former, [old]);
    let sent = world.ok(MANAGER, &["send", path(&samples("month-set"))]);
    assert_eq!(
        sent["sync"]["accepted"].as_array().map(Vec::len),
        Some(1),
        "{sent:#}"
    );
}

/// Runs a program and gives the most memory it had, in bytes.
#[cfg(target_os = "linux")]
fn run_and_weigh(command: &mut Command) -> (Output, u64) {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let watching = std::thread::spawn(move || {
        let mut most = 0;
        // The system keeps the largest figure itself; only the last moments may be missed.
        while let Ok(text) = fs::read_to_string(&status) {
            let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:")) else {
                break;
            };
            let kilobytes = line.split_whitespace().nth(1).unwrap();
            most = kilobytes.parse::<u64>().unwrap() * 1024;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        most
    });
    let output = child.wait_with_output().unwrap();
    (output, watching.join().unwrap())
}

/// `CAREPLAN_OFFICE_LARGE_MB` says how large: 300 by hand, less in CI; more than the memory that is
/// allowed in any case.
#[cfg(target_os = "linux")]
#[test]
fn a_large_pdf_is_streamed() {
    const ALLOWED: u64 = 64 * 1024 * 1024;
    let megabytes = setting("CAREPLAN_OFFICE_LARGE_MB", 80);
    let world = World::new();
    let export = world.path("export");
    copy(&samples("month-set"), &export);
    // Bytes that do not compress.
    let mut chance = Chance(megabytes);
    let mut pdf = Vec::new();
    for _ in 0..megabytes * 1024 * 1024 / 8 {
        pdf.extend(chance.next(u64::MAX).to_le_bytes());
    }
    let scan = export.join("スキャン.pdf");
    fs::write(&scan, &pdf).unwrap();
    let (output, sending) = run_and_weigh(world.office(MANAGER).args(["send", path(&export)]));
    let (code, value) = outcome(output);
    assert_eq!(code, 0, "{value:#}");
    let (output, receiving) = run_and_weigh(world.office(SERVICE).arg("sync"));
    let (code, value) = outcome(output);
    assert_eq!(code, 0, "{value:#}");
    let imports = world.path("imports");
    let mut take = world.office(SERVICE);
    let (output, taking) = run_and_weigh(take.args(["take", "--out", path(&imports)]));
    assert_eq!(outcome(output).0, 0);
    assert!(
        fs::read(imports.join("スキャン.pdf")).unwrap() == pdf,
        "the PDF changed"
    );
    eprintln!(
        "{megabytes} MB: most memory {sending} sending, {receiving} receiving, {taking} taking out"
    );
    for memory in [sending, receiving, taking] {
        assert!(memory > 0 && memory < ALLOWED, "{memory} bytes");
    }
}

/// The page takes long files piece by piece too, and sends them as `office send` does.
#[cfg(target_os = "linux")]
#[test]
fn a_large_upload_to_the_page_is_streamed() {
    const ALLOWED: u64 = 64 * 1024 * 1024;
    let megabytes = setting("CAREPLAN_OFFICE_LARGE_MB", 80);
    let world = World::new();
    let mut page = world
        .office(MANAGER)
        .args(["ui", "--no-browser"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(page.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let listening: Value = serde_json::from_str(&line).unwrap();
    let address = listening["address"].as_str().unwrap();
    let (host, path) = address
        .trim_start_matches("http://")
        .split_once('/')
        .unwrap();
    let call = |head: &str, body: &mut dyn FnMut(&mut TcpStream)| {
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{head}host: {host}\r\norigin: http://{host}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        body(&mut stream);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let header = |answer: &str, name: &str| -> String {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_else(|| panic!("no {name}: {answer}"));
        line.split(';').next().unwrap().trim().to_owned()
    };
    let entered = call(&format!("GET /{path} HTTP/1.1\r\n"), &mut |_| {});
    let cookie = header(&entered, "set-cookie:");

    let part = |name: &str| {
        format!(
            "--limit\r\ncontent-disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n"
        )
    };
    let mut before = Vec::new();
    for (name, bytes) in contents(&samples("month-set")) {
        before.extend(part(&name).into_bytes());
        before.extend(bytes);
        before.extend(b"\r\n");
    }
    before.extend(part("scan.pdf").into_bytes());
    let after = b"\r\n--limit--\r\n";
    let length = before.len() as u64 + (megabytes << 20) + after.len() as u64;
    let head = format!(
        "POST /send HTTP/1.1\r\ncookie: {cookie}\r\ncontent-length: {length}\r\n\
         content-type: multipart/form-data; boundary=limit\r\n"
    );
    let uploaded = call(&head, &mut |stream| {
        stream.write_all(&before).unwrap();
        let mut chance = Chance(megabytes);
        for _ in 0..megabytes << 7 {
            // Eight kilobytes that do not compress.
            let piece: Vec<u8> = (0..1024)
                .flat_map(|_| chance.next(u64::MAX).to_le_bytes())
                .collect();
            stream.write_all(&piece).unwrap();
        }
        stream.write_all(after).unwrap();
    });
    let draft = header(&uploaded, "location:");
    assert!(draft.starts_with("/send/"), "{uploaded}");
    let form = "act=send";
    let head = format!(
        "POST {draft} HTTP/1.1\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n",
        form.len()
    );
    call(&head, &mut |stream| {
        stream.write_all(form.as_bytes()).unwrap();
    });
    // Each call is answered when the work is over, or after a while.
    let head = format!("GET /progress?wait=true HTTP/1.1\r\ncookie: {cookie}\r\n");
    let ended = (0..40).find_map(|_| {
        let shown = call(&head, &mut |_| {});
        (!shown.contains("id=\"work\"")).then_some(shown)
    });
    let ended = ended.unwrap();
    assert!(ended.contains("センターが受け付けました"), "{ended}");
    let status = fs::read_to_string(format!("/proc/{}/status", page.id())).unwrap();
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let most: u64 = most.split_whitespace().next().unwrap().parse().unwrap();
    let head = format!("POST /quit HTTP/1.1\r\ncookie: {cookie}\r\ncontent-length: 0\r\n");
    call(&head, &mut |_| {});
    assert!(page.wait().unwrap().success());
    eprintln!("{megabytes} MB through the page: most memory {most} KB");
    assert!(most * 1024 < ALLOWED, "{most} KB");
}

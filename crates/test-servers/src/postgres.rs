//! A PostgreSQL cluster in a temporary folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::guard::Guarded;
use crate::missing;

/// Where Debian has PostgreSQL's versions.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How often to ask whether it is up, and how long between.
const QUESTIONS: u32 = 600;
const BETWEEN: Duration = Duration::from_millis(100);

/// A running cluster, reached over a socket in its folder.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    databases: AtomicU32,
    _server: Guarded,
}

impl Postgres {
    /// Starts a cluster of its own, durable as PostgreSQL is by default; `None`, with a message, if
    /// PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            missing("PostgreSQL is not installed (Debian package postgresql)");
            return None;
        };
        let folder = tempfile::Builder::new()
            .prefix("postgres-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let user = other_user(&folder);
        let data = folder.join("data");
        let as_user = |program: &str| {
            let mut line = match &user {
                Some(user) => vec!["setpriv", "--init-groups", "--reuid", user, "--regid", user],
                None => Vec::new(),
            }
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
            line.push(text(&programs.join(program)));
            line
        };
        let mut initdb = as_user("initdb");
        // Not synced: what is not there yet cannot be lost.
        initdb.extend(
            [
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--username=platform",
            ]
            .map(str::to_owned),
        );
        initdb.extend(["-D".to_owned(), text(&data)]);
        run(&initdb, &folder);
        let mut postgres = as_user("postgres");
        postgres.extend(["-D".to_owned(), text(&data)]);
        for setting in [
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", folder.display()),
            "fsync=on".to_owned(),
            "max_connections=200".to_owned(),
        ] {
            postgres.extend(["-c".to_owned(), setting]);
        }
        // An interrupt is PostgreSQL's fast shutdown.
        let line: Vec<&str> = postgres.iter().map(String::as_str).collect();
        let server = Guarded::start(&line, "INT", &folder);
        let started = Self {
            programs,
            folder,
            databases: AtomicU32::new(0),
            _server: server,
        };
        started.wait();
        Some(started)
    }

    /// Makes a database; its URL.
    #[must_use]
    pub fn database(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self
            .client("createdb")
            .arg(&name)
            .status()
            .expect("createdb");
        assert!(made.success(), "createdb ended with {made}");
        let host = text(&self.folder).replace('/', "%2F");
        format!("postgres://platform@{host}/{name}")
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .arg("--host")
            .arg(&self.folder)
            .arg("--username=platform");
        command
    }

    fn wait(&self) {
        for _ in 0..QUESTIONS {
            let ready = self
                .client("pg_isready")
                .arg("--quiet")
                .status()
                .expect("pg_isready");
            if ready.success() {
                return;
            }
            std::thread::sleep(BETWEEN);
        }
        panic!("PostgreSQL does not start");
    }
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(DEBIAN)
        .ok()?
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL does not run as root: then as another user, who is given the folder.
fn other_user(folder: &Path) -> Option<String> {
    const USER: &str = "postgres";
    let id = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().expect("id");
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .expect("a user's number")
    };
    if id(&["-u"]) != 0 {
        return None;
    }
    let (user, group) = (id(&["-u", USER]), id(&["-g", USER]));
    chown(folder, Some(user), Some(group)).expect("giving the folder away");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("permissions");
    Some(USER.to_owned())
}

fn run(line: &[String], folder: &Path) {
    let (program, arguments) = line.split_first().expect("a program");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("a program that starts");
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

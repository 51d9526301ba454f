//! A PostgreSQL cluster in a temporary folder.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::guard::Guarded;
use crate::missing;

/// Where Debian has PostgreSQL's versions.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How often to ask whether it is up, and how long between.
const QUESTIONS: u32 = 600;
const BETWEEN: Duration = Duration::from_millis(100);

/// Where PostgreSQL listens unless told otherwise; over a socket nobody is in the way there.
const USUAL_PORT: u16 = 5432;

/// A running cluster, reached over a socket in its folder.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    databases: AtomicU32,
    _server: Guarded,
}

impl Postgres {
    /// A cluster for all tests of this process, with which it ends; `None`, with a message, if
    /// PostgreSQL is not installed.
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// Starts a cluster of its own, durable as PostgreSQL is by default; `None`, with a message, if
    /// PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        let prepared = Prepared::new(&std::env::temp_dir())?;
        let settings = vec!["listen_addresses=".to_owned()];
        Some(prepared.start(USUAL_PORT, settings))
    }

    /// As [`start`](Self::start), in a folder of its own in `place`, and under a supervisor that
    /// starts it again when it ends, as after [`crash`](Self::crash).
    #[must_use]
    pub fn start_supervised(place: &Path) -> Option<Self> {
        let prepared = Prepared::new(place)?;
        let settings = vec!["listen_addresses=".to_owned()];
        Some(prepared.start_with(USUAL_PORT, settings, Guarded::supervise))
    }

    /// Kills the server and every process of it at once (`kill -9`), in the middle of whatever they
    /// do.
    pub fn crash(&self) {
        // Between two starts there is nothing to kill.
        let Some(server) = self.process() else { return };
        // Some may have ended meanwhile.
        let _ = Command::new("kill")
            .arg("-KILL")
            .arg(server.to_string())
            .args(children(server).iter().map(u32::to_string))
            .stderr(Stdio::null())
            .status()
            .expect("kill");
    }

    /// The server's process, by the file it writes.
    fn process(&self) -> Option<u32> {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    /// Starts a cluster that is reached over TCP too, on the loopback address and in TLS only, with
    /// this certificate and key in PEM.
    #[must_use]
    pub fn start_with_tls(certificate: &str, key: &str) -> Option<Self> {
        let prepared = Prepared::new(&std::env::temp_dir())?;
        fs::write(
            prepared.data().join("pg_hba.conf"),
            "local all all trust\nhostssl all all 127.0.0.1/32 trust\n",
        )
        .expect("pg_hba.conf");
        prepared.put("server.pem", certificate);
        prepared.put("server.key.pem", key);
        // Nobody else takes a port that was free a moment ago, or the start fails.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let settings = [
            "listen_addresses=127.0.0.1",
            "ssl=on",
            "ssl_cert_file=server.pem",
            "ssl_key_file=server.key.pem",
        ];
        let settings = settings.map(str::to_owned).to_vec();
        Some(prepared.start(port, settings))
    }

    /// Makes a database; its URL.
    #[must_use]
    pub fn database(&self) -> String {
        let host = text(&self.folder).replace('/', "%2F");
        format!("postgres://platform@{host}:{}/{}", self.port, self.create())
    }

    /// Makes a database of a cluster with TLS; its URL over TCP, with this as the host's name.
    #[must_use]
    pub fn database_at(&self, host: &str) -> String {
        format!("postgres://platform@{host}:{}/{}", self.port, self.create())
    }

    fn create(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self
            .client("createdb")
            .arg(&name)
            .status()
            .expect("createdb");
        assert!(made.success(), "createdb ended with {made}");
        name
    }

    /// One of PostgreSQL's client programs, such as `pg_dump`, for this cluster.
    #[must_use]
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command
            .arg("--host")
            .arg(&self.folder)
            .arg(format!("--port={}", self.port))
            .arg("--username=platform");
        command
    }

    /// Waits until it answers.
    pub fn wait(&self) {
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

/// The files of a cluster that does not run yet.
struct Prepared {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<String>,
}

impl Prepared {
    /// Makes them in a new folder in `place`.
    fn new(place: &Path) -> Option<Self> {
        let Some(programs) = programs() else {
            missing("PostgreSQL is not installed (Debian package postgresql)");
            return None;
        };
        let folder = tempfile::Builder::new()
            .prefix("postgres-")
            .tempdir_in(place)
            .expect("a temporary folder")
            .keep();
        let user = other_user(&folder);
        let prepared = Self {
            programs,
            folder,
            user,
        };
        let mut initdb = prepared.as_user("initdb");
        // Not synced: what is not there yet cannot be lost.
        initdb.extend(
            [
                "--no-sync",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--username=platform",
                "-D",
            ]
            .map(str::to_owned),
        );
        initdb.push(text(&prepared.data()));
        run(&initdb, &prepared.folder);
        Some(prepared)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The beginning of a command line.
    fn as_user(&self, program: &str) -> Vec<String> {
        let mut line = match &self.user {
            Some(user) => vec!["setpriv", "--init-groups", "--reuid", user, "--regid", user],
            None => Vec::new(),
        }
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        line.push(text(&self.programs.join(program)));
        line
    }

    /// Puts a file where PostgreSQL alone reads it.
    fn put(&self, name: &str, content: &str) {
        let path = self.data().join(name);
        fs::write(&path, content).expect("a file of the cluster");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("permissions");
        if self.user.is_some() {
            let owner = fs::metadata(self.data()).expect("the cluster's folder");
            chown(&path, Some(owner.uid()), Some(owner.gid())).expect("giving the file away");
        }
    }

    fn start(self, port: u16, settings: Vec<String>) -> Postgres {
        self.start_with(port, settings, Guarded::start)
    }

    fn start_with(
        self,
        port: u16,
        settings: Vec<String>,
        guarded: fn(&[&str], &str, &Path) -> Guarded,
    ) -> Postgres {
        let mut postgres = self.as_user("postgres");
        postgres.extend(["-D".to_owned(), text(&self.data())]);
        postgres.extend(["-p".to_owned(), port.to_string()]);
        let socket = format!("unix_socket_directories={}", self.folder.display());
        let always = [
            socket,
            "fsync=on".to_owned(),
            "max_connections=200".to_owned(),
        ];
        for setting in settings.into_iter().chain(always) {
            postgres.extend(["-c".to_owned(), setting]);
        }
        // An interrupt is PostgreSQL's fast shutdown.
        let line: Vec<&str> = postgres.iter().map(String::as_str).collect();
        let mut server = guarded(&line, "INT", &self.folder);
        // Somebody has to read what it logs: once the pipe is full, it stands still.
        if let Some(mut told) = server.shell.stderr.take() {
            std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        }
        let started = Postgres {
            programs: self.programs,
            folder: self.folder,
            port,
            databases: AtomicU32::new(0),
            _server: server,
        };
        started.wait();
        started
    }
}

/// The processes that a process has started, where Linux tells them.
fn children(parent: u32) -> Vec<u32> {
    let is_child = |process: &u32| {
        // The number of the parent is the second word behind the name, which is in brackets.
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        behind.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_child)
        .collect()
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

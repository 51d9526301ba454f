//! Against the real platform, over TLS on loopback: a month of sample files, a platform that is
//! stopped abruptly and started again, clients killed at every step, wrong certificates.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use careplan_client::{
    Client, ClientConfig, Clock, ErrorKind, HttpsConfig, HttpsError, HttpsTransport, IncomingState,
    ListOptions, NoAnswer, Observer, OutgoingState, Progress, PutInOptions, RetryPolicy, Step,
};
use careplan_core::{Explain as _, Lang, OfficeNumber};
use careplan_envelope::sealing::Opener;
use careplan_envelope::{
    Authority, CertificateKind, KeyAlgorithm, PrivateKey, RevocationReason, RsaPadding, Signer,
    SoftwareSigner, Validity, Verifier, pem,
};
use careplan_licence::EventKind;
use careplan_platform::{
    EvidenceConfig, PasswordValidity, Platform, PlatformConfig, ServerIdentity, Trust,
};
use careplan_protocol::{LogInRequest, ProblemCode, SendingState};
use chrono::{DateTime, TimeDelta, Utc};
use rustls_pki_types::CertificateDer;
use tempfile::TempDir;

const MANAGER: &str = "1370948774";
const SERVICE: &str = "1375169671";

fn samples(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples")
        .join(name)
}

fn validity() -> Validity {
    Validity::days(Utc::now() - TimeDelta::days(1), 30).unwrap()
}

/// A folder in memory where there is such a place: what a killed process has written stays there
/// as well as on a disk, and forcing it takes no time.
fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// A platform on loopback with two offices, all in one folder, so that another process finds its
/// certificates there.
struct World {
    root: TempDir,
    authority: Authority,
    platform: Arc<Mutex<Option<Platform>>>,
    address: SocketAddr,
}

impl World {
    fn new() -> Self {
        Self::with_kind(KeyAlgorithm::EcdsaP256)
    }

    fn with_kind(algorithm: KeyAlgorithm) -> Self {
        Self::of("An authority", algorithm)
    }

    fn of(authority: &str, algorithm: KeyAlgorithm) -> Self {
        let root = temporary();
        let validity = Validity::days(Utc::now() - TimeDelta::days(2), 60).unwrap();
        let authority = Authority::create(authority, KeyAlgorithm::EcdsaP256, validity).unwrap();
        let mut world = Self {
            root,
            authority,
            platform: Arc::new(Mutex::new(None)),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        world.issue_server();
        fs::write(
            world.path("authority.pem"),
            world.authority.certificate_pem().unwrap(),
        )
        .unwrap();
        for number in [MANAGER, SERVICE] {
            world.issue(number, algorithm);
        }
        world.start();
        for number in [MANAGER, SERVICE] {
            world.register(number);
            world.license(number);
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn issue_server(&mut self) {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let names = ["127.0.0.1", "localhost"];
        let issued = self
            .authority
            .issue_server(&key, &names, validity())
            .unwrap();
        fs::write(self.path("server.pem"), issued.to_pem().unwrap()).unwrap();
        fs::write(self.path("server.key"), key.to_pem().unwrap().as_bytes()).unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let issued = self
            .authority
            .issue_operator(&key, "Operations centre", validity())
            .unwrap();
        fs::write(self.path("operator.pem"), issued.to_pem().unwrap()).unwrap();
        fs::write(self.path("operator.key"), key.to_pem().unwrap().as_bytes()).unwrap();
    }

    fn issue(&mut self, number: &str, algorithm: KeyAlgorithm) {
        self.issue_for(number, algorithm, validity());
    }

    fn issue_for(&mut self, number: &str, algorithm: KeyAlgorithm, validity: Validity) {
        let office = number.parse().unwrap();
        let key = PrivateKey::generate(algorithm).unwrap();
        let request = key.request_pem(office).unwrap();
        let issued = self
            .authority
            .issue_office(
                request.as_bytes(),
                office,
                CertificateKind::CareDx,
                validity,
            )
            .unwrap();
        fs::write(
            self.path(&format!("{number}.pem")),
            issued.to_pem().unwrap(),
        )
        .unwrap();
        fs::write(
            self.path(&format!("{number}.key")),
            key.to_pem().unwrap().as_bytes(),
        )
        .unwrap();
    }

    /// Starts the platform, on the same address as before if there was one.
    fn start(&mut self) {
        self.address = start(self.root.path(), self.address, &self.platform);
    }

    fn register(&self, number: &str) {
        let platform = self.platform.lock().unwrap();
        let operator = platform.as_ref().unwrap().administration();
        let office: OfficeNumber = number.parse().unwrap();
        let log_in = log_in(number);
        operator.register_office(office).unwrap();
        operator
            .set_password(
                office,
                log_in.user_id,
                &log_in.password,
                PasswordValidity::Unlimited,
            )
            .unwrap();
    }

    fn license(&self, number: &str) {
        let platform = self.platform.lock().unwrap();
        let operator = platform.as_ref().unwrap().administration();
        let by = log_in(number).user_id;
        let terms = "2026-04".parse().unwrap();
        let applied = EventKind::Applied {
            by,
            years: 1.try_into().unwrap(),
        };
        let consented = EventKind::Consented {
            by,
            terms,
            read_to_end: true,
        };
        operator
            .record_licence_events(number.parse().unwrap(), [applied, consented])
            .unwrap();
    }

    fn open(&self, number: &str) -> Client {
        self.open_with(number, ())
    }

    fn open_with(&self, number: &str, observer: impl Observer + 'static) -> Client {
        open(self.root.path(), self.address, number, observer)
    }
}

fn start(root: &Path, listen: SocketAddr, place: &Mutex<Option<Platform>>) -> SocketAddr {
    let identity = ServerIdentity {
        chain: pem::certificates(&fs::read(root.join("server.pem")).unwrap()).unwrap(),
        key: pem::private_key(&fs::read(root.join("server.key")).unwrap()).unwrap(),
    };
    let trust = Trust::in_authority(authority(root));
    let evidence = EvidenceConfig::signed_by(Arc::new(signer(root, "operator")));
    let mut config = PlatformConfig::new(root.join("platform"), identity, trust, evidence);
    config.listen = listen;
    let platform = Platform::start(config).unwrap();
    let address = platform.address();
    *place.lock().unwrap() = Some(platform);
    address
}

fn authority(root: &Path) -> CertificateDer<'static> {
    let mut certificates =
        pem::certificates(&fs::read(root.join("authority.pem")).unwrap()).unwrap();
    certificates.remove(0)
}

fn log_in(number: &str) -> LogInRequest {
    LogInRequest {
        user_id: format!("KJ00{number}").parse().unwrap(),
        password: "correct horse battery".parse().unwrap(),
    }
}

fn signer(root: &Path, number: &str) -> SoftwareSigner {
    let key = fs::read(root.join(format!("{number}.key"))).unwrap();
    let chain = fs::read(root.join(format!("{number}.pem"))).unwrap();
    SoftwareSigner::from_pem(&key, &chain).unwrap()
}

fn transport(root: &Path, address: SocketAddr, number: &str) -> HttpsTransport {
    let identity = signer(root, number).with_rsa_padding(RsaPadding::Pss);
    transport_as(root, address, Arc::new(identity))
}

fn transport_as(root: &Path, address: SocketAddr, identity: Arc<dyn Signer>) -> HttpsTransport {
    let address = format!("https://127.0.0.1:{}", address.port());
    let mut config = HttpsConfig::new(address, vec![authority(root)], identity);
    config.idle_timeout = Duration::from_secs(20);
    HttpsTransport::new(config).unwrap()
}

fn config(root: &Path, number: &str, transport: HttpsTransport) -> ClientConfig {
    let verifier = Verifier::builder()
        .trust_anchor(&authority(root))
        .unwrap()
        .build()
        .unwrap();
    let mut config = ClientConfig::new(
        root.join("homes").join(number),
        number.parse().unwrap(),
        Arc::new(signer(root, number)),
        verifier,
        transport,
        log_in(number),
    );
    config.retry = RetryPolicy {
        attempts: 2.try_into().unwrap(),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(1),
    };
    config
}

fn open(
    root: &Path,
    address: SocketAddr,
    number: &str,
    observer: impl Observer + 'static,
) -> Client {
    let mut config = config(root, number, transport(root, address, number));
    config.observer = Box::new(observer);
    Client::open(config).unwrap()
}

fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// Both sides say that one set went and arrived, and the files are those of the samples.
fn check_delivered(world: &World, imports: &Path) {
    let mut manager = world.open(MANAGER);
    manager.sync().unwrap();
    let sent = manager.sent(ListOptions::default()).unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].state, OutgoingState::Sent(SendingState::Confirmed));
    let received = world
        .open(SERVICE)
        .received(ListOptions::default())
        .unwrap();
    assert_eq!(received.len(), 1, "nothing twice");
    assert_eq!(received[0].state, IncomingState::Confirmed);
    assert_eq!(received[0].id, sent[0].receipt.as_ref().unwrap().sending);
    assert_eq!(contents(imports), contents(&samples("month-set")));
}

#[test]
fn a_month_goes_there_and_back() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let world = World::with_kind(algorithm);
        let (mut manager, mut service) = (world.open(MANAGER), world.open(SERVICE));
        manager.put_in(&[samples("month-set")]).unwrap();
        manager.sync().unwrap();
        service.sync().unwrap();
        let imports = world.path("service imports");
        service.take_out_new(&imports).unwrap();
        assert_eq!(contents(&imports), contents(&samples("month-set")));
        service.put_in(&[samples("actual-set")]).unwrap();
        service.sync().unwrap();
        manager.sync().unwrap();
        let imports = world.path("manager imports");
        manager.take_out_new(&imports).unwrap();
        assert_eq!(contents(&imports), contents(&samples("actual-set")));
        service.sync().unwrap();
        for client in [manager, service] {
            let status = client.status().unwrap();
            assert_eq!(
                (status.delivered, status.under_way, status.taken_out),
                (1, 0, 1)
            );
            client.close();
        }
    }
}

/// Stops the platform abruptly, once, at the n-th thing that happens.
struct KillPlatform {
    left: Arc<Mutex<Option<usize>>>,
    platform: Arc<Mutex<Option<Platform>>>,
}

impl KillPlatform {
    fn happened(&self) {
        let mut left = self.left.lock().unwrap();
        match *left {
            Some(0) => {
                *left = None;
                let running = self.platform.lock().unwrap().take();
                running.into_iter().for_each(Platform::kill);
            }
            Some(more) => *left = Some(more - 1),
            None => {}
        }
    }
}

impl Observer for KillPlatform {
    fn progress(&mut self, _: &Progress<'_>) {
        self.happened();
    }

    fn step(&mut self, _: Step) {
        self.happened();
    }
}

#[test]
fn a_platform_stopped_in_the_middle_loses_nothing_and_duplicates_nothing() {
    let mut kill_at = 0;
    let mut killed_in_between = 0;
    loop {
        let mut world = World::new();
        let imports = world.path("imports");
        let left = Arc::new(Mutex::new(Some(kill_at)));
        for number in [MANAGER, SERVICE] {
            let kill = KillPlatform {
                left: Arc::clone(&left),
                platform: Arc::clone(&world.platform),
            };
            let mut client = world.open_with(number, kill);
            if number == MANAGER {
                client.put_in(&[samples("month-set")]).unwrap();
            }
            let interrupted = client.sync();
            if world.platform.lock().unwrap().is_none() {
                if let Err(error) = interrupted {
                    assert!(error.error().may_pass(), "{error}");
                    killed_in_between += 1;
                }
                world.start();
            }
            client.sync().unwrap();
            client.take_out_new(&imports).unwrap();
        }
        let all_happened = left.lock().unwrap().is_some();
        if world.platform.lock().unwrap().is_none() {
            // Killed while files were taken out, which needs no platform.
            world.start();
        }
        check_delivered(&world, &imports);
        if all_happened {
            break;
        }
        kill_at += 1;
    }
    assert!(
        kill_at > 20 && killed_in_between > 5,
        "{kill_at}, {killed_in_between}"
    );
}

/// The environment of a client in a process of its own, which is to die.
const VICTIM: &str = "CAREPLAN_TEST_VICTIM";

/// Dies without any farewell at the n-th step.
struct AbortAt(usize);

impl Observer for AbortAt {
    fn step(&mut self, _: Step) {
        if self.0 == 0 {
            std::process::abort();
        }
        self.0 -= 1;
    }
}

/// Not a test of its own: what the killed process does.
#[test]
fn victim() {
    let Ok(order) = std::env::var(VICTIM) else {
        return;
    };
    let [root, address, number, die_at] = order.split('|').collect::<Vec<_>>()[..] else {
        panic!("four words")
    };
    let root = Path::new(root);
    let observer = AbortAt(die_at.parse().unwrap());
    let mut client = open(root, address.parse().unwrap(), number, observer);
    if number == MANAGER {
        client.put_in(&[samples("month-set")]).unwrap();
    }
    client.sync().unwrap();
    client.take_out_new(root.join("imports")).unwrap();
}

#[test]
fn a_client_process_killed_at_any_step_loses_nothing_and_duplicates_nothing() {
    let mut deaths = 0;
    for number in [MANAGER, SERVICE] {
        for die_at in 0.. {
            let world = World::new();
            let work = |number: &str, die_at: usize| {
                let root = world.root.path().to_str().unwrap();
                let order = format!("{root}|{}|{number}|{die_at}", world.address);
                let output = Command::new(std::env::current_exe().unwrap())
                    .args(["--exact", "victim", "--test-threads=1"])
                    .env(VICTIM, order)
                    .output()
                    .unwrap();
                output.status.success()
            };
            let never = usize::MAX;
            if number == SERVICE {
                assert!(work(MANAGER, never));
            }
            let lived = work(number, die_at);
            if !lived {
                deaths += 1;
                assert!(work(number, never), "{number} goes on after step {die_at}");
            }
            if number == MANAGER {
                assert!(work(SERVICE, never));
            }
            check_delivered(&world, &world.path("imports"));
            if lived {
                break;
            }
        }
    }
    assert_eq!(deaths, 15, "each step of either side");
}

// --- certificates and addresses

fn no_answer(client: &mut Client) -> NoAnswer {
    let error = client.sync().unwrap_err().into_error();
    match error.into_kind() {
        ErrorKind::NoAnswer(no_answer) => no_answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_of_another_authority_is_not_accepted() {
    let world = World::new();
    // One with another name, and one that has the name but not the key.
    for name in ["Another authority", "An authority"] {
        let other = World::of(name, KeyAlgorithm::EcdsaP256);
        let stranger = Arc::new(signer(other.root.path(), MANAGER));
        let transport = transport_as(world.root.path(), world.address, stranger);
        let mut client = Client::open(config(world.root.path(), MANAGER, transport)).unwrap();
        let answer = no_answer(&mut client);
        let expected = matches!(answer, NoAnswer::CertificateNotAccepted { .. });
        assert!(expected, "{answer:?}");
        assert!(!answer.may_pass());
    }
}

#[test]
fn an_office_cannot_use_anothers_certificate() {
    let world = World::new();
    let transport = transport(world.root.path(), world.address, SERVICE);
    let mut client = Client::open(config(world.root.path(), MANAGER, transport)).unwrap();
    let error = client.sync().unwrap_err().into_error();
    let ErrorKind::LogIn(problem) = error.kind() else {
        panic!("{error:?}")
    };
    assert_eq!(problem.known_code(), Some(ProblemCode::LogInFailed));
}

#[test]
fn a_platform_of_another_authority_is_not_trusted() {
    let (world, other) = (World::new(), World::new());
    let transport = transport(world.root.path(), other.address, MANAGER);
    let mut client = Client::open(config(world.root.path(), MANAGER, transport)).unwrap();
    client.put_in(&[samples("month-set")]).unwrap();
    let answer = no_answer(&mut client);
    assert!(
        matches!(answer, NoAnswer::PlatformNotTrusted { .. }),
        "{answer:?}"
    );
    assert_eq!(client.status().unwrap().waiting, 1);
}

#[test]
fn nobody_there_and_no_tls_are_told_apart() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for connection in free.incoming().take(1) {
            let mut connection = connection.unwrap();
            // Closed with something unread it would be reset, and the answer might get lost.
            let _ = connection.read(&mut [0; 4096]).unwrap();
            connection
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
        // Now nobody listens any more.
    });
    let transport = transport(world.root.path(), address, MANAGER);
    let mut client = Client::open(config(world.root.path(), MANAGER, transport)).unwrap();
    let answer = no_answer(&mut client);
    assert!(
        matches!(answer, NoAnswer::NoSecureConnection { .. }),
        "{answer:?}"
    );
    server.join().unwrap();
    let answer = no_answer(&mut client);
    assert!(matches!(answer, NoAnswer::NotThere { .. }), "{answer:?}");
    assert!(answer.may_pass());
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let world = World::with_kind(KeyAlgorithm::Rsa2048);
    let root = world.root.path();
    let identity = || -> Arc<dyn Signer> { Arc::new(signer(root, MANAGER)) };
    let refuse = |config| HttpsTransport::new(config).unwrap_err();
    let address = "https://127.0.0.1:1";
    // PKCS #1 v1.5, the usual for containers, is not for TLS 1.3.
    let config = HttpsConfig::new(address, vec![authority(root)], identity());
    assert!(matches!(refuse(config), HttpsError::SignatureAlgorithm));
    let config = HttpsConfig::new(address, vec![], identity());
    assert!(matches!(refuse(config), HttpsError::NoTrustAnchor));
    let config = HttpsConfig::new("http://127.0.0.1:1", vec![authority(root)], identity());
    assert!(matches!(refuse(config), HttpsError::Address));
    let identity: Arc<dyn Signer> =
        Arc::new(signer(root, MANAGER).with_rsa_padding(RsaPadding::Pss));
    let mut config = HttpsConfig::new(address, vec![authority(root)], identity);
    config.proxy = Some("socks5://127.0.0.1:1".to_owned());
    assert!(matches!(refuse(config), HttpsError::Proxy));
}

#[test]
fn a_receiver_without_licence_or_unknown_is_refused_with_the_reason() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    // This plan set's receiver was never registered; as the sender it has this office's number.
    let plan = world.path("plan");
    fs::create_dir(&plan).unwrap();
    for (name, bytes) in contents(&samples("plan-set")) {
        fs::write(plan.join(name.replace("1372254257", MANAGER)), bytes).unwrap();
    }
    let put = manager.put_in(&[&plan]).unwrap().remove(0);
    let report = manager.sync().unwrap();
    assert_eq!(report.refused, [put.id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put.id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "office_unknown");
    let receiver = put.header.receiver.to_string();
    world.register(&receiver);
    manager.retry(put.id).unwrap();
    assert_eq!(manager.sync().unwrap().refused, [put.id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put.id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "receiver_not_licensed");
    world.license(&receiver);
    manager.retry(put.id).unwrap();
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
    let entry = manager.directory(put.header.receiver).unwrap();
    assert!(entry.reachable);
    // Nobody has fetched it.
    assert_eq!(manager.withdraw(put.id).unwrap(), SendingState::Withdrawn);
}

/// A proxy for one connection after the other, that lets only CONNECT through.
fn proxy() -> SocketAddr {
    fn serve(mut office: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            office.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head
            .strip_prefix("CONNECT ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let mut platform = TcpStream::connect(target)?;
        office.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut from_office, mut to_platform) = (office.try_clone()?, platform.try_clone()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_office, &mut to_platform);
            let _ = to_platform.shutdown(Shutdown::Write);
        });
        std::io::copy(&mut platform, &mut office)?;
        office.shutdown(Shutdown::Write)
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            std::thread::spawn(move || serve(connection));
        }
    });
    address
}

#[test]
fn offices_sit_behind_proxies() {
    let world = World::new();
    let root = world.root.path();
    let through = |proxy: SocketAddr| {
        let identity = Arc::new(signer(root, MANAGER));
        let address = format!("https://127.0.0.1:{}", world.address.port());
        let mut https = HttpsConfig::new(address, vec![authority(root)], identity);
        https.proxy = Some(format!("http://{proxy}"));
        config(root, MANAGER, HttpsTransport::new(https).unwrap())
    };
    let mut manager = Client::open(through(proxy())).unwrap();
    let put = manager.put_in(&[samples("month-set")]).unwrap().remove(0);
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
    drop(manager);
    // A proxy that is not there is told as the network it is.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut manager = Client::open(through(nobody)).unwrap();
    let answer = no_answer(&mut manager);
    assert!(matches!(answer, NoAnswer::NotThere { .. }), "{answer:?}");
}

/// The computer's clock, wrong by some days.
struct WrongClock(TimeDelta);

impl Clock for WrongClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + self.0
    }

    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

#[test]
fn a_clock_that_is_wrong_by_a_day_is_said_and_nothing_is_lost() {
    let world = World::new();
    let with_clock = |number: &str, days: i64| {
        let root = world.root.path();
        let mut config = config(root, number, transport(root, world.address, number));
        config.clock = Box::new(WrongClock(TimeDelta::days(days)));
        Client::open(config).unwrap()
    };
    // Tomorrow's signature is not believed.
    let mut manager = with_clock(MANAGER, 1);
    let put = manager.put_in(&[samples("month-set")]).unwrap().remove(0);
    assert_eq!(manager.sync().unwrap().refused, [put.id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put.id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "container_invalid");
    assert!(
        refusal.en.contains("clock") || refusal.en.contains("future"),
        "{}",
        refusal.en
    );
    drop(manager);
    // Put right, the set is signed anew.
    let mut manager = with_clock(MANAGER, 0);
    manager.retry(put.id).unwrap();
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
    // Receiving does not depend on the clock.
    for (days, received) in [(-1, 1), (1, 0)] {
        let mut service = with_clock(SERVICE, days);
        assert_eq!(service.sync().unwrap().received.len(), received);
        service.sync().unwrap();
        service.take_out_new(world.path("imports")).unwrap();
    }
    drop(manager);
    check_delivered(&world, &world.path("imports"));
}

/// A client that can open what is sealed to its office.
fn open_with_key(world: &World, number: &str) -> Client {
    open_with_key_of(world, number, number)
}

/// A client with the key of an office for opening.
fn open_with_key_of(world: &World, number: &str, key: &str) -> Client {
    let root = world.root.path();
    let mut config = config(root, number, transport(root, world.address, number));
    let signer = signer(root, key);
    let certificate = &signer.certificate_chain()[0];
    config.openers = vec![Opener::new(signer.key(), certificate).unwrap()];
    Client::open(config).unwrap()
}

#[test]
fn what_is_sealed_only_the_receiver_reads() {
    let world = World::new();
    // The receiver has been there, so that the platform knows its certificate.
    let mut service = open_with_key(&world, SERVICE);
    service.sync().unwrap();
    let mut manager = world.open(MANAGER);
    let mut options = PutInOptions::default();
    options.seal = true;
    let put = manager
        .put_in_with(&[samples("month-set")], options)
        .unwrap()
        .remove(0);
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
    let sent = manager.outgoing(put.id).unwrap();
    assert!(sent.sealed && sent.receipt.unwrap().set.is_none());
    drop(service);
    // Without the key it is kept aside with the reason, fetched once, and not confirmed.
    let mut blind = world.open(SERVICE);
    let report = blind.sync().unwrap();
    assert_eq!((report.quarantined.len(), report.received.len()), (1, 0));
    assert_eq!(blind.sync().unwrap(), Default::default());
    let kept = blind.received(ListOptions::default()).unwrap().remove(0);
    let IncomingState::Quarantined(refusal) = &kept.state else {
        panic!("{:?}", kept.state)
    };
    assert_eq!(refusal.code, "no-opener");
    assert!(kept.sealed && kept.header.set().is_none());
    assert_eq!(kept.header.sender(), put.header.sender);
    assert_eq!(blind.status().unwrap().quarantined, 1);
    // What is kept is what was sent.
    let mut bytes = Vec::new();
    let mut container = blind.received_container(kept.id).unwrap();
    container.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, kept.bytes);
    drop(blind);
    // A key of somebody else does not help, and the reason says so.
    let mut other = open_with_key_of(&world, SERVICE, MANAGER);
    assert_eq!(other.recheck_quarantine().unwrap(), []);
    let state = other.incoming(kept.id).unwrap().state;
    assert!(
        matches!(&state, IncomingState::Quarantined(why) if why.code == "not-for-this-certificate"),
        "{state:?}"
    );
    drop(other);
    // The platform is not needed for looking again; with the right key it is received, confirmed,
    // and what was kept aside is gone.
    let mut service = open_with_key(&world, SERVICE);
    assert_eq!(service.recheck_quarantine().unwrap(), [kept.id]);
    let report = service.sync().unwrap();
    assert_eq!((report.received.len(), report.confirmed.len()), (0, 1));
    let received = service.incoming(kept.id).unwrap();
    assert_eq!(received.header.set(), Some(&put.header));
    assert!(received.sealed);
    let quarantine = world
        .root
        .path()
        .join("homes")
        .join(SERVICE)
        .join("quarantine");
    assert_eq!(fs::read_dir(quarantine).unwrap().count(), 0);
    service.take_out_new(world.path("imports")).unwrap();
    drop((manager, service));
    check_delivered(&world, &world.path("imports"));
}

#[test]
fn nothing_is_sealed_to_an_office_without_a_certificate() {
    let world = World::new();
    let mut manager = world.open(MANAGER);
    let mut options = PutInOptions::default();
    options.seal = true;
    let put = manager
        .put_in_with(&[samples("month-set")], options)
        .unwrap()
        .remove(0);
    assert_eq!(manager.sync().unwrap().refused, [put.id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put.id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "no-sealing-certificate");
}

#[test]
fn an_expired_certificate_is_said_and_nothing_is_lost() {
    let mut world = World::new();
    let yesterday = Validity::days(Utc::now() - TimeDelta::hours(47), 1).unwrap();
    world.issue_for(MANAGER, KeyAlgorithm::EcdsaP256, yesterday);
    let mut manager = world.open(MANAGER);
    assert!(manager.certificate().not_after < Utc::now());
    let put = manager.put_in(&[samples("month-set")]).unwrap().remove(0);
    let error = manager.sync().unwrap_err().into_error();
    assert!(!error.may_pass(), "{error:?}");
    assert!(error.explain(Lang::Ja).contains("有効期限"), "{error}");
    assert_eq!(manager.status().unwrap().waiting, 1);
    drop(manager);
    // With the new certificate it goes.
    world.issue(MANAGER, KeyAlgorithm::EcdsaP256);
    let mut manager = world.open(MANAGER);
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
}

#[test]
fn a_revoked_office_is_told_and_nothing_is_lost() {
    let mut world = World::new();
    let mut manager = world.open(MANAGER);
    let put = manager.put_in(&[samples("month-set")]).unwrap().remove(0);
    let serial = manager.certificate().serial.clone();
    let now = Utc::now();
    world
        .authority
        .revoke(&serial, RevocationReason::KeyCompromise, now)
        .unwrap();
    let list = world.authority.crl(now, now + TimeDelta::days(1)).unwrap();
    let mut trust = Trust::in_authority(authority(world.root.path()));
    trust.revocation_lists.push(list);
    let platform = world.platform.lock().unwrap();
    platform.as_ref().unwrap().replace_trust(trust).unwrap();
    drop(platform);
    let error = manager.sync().unwrap_err().into_error();
    assert!(!error.may_pass(), "{error:?}");
    assert!(error.explain(Lang::Ja).contains("証明書"), "{error}");
    drop(manager);
    let mut manager = world.open(MANAGER);
    let status = manager.status().unwrap();
    assert_eq!((status.waiting, status.refused), (1, 0));
    drop(manager);
    // With a new certificate it goes.
    world.issue(MANAGER, KeyAlgorithm::EcdsaP256);
    manager = world.open(MANAGER);
    assert_eq!(manager.sync().unwrap().accepted, [put.id]);
}

/// The month's samples with eight megabytes that do not compress.
fn large_export(world: &World, name: &str, receiver: &str) -> PathBuf {
    let export = world.path(name);
    fs::create_dir(&export).unwrap();
    for (name, bytes) in contents(&samples("month-set")) {
        fs::write(export.join(name.replace(SERVICE, receiver)), bytes).unwrap();
    }
    let mut number = 1u32;
    let pdf: Vec<u8> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    })
    .take(8 * 1024 * 1024)
    .collect();
    fs::write(export.join("scan.pdf"), &pdf).unwrap();
    export
}

#[test]
fn a_large_pdf_goes_through() {
    let world = World::new();
    let export = large_export(&world, "export", SERVICE);
    let (mut manager, mut service) = (world.open(MANAGER), world.open(SERVICE));
    manager.put_in(&[&export]).unwrap();
    manager.sync().unwrap();
    service.sync().unwrap();
    let imports = world.path("imports");
    service.take_out_new(&imports).unwrap();
    assert_eq!(contents(&imports), contents(&export));
}

#[test]
fn a_large_pdf_that_is_refused_says_why() {
    /// The largest part of a container that was sent.
    struct Sent(Arc<Mutex<u64>>);
    impl Observer for Sent {
        fn progress(&mut self, progress: &Progress<'_>) {
            if let Progress::Uploading { sent, .. } = progress {
                *self.0.lock().unwrap() = *sent;
            }
        }
    }
    let world = World::new();
    let export = large_export(&world, "export", "1378034246");
    let sent = Arc::new(Mutex::new(0));
    let mut manager = world.open_with(MANAGER, Sent(Arc::clone(&sent)));
    let put = manager.put_in(&[&export]).unwrap().remove(0);
    assert_eq!(manager.sync().unwrap().refused, [put.id]);
    let OutgoingState::Refused(refusal) = manager.outgoing(put.id).unwrap().state else {
        panic!("refused")
    };
    assert_eq!(refusal.code, "office_unknown");
    let sent = *sent.lock().unwrap();
    assert!(sent < 1024 * 1024, "refused before {sent} bytes were sent");
}

//! The program `envelope` from the outside: what it writes, prints and exits with, on good input and
//! on garbage.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use careplan_envelope::evidence::{Checkpoint, LogFile, Receipt, ReceiptEvent};
use careplan_envelope::{
    Authority, EnvelopeWriter, KeyAlgorithm, PrivateKey, SoftwareSigner, Validity, WriterOptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tempfile::TempDir;

const PLAN: &str = "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV";
const ATTACHMENT: &str = "週間サービス計画表.pdf";

/// A folder with an authority, an office's key and certificate made by OpenSSL's request, two
/// files, and a container of them.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.ok("ca init --dir ca");
        desk.openssl("req -new -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=1370948774/serialNumber=1370948774");
        desk.ok("ca issue --dir ca --request request.pem --office 1370948774 --kind care-insurance --out cert.pem");
        desk.write(PLAN, b"202407,202610,1370948774\r\n");
        desk.write(ATTACHMENT, b"%PDF-1.7");
        desk.ok(&format!(
            "sign --key key.pem --cert cert.pem --out set.asice {PLAN} {ATTACHMENT}"
        ));
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, contents: &[u8]) {
        fs::write(self.path().join(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    fn run(&self, arguments: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_envelope"))
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .output()
            .unwrap()
    }

    fn run_with(&self, arguments: &str, variables: &[(&str, &str)], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_envelope"))
            .args(arguments.split_whitespace())
            .envs(variables.iter().copied())
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs what has to succeed; gives standard output.
    fn ok(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn ok_json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.ok(&format!("{arguments} --json"))).unwrap()
    }

    /// Runs what has to be refused; gives the reason.
    fn refused(&self, arguments: &str) -> String {
        let output = self.run(&format!("{arguments} --json"));
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["valid"], false);
        assert!(!json["detail"].as_str().unwrap().is_empty());
        json["reason"].as_str().unwrap().to_owned()
    }

    /// Runs what cannot run; gives standard error, and expects nothing on standard output.
    fn could_not(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {errors}");
        assert!(output.stdout.is_empty(), "{arguments}");
        assert!(!errors.contains("panicked"), "{errors}");
        errors
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {errors}");
    }

    /// The names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_signed_verifies_and_comes_out_as_it_was() {
    let desk = Desk::new();
    let json = desk.ok_json("verify --trust ca/authority.pem --extract out set.asice");
    assert_eq!(json["valid"], true);
    assert_eq!(json["office"], "1370948774");
    assert_eq!(json["kind"], "care-insurance");
    let signed_at: DateTime<Utc> = json["signed_at"].as_str().unwrap().parse().unwrap();
    assert!((Utc::now() - signed_at).abs() < TimeDelta::minutes(5));
    let files = json["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert_eq!(files[0]["name"], PLAN);
    assert_eq!(files[0]["size"], 26);
    assert_eq!(files[1]["name"], ATTACHMENT);
    // printf '%%PDF-1.7' | sha256sum
    assert_eq!(
        files[1]["sha256"],
        "86edbaa24831badfa0a8b04bb410141e2ee4182b6d0014493fe262a7a331c20b"
    );
    for name in [PLAN, ATTACHMENT] {
        assert_eq!(desk.read(&format!("out/{name}")), desk.read(name));
    }
    let told = desk.ok("verify --lang en --trust ca/authority.pem set.asice");
    assert!(told.contains("1370948774") && told.contains(ATTACHMENT));
}

#[test]
fn taking_out_replaces_nothing() {
    let desk = Desk::new();
    fs::create_dir(desk.path().join("out")).unwrap();
    desk.write(&format!("out/{ATTACHMENT}"), b"mine");
    desk.could_not("verify --trust ca/authority.pem --extract out set.asice");
    assert_eq!(desk.read(&format!("out/{ATTACHMENT}")), b"mine");
    assert_eq!(fs::read_dir(desk.path().join("out")).unwrap().count(), 1);
}

#[test]
fn der_is_read_as_pem_is() {
    let desk = Desk::new();
    desk.openssl("x509 -in cert.pem -outform DER -out cert.der");
    desk.openssl("x509 -in ca/authority.pem -outform DER -out authority.der");
    desk.openssl("rsa -in key.pem -outform DER -out key.der");
    desk.openssl("pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key8.der");
    desk.openssl("req -in request.pem -outform DER -out request.der");
    for key in ["key.der", "key8.der"] {
        desk.ok(&format!(
            "sign --key {key} --cert cert.der --out der.asice {PLAN}"
        ));
        desk.ok("verify --trust authority.der der.asice");
    }
    desk.ok("ca issue --dir ca --request request.der --office 1370948774 --out second.pem");
}

#[test]
fn a_revoked_certificate_is_refused_once_the_list_says_so() {
    let desk = Desk::new();
    desk.ok("ca crl --dir ca --out before.crl");
    let json = desk.ok_json("verify --trust ca/authority.pem --crl before.crl set.asice");
    let serial = json["serial"].as_str().unwrap();
    let revoke = format!("ca revoke --dir ca --serial {serial} --reason key-compromise");
    desk.ok(&revoke);
    desk.could_not(&revoke);
    desk.ok("ca crl --dir ca --out after.crl");
    let verify = "verify --trust ca/authority.pem --crl after.crl set.asice";
    assert_eq!(desk.refused(verify), "certificate-revoked");
    // OpenSSL reads the list too.
    desk.openssl("crl -inform DER -in after.crl -CAfile ca/authority.pem -noout");
}

#[test]
fn time_and_authority_decide() {
    let desk = Desk::new();
    let verify = |options: &str| desk.refused(&format!("verify {options} set.asice"));
    let trust = "--trust ca/authority.pem";
    assert_eq!(
        verify(&format!("{trust} --at 2001-01-01T00:00:00Z")),
        "certificate-not-yet-valid"
    );
    assert_eq!(
        verify(&format!("{trust} --at 2100-01-01T09:00:00+09:00")),
        "certificate-expired"
    );
    desk.ok("ca init --dir other");
    assert_eq!(verify("--trust other/authority.pem"), "untrusted-issuer");
    // Several authorities: one that fits is enough.
    desk.ok(&format!(
        "verify --trust other/authority.pem {trust} set.asice"
    ));
}

#[test]
fn changed_and_other_containers_are_refused_and_nothing_is_taken_out() {
    let desk = Desk::new();
    let whole = desk.read("set.asice");
    let refused = |bytes: &[u8]| {
        desk.write("changed.asice", bytes);
        let reason = desk.refused("verify --trust ca/authority.pem --extract out changed.asice");
        assert!(!desk.path().join("out").exists());
        reason
    };
    assert_eq!(refused(b""), "not-a-container");
    assert_eq!(refused(&whole[..whole.len() / 2]), "not-a-container");
    assert_eq!(refused(&[0xff; 70_000]), "not-a-container");
    refused(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    for at in (0..whole.len()).step_by(97) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        refused(&changed);
    }
}

#[test]
fn an_agents_certificate_is_refused_with_that_reason() {
    let desk = Desk::new();
    desk.ok(
        "ca issue --dir ca --request request.pem --office 1370948774 --kind agent --out agent.pem",
    );
    desk.ok(&format!(
        "sign --key key.pem --cert agent.pem --out agent.asice {PLAN}"
    ));
    assert_eq!(
        desk.refused("verify --trust ca/authority.pem agent.asice"),
        "agent-certificate"
    );
}

#[test]
fn a_sealed_container_opens_for_its_receivers_only() {
    let desk = Desk::new();
    desk.openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.req -subj /CN=1374220867");
    desk.ok("ca issue --dir ca --request other.req --office 1374220867 --out other.pem");
    desk.ok("seal --to cert.pem --out one.sealed set.asice");
    desk.ok("seal --to cert.pem --to other.pem --out two.sealed set.asice");
    desk.ok("open --key key.pem --cert cert.pem --out opened.asice one.sealed");
    assert_eq!(desk.read("opened.asice"), desk.read("set.asice"));
    desk.ok("open --key other.key --cert other.pem --out opened2.asice two.sealed");
    assert_eq!(desk.read("opened2.asice"), desk.read("set.asice"));
    desk.openssl("cms -decrypt -binary -inform DER -in two.sealed -recip cert.pem -inkey key.pem -out opened3.asice");
    assert_eq!(desk.read("opened3.asice"), desk.read("set.asice"));

    let refused = |sealed: &str, code: &str| {
        let output = desk.run(&format!(
            "open --lang en --key other.key --cert other.pem --out no.asice {sealed}"
        ));
        assert_eq!(output.status.code(), Some(1), "{sealed}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(code), "{told}");
        assert!(!desk.path().join("no.asice").exists());
    };
    refused("one.sealed", "[not-for-this-certificate]");
    refused("set.asice", "[not-sealed]");
    let mut changed = desk.read("two.sealed");
    let last = changed.len() - 1;
    changed[last] ^= 1;
    desk.write("changed.sealed", &changed);
    refused("changed.sealed", "[broken-seal]");
}

#[test]
fn what_cannot_run_says_which_file_and_leaves_nothing_behind() {
    let desk = Desk::new();
    desk.write("garbage", b"\x00\xff garbage");
    desk.write("empty", b"");
    fs::create_dir(desk.path().join("folder")).unwrap();
    let before = desk.names();
    for (arguments, named) in [
        // Files that are not there, are folders, or are something else.
        (
            format!("sign --key no.pem --cert cert.pem --out x {PLAN}"),
            "no.pem",
        ),
        (
            format!("sign --key garbage --cert cert.pem --out x {PLAN}"),
            "garbage",
        ),
        (
            format!("sign --key cert.pem --cert cert.pem --out x {PLAN}"),
            "cert.pem",
        ),
        (
            format!("sign --key key.pem --cert empty --out x {PLAN}"),
            "empty",
        ),
        (
            format!("sign --key key.pem --cert ca/authority.pem --out x {PLAN}"),
            "authority.pem",
        ),
        (
            "sign --key key.pem --cert cert.pem --out x no.csv".to_owned(),
            "no.csv",
        ),
        (
            "sign --key key.pem --cert cert.pem --out x folder".to_owned(),
            "folder",
        ),
        (
            format!("sign --key key.pem --cert cert.pem --out no/x {PLAN}"),
            "no/x",
        ),
        (
            format!("sign --key key.pem --cert cert.pem --out x {PLAN} ./{PLAN}"),
            PLAN,
        ),
        (
            format!("sign --key key.pem --cert cert.pem --out x {PLAN} .."),
            "..",
        ),
        ("verify --trust garbage set.asice".to_owned(), "garbage"),
        ("verify --trust key.pem set.asice".to_owned(), "key.pem"),
        (
            "verify --trust ca/authority.pem --crl garbage set.asice".to_owned(),
            "garbage",
        ),
        (
            "verify --trust ca/authority.pem --profile garbage set.asice".to_owned(),
            "garbage",
        ),
        (
            "verify --trust ca/authority.pem no.asice".to_owned(),
            "no.asice",
        ),
        (
            "verify --trust ca/authority.pem --json folder".to_owned(),
            "folder",
        ),
        (
            format!("verify --trust ca/authority.pem --extract {PLAN} set.asice"),
            PLAN,
        ),
        ("seal --to garbage --out x set.asice".to_owned(), "garbage"),
        (
            "seal --to ca/authority.pem --out x set.asice".to_owned(),
            "authority.pem",
        ),
        ("seal --to cert.pem --out x no.asice".to_owned(), "no.asice"),
        (
            "open --key key.pem --cert ca/authority.pem --out x set.asice".to_owned(),
            "",
        ),
        (
            "open --key key.pem --cert cert.pem --out x no.sealed".to_owned(),
            "no.sealed",
        ),
        ("ca init --dir ca".to_owned(), "ca"),
        ("ca init --dir new --days 0".to_owned(), ""),
        (
            "ca issue --dir folder --request request.pem --office 1370948774 --out x".to_owned(),
            "folder",
        ),
        (
            "ca issue --dir ca --request garbage --office 1370948774 --out x".to_owned(),
            "garbage",
        ),
        (
            "ca issue --dir ca --request request.pem --office 1374220867 --out x".to_owned(),
            "request.pem",
        ),
        (
            "ca issue --dir ca --request request.pem --office 1370948774 --kind operator --out x"
                .to_owned(),
            "",
        ),
        (
            "ca issue --dir ca --request request.pem --office 1370948774 --days 9999 --out x"
                .to_owned(),
            "",
        ),
        ("ca revoke --dir ca --serial 0123".to_owned(), ""),
        (
            "receipt verify --trust ca/authority.pem no.asice".to_owned(),
            "no.asice",
        ),
        (
            "log verify --trust ca/authority.pem --head no.asice".to_owned(),
            "no.asice",
        ),
    ] {
        let japanese = desk.could_not(&arguments);
        assert!(japanese.starts_with("エラー: "), "{japanese}");
        assert!(japanese.contains(named), "{arguments}: {japanese}");
        let english = desk.could_not(&format!("{arguments} --lang en"));
        assert!(
            english.starts_with("error: ") && english.contains(named),
            "{english}"
        );
        // Neither keys nor contents are repeated.
        assert!(!english.contains("garbage\u{0}"));
    }
    // Arguments that are none: clap's own exit code is 2 as well.
    for arguments in [
        "",
        "sign",
        "verify set.asice",
        "ca issue --office 12",
        "log verify",
    ] {
        desk.could_not(arguments);
    }
    assert_eq!(desk.names(), before);
}

/// An operator with a log of receipts for the container, two checkpoints, and proofs.
fn evidence(desk: &Desk) {
    let now = Utc::now();
    let mut authority = Authority::open(&desk.path().join("ca")).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let validity = Validity::days(now, 30).unwrap();
    let issued = authority
        .issue_operator(&key, "運用センター", validity)
        .unwrap();
    let operator = SoftwareSigner::new(key, vec![issued.certificate]).unwrap();
    let json = desk.ok_json("verify --trust ca/authority.pem set.asice");
    assert_eq!(json["valid"], true);

    let mut log = LogFile::open(&desk.path().join("evidence.log")).unwrap();
    let container = sha256(&desk.read("set.asice"));
    let receipt = |event| Receipt {
        event,
        container: container.parse().unwrap(),
        sender: "1370948774".parse().unwrap(),
        receiver: "1375169671".parse().unwrap(),
        sequence: Some("20260921113320".parse().unwrap()),
        sending: "01930000-0000-7000-8000-000000000001".parse().unwrap(),
        at: now,
    };
    for (name, event) in [
        ("accepted", ReceiptEvent::Accepted),
        ("available", ReceiptEvent::MadeAvailable),
        ("received", ReceiptEvent::Received),
    ] {
        let signed = receipt(event).sign(&operator).unwrap();
        desk.write(&format!("{name}.asice"), &signed);
        log.append(&signed).unwrap();
        let head = log.tree().head();
        let checkpoint = Checkpoint {
            log: "evidence".parse().unwrap(),
            head,
            at: now,
        };
        desk.write(
            &format!("head{}.asice", head.size),
            &checkpoint.sign(&operator).unwrap(),
        );
    }
    let reason = "not-a-set".parse().unwrap();
    let refused = receipt(ReceiptEvent::Refused { reason })
        .sign(&operator)
        .unwrap();
    desk.write("refused.asice", &refused);
    let proof = serde_json::to_vec(&log.tree().inclusion_proof(0, 3).unwrap()).unwrap();
    desk.write("inclusion.json", &proof);
    let proof = serde_json::to_vec(&log.tree().consistency_proof(1, 3).unwrap()).unwrap();
    desk.write("consistency.json", &proof);
}

/// By another program than the one under test.
fn sha256(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    let output = Command::new("openssl")
        .args(["dgst", "-sha256", "-r"])
        .arg(path)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()[..64].to_owned()
}

#[test]
fn receipts_are_verified() {
    let desk = Desk::new();
    evidence(&desk);
    let verify = "receipt verify --trust ca/authority.pem";
    let json = desk.ok_json(&format!("{verify} --container set.asice accepted.asice"));
    assert_eq!(json["valid"], true);
    assert_eq!(json["event"], "accepted");
    assert_eq!(json["sender"], "1370948774");
    assert_eq!(json["receiver"], "1375169671");
    assert_eq!(json["sequence"], "20260921113320");
    assert_eq!(json["operator"], "運用センター");
    let json = desk.ok_json(&format!("{verify} refused.asice"));
    assert_eq!(json["reason"], "not-a-set");
    assert!(
        desk.ok(&format!("{verify} received.asice"))
            .contains("受領")
    );

    assert_eq!(
        desk.refused(&format!("{verify} --container {PLAN} accepted.asice")),
        "other-container"
    );
    // A container is no receipt, a receipt no container, a checkpoint neither.
    assert_eq!(
        desk.refused(&format!("{verify} set.asice")),
        "not-operator-certificate"
    );
    assert_eq!(
        desk.refused(&format!("{verify} head3.asice")),
        "other-evidence"
    );
    assert_eq!(
        desk.refused("verify --trust ca/authority.pem accepted.asice"),
        "operator-certificate"
    );
    assert_eq!(
        desk.refused(&format!("{verify} key.pem")),
        "not-a-container"
    );
}

#[test]
fn logs_and_proofs_are_verified() {
    let desk = Desk::new();
    evidence(&desk);
    let verify = "log verify --trust ca/authority.pem";
    let json = desk.ok_json(&format!("{verify} --head head3.asice evidence.log"));
    assert_eq!(json["valid"], true);
    assert_eq!(json["size"], 3);
    assert_eq!(json["log"], "evidence");
    desk.ok(&format!(
        "{verify} --head head2.asice --earlier head1.asice --receipt available.asice evidence.log"
    ));
    desk.ok(&format!(
        "{verify} --head head3.asice --earlier head1.asice --consistency consistency.json"
    ));
    desk.ok(&format!(
        "{verify} --head head3.asice --receipt accepted.asice --inclusion inclusion.json"
    ));
    desk.ok(&format!("{verify} --head head3.asice"));

    let refused = |options: &str| desk.refused(&format!("{verify} {options}"));
    assert_eq!(
        refused("--head head2.asice --receipt received.asice evidence.log"),
        "not-included"
    );
    assert_eq!(
        refused("--head head3.asice --receipt received.asice --inclusion inclusion.json"),
        "not-included"
    );
    assert_eq!(
        refused("--head head2.asice --receipt accepted.asice --inclusion inclusion.json"),
        "proof-of-other-tree"
    );
    assert_eq!(
        refused("--head head3.asice --earlier head2.asice --consistency consistency.json"),
        "proof-of-other-tree"
    );
    assert_eq!(
        refused("--head head1.asice --earlier head3.asice evidence.log"),
        "shrunk"
    );
    assert_eq!(
        refused("--head head3.asice --receipt accepted.asice --inclusion key.pem"),
        "malformed"
    );
    assert_eq!(
        refused("--head accepted.asice evidence.log"),
        "other-evidence"
    );
    assert_eq!(refused("--head head3.asice key.pem"), "not-a-log");

    // The log without its last entry, with one entry changed in place, with one replaced.
    let whole = desk.read("evidence.log");
    let first = 24 + 36 + desk.read("accepted.asice").len();
    let second = first + 36 + desk.read("available.asice").len();
    desk.write("cut.log", &whole[..second]);
    assert_eq!(refused("--head head3.asice cut.log"), "shrunk");
    let mut changed = whole.clone();
    changed[first + 100] ^= 1;
    desk.write("changed.log", &changed);
    assert_eq!(refused("--head head3.asice changed.log"), "log-damaged");
    let other = LogFile::open(&desk.path().join("other.log"));
    other
        .unwrap()
        .append_all(&[b"one", b"two", b"three"])
        .unwrap();
    assert_eq!(refused("--head head3.asice other.log"), "rewritten");

    let told = desk.could_not(&format!(
        "{verify} --head head3.asice --earlier head1.asice --lang en"
    ));
    assert!(told.contains("--consistency"));
}

#[test]
fn a_container_that_the_library_wrote_verifies_too() {
    let desk = Desk::new();
    let signer = SoftwareSigner::from_pem(&desk.read("key.pem"), &desk.read("cert.pem")).unwrap();
    let file = fs::File::create_new(desk.path().join("library.asice")).unwrap();
    drop(file);
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(desk.path().join("library.asice"))
        .unwrap();
    let mut writer = EnvelopeWriter::new(file, WriterOptions::default()).unwrap();
    writer.add(PLAN, &mut &b"contents"[..]).unwrap();
    writer.finish(&signer, Utc::now()).unwrap();
    assert_eq!(
        desk.ok_json("verify --trust ca/authority.pem library.asice")["valid"],
        true
    );
}

#[test]
fn keys_are_read_encrypted_and_from_pkcs12() {
    const PASSWORD: &str = "himitsu-no-aikotoba";
    let desk = Desk::new();
    desk.write(
        "password",
        format!("{PASSWORD}\r\nsecond line\n").as_bytes(),
    );
    desk.write("wrong", b"himitsu");
    desk.write("none", b"\n");
    desk.openssl(&format!(
        "pkcs8 -topk8 -in key.pem -out encrypted.pem -passout pass:{PASSWORD}"
    ));
    desk.openssl(&format!(
        "pkcs8 -topk8 -scrypt -outform DER -in key.pem -out encrypted.der -passout pass:{PASSWORD}"
    ));
    desk.openssl(&format!(
        "rsa -aes256 -traditional -in key.pem -out traditional.pem -passout pass:{PASSWORD}"
    ));
    desk.openssl(&format!(
        "pkcs12 -export -inkey key.pem -in cert.pem -certfile ca/authority.pem -out office.p12 -passout pass:{PASSWORD}"
    ));
    let valid = |container: &str| {
        let verify = format!("verify --trust ca/authority.pem {container}");
        assert_eq!(desk.ok_json(&verify)["office"], "1370948774");
    };
    for (index, identity) in [
        "--key encrypted.pem --cert cert.pem",
        "--key encrypted.der --cert cert.pem",
        "--p12 office.p12",
    ]
    .iter()
    .enumerate()
    {
        let sign = format!("sign {identity} --out {index}.asice {PLAN}");
        desk.ok(&format!("{sign} --password-file password"));
        valid(&format!("{index}.asice"));
        let output = desk.run_with(&sign, &[("ENVELOPE_PASSWORD", PASSWORD)], b"");
        assert_eq!(output.status.code(), Some(0));
        let output = desk.run_with(
            &format!("{sign} --password-file -"),
            &[],
            format!("{PASSWORD}\n").as_bytes(),
        );
        assert_eq!(output.status.code(), Some(0));
        valid(&format!("{index}.asice"));

        // Without a password, with a wrong one, with an empty file: told apart from other trouble,
        // and nothing is written.
        let sign = format!("sign {identity} --out no.asice --lang en {PLAN}");
        for (password, told) in [
            ("", "password"),
            ("--password-file wrong", "password"),
            ("--password-file none", "there is no password"),
            ("--password-file absent", "absent"),
        ] {
            let errors = desk.could_not(&format!("{sign} {password}"));
            assert!(errors.contains(told), "{errors}");
            assert!(!errors.contains("himitsu"), "{errors}");
            assert!(!desk.path().join("no.asice").exists());
        }
    }
    // An older form that is not read: what to do is told.
    let errors = desk.could_not(&format!(
        "sign --key traditional.pem --cert cert.pem --password-file password --out no.asice --lang en {PLAN}"
    ));
    assert!(errors.contains("openssl pkcs8 -topk8"), "{errors}");

    // Opening takes the same.
    desk.ok("seal --to cert.pem --out set.sealed set.asice");
    for (name, identity) in [
        ("a", "--key encrypted.pem --cert cert.pem"),
        ("b", "--p12 office.p12"),
    ] {
        desk.ok(&format!(
            "open {identity} --password-file password --out {name}.asice set.sealed"
        ));
        assert_eq!(desk.read(&format!("{name}.asice")), desk.read("set.asice"));
    }
    // An unencrypted key needs no password, and does not wait for one.
    desk.ok(&format!(
        "sign --key key.pem --cert cert.pem --password-file absent --out c.asice {PLAN}"
    ));
    for arguments in [
        format!("sign --p12 office.p12 --key key.pem --out no.asice {PLAN}"),
        format!("sign --key key.pem --out no.asice {PLAN}"),
        format!("sign --p12 cert.pem --password-file password --out no.asice {PLAN}"),
    ] {
        desk.could_not(&arguments);
    }
}

#[test]
fn an_office_gets_its_certificate_with_an_issue_password_and_renews_it() {
    let desk = Desk::new();
    let office = "1374220867";
    desk.ok("key --out office.key");
    desk.ok(&format!(
        "request --key office.key --office {office} --out office.req"
    ));
    let password = desk.ok(&format!(
        "ca invite --dir ca --office {office} --kind care-insurance"
    ));
    let groups: Vec<&str> = password.trim_end().split('-').collect();
    assert_eq!(groups.len(), 4);
    assert!(groups.iter().all(|group| group.len() == 4));

    let issue = format!("ca issue --dir ca --request office.req --office {office} --lang en");
    desk.write("wrong", b"0000-0000-0000-0000\n");
    let told = desk.could_not(&format!(
        "{issue} --issue-password-file wrong --out office.pem"
    ));
    assert!(told.contains("issue password"), "{told}");
    assert!(!desk.path().join("office.pem").exists());
    desk.could_not(&format!(
        "{issue} --issue-password-file wrong --kind agent --out office.pem"
    ));
    let output = desk.run_with(
        &format!("{issue} --issue-password-file - --out office.pem"),
        &[],
        password.to_lowercase().as_bytes(),
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(
        !String::from_utf8(output.stdout)
            .unwrap()
            .contains(groups[0])
    );
    // Once.
    desk.write("password", password.as_bytes());
    desk.could_not(&format!(
        "{issue} --issue-password-file password --out again.pem"
    ));
    desk.ok(&format!(
        "ca invite --dir ca --office {office} --out password2"
    ));
    let told = desk.could_not(&format!(
        "{issue} --issue-password-file password2 --out again.pem"
    ));
    assert!(told.contains("renew"), "{told}");
    // A file that is there is not replaced, and the invitation before stays good.
    desk.could_not(&format!(
        "ca invite --dir ca --office {office} --out password2"
    ));
    desk.could_not("ca invite --dir ca --office 1374220867 --kind agent");

    let register = desk.ok_json("ca list --dir ca");
    let entry = register.as_array().unwrap().last().unwrap();
    assert_eq!(entry["issued_to"]["office"]["office"], office);
    assert_eq!(entry["issued_to"]["office"]["kind"], "care-insurance");
    let serial = entry["serial"].as_str().unwrap();
    desk.ok("key --algorithm rsa2048 --out new.key");
    desk.ok(&format!(
        "request --key new.key --office {office} --out new.req"
    ));
    let renew = format!("ca renew --dir ca --serial {serial} --request new.req");
    desk.ok(&format!("{renew} --out new.pem"));
    let told = desk.could_not(&format!("{renew} --out newer.pem --lang en"));
    assert!(told.contains("cannot be renewed"), "{told}");
    desk.could_not("ca renew --dir ca --serial 0123 --request new.req --out newer.pem");
    desk.could_not(&format!(
        "ca renew --dir ca --serial {serial} --request request.pem --out newer.pem"
    ));
    // Old and new are both good until the old one's end.
    for key in ["office", "new"] {
        desk.ok(&format!(
            "sign --key {key}.key --cert {key}.pem --out {key}.asice {PLAN}"
        ));
        let json = desk.ok_json(&format!("verify --trust ca/authority.pem {key}.asice"));
        assert_eq!(json["office"], office);
        assert_eq!(json["kind"], "care-insurance");
    }
    assert!(desk.ok("ca list --dir ca").contains(serial));
}

#[cfg(unix)]
#[test]
fn secrets_are_their_owners_only_and_replace_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new();
    desk.ok("key --out new.key");
    desk.ok("ca invite --dir ca --office 1374220867 --out password");
    for name in ["new.key", "password", "ca/authority.key.pem"] {
        let mode = fs::metadata(desk.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let before = desk.read("new.key");
    desk.could_not("key --out new.key");
    assert_eq!(desk.read("new.key"), before);
}

#[test]
fn operators_and_servers_get_certificates() {
    let desk = Desk::new();
    desk.ok("key --out operator.key");
    desk.ok("ca operator --dir ca --key operator.key --name Centre --out operator.pem");
    let operator =
        SoftwareSigner::from_pem(&desk.read("operator.key"), &desk.read("operator.pem")).unwrap();
    let receipt = Receipt {
        event: ReceiptEvent::Accepted,
        container: sha256(&desk.read("set.asice")).parse().unwrap(),
        sender: "1370948774".parse().unwrap(),
        receiver: "1375169671".parse().unwrap(),
        sequence: None,
        sending: "01930000-0000-7000-8000-000000000001".parse().unwrap(),
        at: Utc::now(),
    };
    desk.write("receipt.asice", &receipt.sign(&operator).unwrap());
    let json = desk.ok_json("receipt verify --trust ca/authority.pem receipt.asice");
    assert_eq!(json["operator"], "Centre");

    desk.ok(
        "ca server --dir ca --key operator.key --name localhost --name 127.0.0.1 --out server.pem",
    );
    desk.openssl(
        "verify -CAfile ca/authority.pem -purpose sslserver -verify_hostname localhost server.pem",
    );
    desk.openssl(
        "verify -CAfile ca/authority.pem -purpose sslserver -verify_ip 127.0.0.1 server.pem",
    );
    for arguments in [
        "ca server --dir ca --key operator.key --out no.pem".to_owned(),
        "ca server --dir ca --key operator.key --name a..b --out no.pem".to_owned(),
        "ca server --dir ca --key no.key --name localhost --out no.pem".to_owned(),
        "ca operator --dir ca --key operator.key --name Centre --days 9999 --out no.pem".to_owned(),
        format!(
            "ca operator --dir ca --key operator.key --name {} --out no.pem",
            "x".repeat(65)
        ),
    ] {
        desk.could_not(&arguments);
        assert!(!desk.path().join("no.pem").exists());
    }
}

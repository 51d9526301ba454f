//! Sealed sendings: what the platform hands out to seal to, and carries without being able to read.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;

use careplan_envelope::sealing::{Opener, Sealer};
use careplan_envelope::{RevocationReason, Verifier};
use careplan_platform::Trust;
use careplan_protocol::{
    Contents, DirectoryEntry, EvidenceEvent, IDEMPOTENCY_KEY, ProblemCode, Receipt, SEALED_TYPE,
    SendingState, SendingSummary, path,
};
use chrono::TimeDelta;
use common::{Call, MANAGER, OUTSIDER, Reply, SERVICE, Session, World, key, month_set};
use rustls::pki_types::CertificateDer;

fn entry(session: &Session<'_>, office: &str) -> DirectoryEntry {
    session
        .get(&path::directory(office.parse().unwrap()))
        .json()
}

fn send_sealed(session: &Session<'_>, kind: &str, sealed: &[u8]) -> Reply {
    session.call(
        Call::post(&path::send(SERVICE.parse().unwrap()))
            .header("content-type", kind)
            .header(IDEMPOTENCY_KEY, key())
            .body(sealed),
    )
}

fn seal(to: &CertificateDer<'_>, container: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    Sealer::to(std::slice::from_ref(to))
        .unwrap()
        .seal(Cursor::new(container), &mut sealed)
        .unwrap();
    sealed
}

#[test]
fn a_sealed_set_reaches_its_receiver_and_nobody_on_the_way_reads_it() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    let entry = entry(&sender, SERVICE);
    let certificate = CertificateDer::from(entry.sealing[0].as_bytes());
    assert_eq!(certificate, service.certificate);

    let container = manager.seal(&month_set(), world.now());
    let sealed = seal(&certificate, &container);
    let receipt: Receipt = send_sealed(&sender, SEALED_TYPE, &sealed).json();
    assert_eq!(receipt.set, None);
    assert_eq!(receipt.bytes, sealed.len() as u64);
    for session in [&sender, &receiver] {
        let summary = session.show(&receipt);
        assert_eq!(summary.contents, Contents::Sealed);
        assert_eq!(summary.state, SendingState::Available);
    }
    let listed = receiver.get(&format!("{}?state=available", path::list_received()));
    let listed: serde_json::Value = listed.json();
    assert_eq!(listed["items"][0]["sealed"], true);
    assert_eq!(listed["items"][0].get("set"), None);
    assert!(receiver.received("set=monthly_plan").items.is_empty());

    let fetched = receiver.fetch(&receipt);
    assert_eq!(fetched.headers["content-type"], SEALED_TYPE);
    assert_eq!(fetched.body, sealed);
    let mut opened = Vec::new();
    Opener::new(service.signer.key(), &service.certificate)
        .unwrap()
        .open(Cursor::new(&fetched.body), &mut opened)
        .unwrap();
    assert_eq!(opened, container);
    let confirmed: SendingSummary = receiver.confirm(&receipt).json();
    assert_eq!(confirmed.state, SendingState::Confirmed);
    assert_eq!(confirmed.contents, Contents::Sealed);

    // The receipt names the sealed container, and no sequence: nobody but the receiver knows it.
    let url = path::fetch_receipt(receipt.sending, EvidenceEvent::Received);
    let evidence = sender.get(&url).body;
    let anchor = world.authority.certificate();
    let verifier = Verifier::builder().trust_anchor(anchor).unwrap();
    let stated = careplan_envelope::evidence::Receipt::verify(
        &verifier.build().unwrap(),
        Cursor::new(evidence),
        world.now(),
    );
    let stated = stated.unwrap().statement;
    assert_eq!(stated.container, receipt.sha256);
    assert_eq!(stated.sequence, None);
}

#[test]
fn what_is_no_sealed_container_is_refused() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let session = world.session(&manager);
    let container = manager.seal(&month_set(), world.now());
    let sealed = seal(&service.certificate, &container);
    let mut appended = sealed.clone();
    appended.push(0);
    let mut garbled = sealed.clone();
    garbled[30] ^= 0xff;
    for (what, bytes) in [
        ("an open container", container.as_slice()),
        ("cut off", &sealed[..sealed.len() - 1]),
        ("appended to", &appended),
        ("garbled in front", &garbled),
        ("nothing", &[]),
    ] {
        let reply = send_sealed(&session, SEALED_TYPE, bytes);
        assert_eq!(reply.code(), ProblemCode::ContainerInvalid, "{what}");
    }
    // Sealed, but said to be open; and a thing of its own.
    let as_open = session.send(SERVICE, key(), &sealed);
    assert_eq!(as_open.code(), ProblemCode::ContainerInvalid);
    let other = send_sealed(
        &session,
        "application/pkcs7-mime; smime-type=signed-data",
        &sealed,
    );
    assert_eq!(other.code(), ProblemCode::UnsupportedMediaType);
    assert!(session.sent("").items.is_empty());
    assert!(world.files_below("containers").is_empty());
    assert!(world.files_below("spool").is_empty());
}

#[test]
fn the_directory_has_the_certificate_an_office_last_logged_in_with_while_it_is_good() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    world.office(OUTSIDER);
    let session = world.session(&manager);
    // It has not logged in yet.
    assert!(entry(&session, SERVICE).sealing.is_empty());
    world.log_in(&service);
    assert_eq!(entry(&session, SERVICE).sealing.len(), 1);
    // A renewed one takes its place at the next log-in.
    let renewed = world.certified(SERVICE, careplan_envelope::CertificateKind::CareDx);
    world.log_in(&renewed);
    let session = world.session(&manager);
    let found = entry(&session, SERVICE).sealing;
    assert_eq!(found[0].as_bytes(), renewed.certificate.as_ref());
    // Revoked, it is not handed out any more.
    let now = world.now();
    world
        .authority
        .revoke(&renewed.serial, RevocationReason::KeyCompromise, now)
        .unwrap();
    let list = world.authority.crl(now, now + TimeDelta::days(7)).unwrap();
    let mut trust = Trust::in_authority(world.authority.certificate().clone());
    trust.revocation_lists.push(list);
    world.platform().replace_trust(trust).unwrap();
    let session = world.session(&manager);
    assert!(entry(&session, SERVICE).sealing.is_empty());
    assert!(entry(&session, OUTSIDER).sealing.is_empty());
}

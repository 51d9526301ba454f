//! Receipts and checkpoints: their documents, their signatures, and a whole chain of evidence as a
//! third party checks it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Cursor;

use careplan_core::{Explain, Lang};
use careplan_envelope::evidence::{
    Checkpoint, EvidenceError, EvidenceErrorKind as Kind, EvidenceName, LogFile, Receipt,
    ReceiptEvent, TreeHead,
};
use careplan_envelope::{
    Authority, EnvelopeWriter, KeyAlgorithm, PrivateKey, Refusal, RevocationReason, Signer,
    SoftwareSigner, Verifier, WriterOptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use common::{authority, now, signer, time, verifier, year};

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn operator(authority: &mut Authority) -> SoftwareSigner {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issued = authority
        .issue_operator(&key, "連携基盤 運用センター", year())
        .unwrap();
    SoftwareSigner::new(key, vec![issued.certificate]).unwrap()
}

fn receipt(event: ReceiptEvent) -> Receipt {
    Receipt {
        event,
        container: EMPTY_SHA256.parse().unwrap(),
        sender: "1370948774".parse().unwrap(),
        receiver: "1374220867".parse().unwrap(),
        sequence: Some("20260921113310".parse().unwrap()),
        sending: "01930000-0000-7000-8000-00000000abcd".parse().unwrap(),
        at: now(),
    }
}

fn refused() -> ReceiptEvent {
    ReceiptEvent::Refused {
        reason: "digest-mismatch".parse().unwrap(),
    }
}

fn checkpoint(head: TreeHead, at: DateTime<Utc>) -> Checkpoint {
    Checkpoint {
        log: "evidence-2026".parse().unwrap(),
        head,
        at,
    }
}

/// Reason and code of a refusal.
fn why<T>(result: Result<T, EvidenceError>) -> (Kind, &'static str) {
    let error = result.err().unwrap();
    (error.kind(), error.code())
}

#[test]
fn documents_are_as_documented() {
    let ending = format!(
        r#""container_sha256":"{EMPTY_SHA256}","sender":"1370948774","receiver":"1374220867","sequence":"20260921113310","sending":"01930000-0000-7000-8000-00000000abcd","at":"2026-11-02T02:00:00Z"}}"#
    );
    for (event, beginning) in [
        (ReceiptEvent::Accepted, r#""event":"accepted""#),
        (ReceiptEvent::MadeAvailable, r#""event":"made-available""#),
        (ReceiptEvent::Received, r#""event":"received""#),
        (refused(), r#""event":"refused","reason":"digest-mismatch""#),
        (ReceiptEvent::Expired, r#""event":"expired""#),
        (ReceiptEvent::Removed, r#""event":"removed""#),
    ] {
        let expected = format!(r#"{{"format":"careplan-receipt/1",{beginning},{ending}"#);
        let receipt = receipt(event);
        assert_eq!(
            String::from_utf8(receipt.to_json().unwrap()).unwrap(),
            expected
        );
        assert_eq!(Receipt::from_json(expected.as_bytes()).unwrap(), receipt);
        assert!(expected.contains(receipt.event.as_str()));
    }
    let head = TreeHead {
        size: 3,
        root: EMPTY_SHA256.parse().unwrap(),
    };
    let expected = format!(
        r#"{{"format":"careplan-checkpoint/1","log":"evidence-2026","size":3,"root":"{EMPTY_SHA256}","at":"2026-11-02T02:00:00Z"}}"#
    );
    let checkpoint = checkpoint(head, now());
    assert_eq!(checkpoint.to_json().unwrap(), expected.as_bytes());
    assert_eq!(
        Checkpoint::from_json(expected.as_bytes()).unwrap(),
        checkpoint
    );
}

#[test]
fn a_sequence_that_is_not_known_is_left_out() {
    let unknown = Receipt {
        sequence: None,
        ..receipt(refused())
    };
    let json = String::from_utf8(unknown.to_json().unwrap()).unwrap();
    assert!(!json.contains("sequence"));
    assert_eq!(Receipt::from_json(json.as_bytes()).unwrap(), unknown);
}

/// One receipt has one form, or its digest would mean nothing.
#[test]
fn any_other_way_of_writing_is_refused() {
    let json = String::from_utf8(receipt(ReceiptEvent::Accepted).to_json().unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        json.replacen(from, to, 1)
    };
    let others = [
        String::new(),
        "{}".to_owned(),
        "null".to_owned(),
        format!("{json} "),
        format!("{json}\n"),
        format!("[{json}]"),
        changed(",", ", "),
        changed("receipt/1", "receipt/2"),
        changed("accepted", "Accepted"),
        changed("accepted", "refused"),
        changed("accepted", "lost"),
        changed(r#""accepted""#, r#""accepted","reason":"x""#),
        changed(r#""accepted""#, r#""accepted","reason":null"#),
        changed(r#","sequence":"20260921113310""#, r#","sequence":null"#),
        changed("20260921113310", "20261321113310"),
        changed("e3b0", "E3B0"),
        changed("abcd", "ABCD"),
        changed(
            "01930000-0000-7000-8000-00000000abcd",
            "0193000000007000800000000000abcd",
        ),
        changed("1370948774", "137094877"),
        changed("02:00:00Z", "02:00:00.000Z"),
        changed("02:00:00Z", "02:00:00.5Z"),
        changed("02:00:00Z", "02:00:00+00:00"),
        changed("2026-11-02T02:00:00Z", "2026-11-02T11:00:00+09:00"),
        changed("2026-11-02T02", "2026-11-02t02"),
        changed(r#""at""#, r#""to":"x","at""#),
        changed("accepted", r"\u0061ccepted"),
        changed(
            r#","sender":"1370948774","receiver":"1374220867""#,
            r#","receiver":"1374220867","sender":"1370948774""#,
        ),
        changed(
            r#""event":"accepted""#,
            r#""event":"accepted","event":"accepted""#,
        ),
    ];
    for other in others {
        let error = Receipt::from_json(other.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), Kind::Malformed, "{other}");
        // A message never repeats what was in the document.
        assert!(!error.to_string().contains("1370948774"));
    }
}

#[test]
fn names_are_checked() {
    for name in ["a", "digest-mismatch", "evidence-2026.1_x", &"n".repeat(64)] {
        assert_eq!(name.parse::<EvidenceName>().unwrap().as_str(), name);
    }
    for name in ["", "A", "a b", "a\"", "理由", "a/b", &"n".repeat(65)] {
        assert_eq!(why(name.parse::<EvidenceName>()).0, Kind::Name);
    }
}

#[test]
fn every_event_is_signed_and_verified() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let verifier = verifier(&authority);
    for event in [
        ReceiptEvent::Accepted,
        ReceiptEvent::MadeAvailable,
        ReceiptEvent::Received,
        refused(),
        ReceiptEvent::Expired,
        ReceiptEvent::Removed,
    ] {
        let receipt = receipt(event);
        let container = receipt.sign(&operator).unwrap();
        let verified = Receipt::verify(&verifier, Cursor::new(&container), now()).unwrap();
        assert_eq!(verified.statement, receipt);
        assert_eq!(verified.operator.name, "連携基盤 運用センター");
        receipt.is_for(&EMPTY_SHA256.parse().unwrap()).unwrap();
        let other = "00".repeat(32).parse().unwrap();
        assert_eq!(why(receipt.is_for(&other)).0, Kind::OtherContainer);
    }
}

#[test]
fn fractions_of_seconds_are_cut_off() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let precise = Receipt {
        at: now() + TimeDelta::milliseconds(999),
        ..receipt(ReceiptEvent::Received)
    };
    let container = precise.sign(&operator).unwrap();
    let verified = Receipt::verify(&verifier(&authority), Cursor::new(container), precise.at);
    assert_eq!(verified.unwrap().statement.at, now());
}

#[test]
fn only_an_operator_makes_receipts_and_an_operator_makes_nothing_else() {
    let mut authority = authority();
    let office = signer(&mut authority);
    let operator = operator(&mut authority);
    let verifier = verifier(&authority);
    let accepted = receipt(ReceiptEvent::Accepted);

    let by_office = accepted.sign(&office).unwrap();
    assert_eq!(
        why(Receipt::verify(&verifier, Cursor::new(by_office), now())),
        (Kind::Refused, "not-operator-certificate")
    );
    let by_operator = accepted.sign(&operator).unwrap();
    let as_office = verifier
        .verify(Cursor::new(by_operator), now())
        .unwrap_err();
    assert_eq!(as_office.refusal(), Some(Refusal::OperatorCertificate));
}

#[test]
fn what_a_verifier_refuses_is_no_receipt_either() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let container = receipt(ReceiptEvent::Accepted).sign(&operator).unwrap();
    let verify =
        |verifier: &Verifier, at| why(Receipt::verify(verifier, Cursor::new(&container), at));

    let trusting = verifier(&authority);
    let after = time("2027-05-01T00:00:00Z");
    assert_eq!(
        verify(&trusting, after),
        (Kind::Refused, "certificate-expired")
    );
    let before = time("2026-11-01T00:00:00Z");
    assert_eq!(
        verify(&trusting, before),
        (Kind::Refused, "signed-in-future")
    );
    let other = verifier(&common::authority());
    assert_eq!(verify(&other, now()).1, "untrusted-issuer");

    let serial = authority.register()[0].serial.clone();
    authority
        .revoke(&serial, RevocationReason::KeyCompromise, now())
        .unwrap();
    let crl = authority.crl(now(), now() + TimeDelta::days(7)).unwrap();
    let checking = Verifier::builder()
        .trust_anchor(authority.certificate())
        .unwrap()
        .crl(&crl)
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(
        verify(&checking, now()),
        (Kind::Refused, "certificate-revoked")
    );

    let error = Receipt::verify(&trusting, Cursor::new(b"garbage"), now()).unwrap_err();
    assert!(error.refusal().is_some());
    assert!(
        error
            .explain(Lang::Ja)
            .starts_with("証拠の署名を確認できません。")
    );
}

/// A container of some files, signed by the operator.
fn container_of(operator: &dyn Signer, files: &[(&str, &[u8])], at: DateTime<Utc>) -> Vec<u8> {
    let output = Cursor::new(Vec::new());
    let mut writer = EnvelopeWriter::new(output, WriterOptions::default()).unwrap();
    for (name, mut contents) in files.iter().copied() {
        writer.add(name, &mut contents).unwrap();
    }
    writer.finish(operator, at).unwrap().1.into_inner()
}

#[test]
fn other_things_that_an_operator_signed_are_no_receipts() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let verifier = verifier(&authority);
    let json = receipt(ReceiptEvent::Accepted).to_json().unwrap();
    let verify = |files: &[(&str, &[u8])], at| {
        let container = container_of(&operator, files, at);
        Receipt::verify(&verifier, Cursor::new(container), now()).map_err(|error| error.kind())
    };

    assert!(verify(&[("receipt.json", &json)], now()).is_ok());
    let earlier = now() - TimeDelta::seconds(1);
    assert_eq!(
        verify(&[("receipt.json", &json)], earlier),
        Err(Kind::TimeMismatch)
    );
    assert_eq!(
        verify(&[("Receipt.json", &json)], now()),
        Err(Kind::OtherEvidence)
    );
    let two: &[(&str, &[u8])] = &[("receipt.json", &json), ("more.json", &json)];
    assert_eq!(verify(two, now()), Err(Kind::OtherEvidence));
    let large = [b' '; 5000];
    assert_eq!(
        verify(&[("receipt.json", &large)], now()),
        Err(Kind::OtherEvidence)
    );
    assert_eq!(
        verify(&[("receipt.json", b"{}")], now()),
        Err(Kind::Malformed)
    );

    let head = TreeHead {
        size: 0,
        root: EMPTY_SHA256.parse().unwrap(),
    };
    let checkpoint = checkpoint(head, now()).sign(&operator).unwrap();
    assert_eq!(
        why(Receipt::verify(&verifier, Cursor::new(&checkpoint), now())).0,
        Kind::OtherEvidence
    );
    let receipt = receipt(ReceiptEvent::Accepted).sign(&operator).unwrap();
    assert_eq!(
        why(Checkpoint::verify(&verifier, Cursor::new(&receipt), now())).0,
        Kind::OtherEvidence
    );
}

#[test]
fn no_flipped_bit_of_a_receipt_verifies() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let verifier = verifier(&authority);
    let container = receipt(refused()).sign(&operator).unwrap();
    for bit in 0..container.len() * 8 {
        let mut changed = container.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let verified = Receipt::verify(&verifier, Cursor::new(changed), now());
        assert!(verified.is_err(), "bit {bit}");
    }
}

#[test]
fn a_third_party_checks_the_whole_chain_without_the_operator() {
    let mut authority = authority();
    let operator = operator(&mut authority);
    let folder = tempfile::tempdir().unwrap();
    let mut log = LogFile::open(&folder.path().join("evidence.log")).unwrap();
    let mut containers = Vec::new();
    for event in [
        ReceiptEvent::Accepted,
        ReceiptEvent::MadeAvailable,
        ReceiptEvent::Received,
    ] {
        let container = receipt(event).sign(&operator).unwrap();
        log.append(&container).unwrap();
        containers.push(container);
    }
    let first = checkpoint(log.tree().head(), now())
        .sign(&operator)
        .unwrap();
    for _ in 0..4 {
        log.append(&receipt(ReceiptEvent::Expired).sign(&operator).unwrap())
            .unwrap();
    }
    let later = now() + TimeDelta::hours(1);
    let second = checkpoint(log.tree().head(), later)
        .sign(&operator)
        .unwrap();
    let inclusion = serde_json::to_string(&log.tree().inclusion_proof(2, 7).unwrap()).unwrap();
    let consistency = serde_json::to_string(&log.tree().consistency_proof(3, 7).unwrap()).unwrap();
    drop(log);

    // From here on: only the trust anchor, two checkpoints, a receipt and two proofs.
    let verifier = verifier(&authority);
    let first = Checkpoint::verify(&verifier, Cursor::new(first), later)
        .unwrap()
        .statement;
    let second = Checkpoint::verify(&verifier, Cursor::new(second), later)
        .unwrap()
        .statement;
    let consistency = serde_json::from_str(&consistency).unwrap();
    second.follows(&first, &consistency).unwrap();
    let received = Receipt::verify(&verifier, Cursor::new(&containers[2]), later).unwrap();
    assert_eq!(received.statement.event, ReceiptEvent::Received);
    let inclusion: careplan_envelope::evidence::InclusionProof =
        serde_json::from_str(&inclusion).unwrap();
    inclusion.verify(&containers[2], &second.head).unwrap();

    // And what does not hold.
    assert_eq!(
        why(inclusion.verify(&containers[1], &second.head)).0,
        Kind::NotIncluded
    );
    assert_eq!(
        why(inclusion.verify(&containers[2], &first.head)).0,
        Kind::ProofOfOtherTree
    );
    assert_eq!(
        why(first.follows(&second, &consistency)).0,
        Kind::TimeMismatch
    );
    let other = Checkpoint {
        log: "other".parse().unwrap(),
        ..second.clone()
    };
    assert_eq!(why(other.follows(&first, &consistency)).0, Kind::OtherLog);
    let root = EMPTY_SHA256.parse().unwrap();
    let forged = Checkpoint {
        head: TreeHead {
            root,
            ..second.head
        },
        ..second
    };
    assert_eq!(why(forged.follows(&first, &consistency)).0, Kind::Rewritten);
}

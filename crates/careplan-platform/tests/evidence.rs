//! Evidence through the API: receipts and proofs that a third party checks with careplan-envelope
//! alone, who sees them, and what a crash leaves.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Cursor;

use careplan_envelope::Verifier;
use careplan_envelope::evidence::{
    Checkpoint, ConsistencyProof, EvidenceErrorKind, InclusionProof, Receipt as SignedReceipt,
    ReceiptEvent, TreeHead,
};
use careplan_envelope::{KeyAlgorithm, PrivateKey, SoftwareSigner, Validity};
use careplan_platform::{Platform, StartError};
use careplan_protocol::{
    CONTAINER_TYPE, ConsistencyPath, ConsistencyQuery, EvidenceEvent, InclusionPath, ProblemCode,
    Receipt, ReceiptList, ReceiptProof, path,
};
use chrono::TimeDelta;
use common::{MANAGER, OUTSIDER, SERVICE, Session, World, key, month_set};

/// A third party: it has the authority's certificate, what offices hand it, and careplan-envelope.
struct Inspector(Verifier);

impl Inspector {
    fn new(world: &World) -> Self {
        let anchor = world.authority.certificate();
        let verifier = Verifier::builder().trust_anchor(anchor).unwrap();
        Self(verifier.build().unwrap())
    }

    fn receipt(&self, world: &World, bytes: &[u8]) -> SignedReceipt {
        let receipt = SignedReceipt::verify(&self.0, Cursor::new(bytes), world.now()).unwrap();
        assert_eq!(receipt.operator.name, "Operations centre");
        receipt.statement
    }

    fn checkpoint(&self, world: &World, bytes: &[u8]) -> Checkpoint {
        let checkpoint = Checkpoint::verify(&self.0, Cursor::new(bytes), world.now()).unwrap();
        checkpoint.statement
    }
}

/// The proof as careplan-envelope checks it: the same JSON.
fn inclusion(path: &InclusionPath) -> InclusionProof {
    serde_json::from_value(serde_json::to_value(path).unwrap()).unwrap()
}

fn consistency(session: &Session<'_>, old: &TreeHead, new: &TreeHead) -> ConsistencyProof {
    let query = ConsistencyQuery {
        old_size: old.size,
        new_size: new.size,
    };
    let url = format!("{}?{}", path::prove_log(), query.to_query_string());
    let path: ConsistencyPath = session.get(&url).json();
    serde_json::from_value(serde_json::to_value(path).unwrap()).unwrap()
}

fn list(session: &Session<'_>, receipt: &Receipt) -> ReceiptList {
    session.get(&path::list_receipts(receipt.sending)).json()
}

fn fetch(session: &Session<'_>, receipt: &Receipt, event: EvidenceEvent) -> Vec<u8> {
    let reply = session.get(&path::fetch_receipt(receipt.sending, event));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], CONTAINER_TYPE);
    reply.body
}

fn events(list: &ReceiptList) -> Vec<EvidenceEvent> {
    list.items.iter().map(|item| item.event).collect()
}

#[test]
fn a_third_party_checks_what_became_of_a_sending_without_the_platform() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    let receipt = sender.send_month_set();
    world.clock.advance(TimeDelta::minutes(1));
    receiver.fetch(&receipt);
    receiver.confirm(&receipt);
    world.platform().take_in_evidence().unwrap();

    let list = list(&sender, &receipt);
    let events_expected = [
        EvidenceEvent::Accepted,
        EvidenceEvent::MadeAvailable,
        EvidenceEvent::Received,
    ];
    assert_eq!(events(&list), events_expected);
    let inspector = Inspector::new(&world);
    for entry in &list.items {
        let bytes = fetch(&sender, &receipt, entry.event);
        assert_eq!(fetch(&receiver, &receipt, entry.event), bytes);
        assert_eq!(entry.bytes, bytes.len() as u64);
        let stated = inspector.receipt(&world, &bytes);
        assert_eq!(stated.event.as_str(), entry.event.as_str());
        stated.is_for(&receipt.sha256).unwrap();
        assert_eq!(
            (stated.sender, stated.receiver),
            (receipt.sender, receipt.receiver)
        );
        assert_eq!(stated.sequence.unwrap().to_string(), "20260921113320");
        assert_eq!(stated.sending, receipt.sending.uuid());
        let at = match entry.event {
            EvidenceEvent::Received => world.now(),
            _ => receipt.accepted_at,
        };
        assert_eq!(stated.at, at);

        let url = path::prove_receipt(receipt.sending, entry.event);
        let proof: ReceiptProof = sender.get(&url).json();
        assert_eq!(Some(proof.inclusion.index), entry.entry);
        let checkpoint = inspector.checkpoint(&world, proof.checkpoint.as_bytes());
        assert_eq!(checkpoint.log.as_str(), "evidence");
        let proof = inclusion(&proof.inclusion);
        proof.verify(&bytes, &checkpoint.head).unwrap();

        // One bit of the receipt, or its neighbour's place: found out.
        let mut tampered = bytes.clone();
        tampered[bytes.len() / 2] ^= 1;
        assert!(SignedReceipt::verify(&inspector.0, Cursor::new(&tampered), world.now()).is_err());
        let refused = proof.verify(&tampered, &checkpoint.head).unwrap_err();
        assert_eq!(refused.kind(), EvidenceErrorKind::NotIncluded);
        let mut elsewhere = proof.clone();
        elsewhere.index = (proof.index + 1) % proof.size;
        assert!(elsewhere.verify(&bytes, &checkpoint.head).is_err());
    }
    // What the sender got with the answer to its sending is the same document.
    let accepted = fetch(&sender, &receipt, EvidenceEvent::Accepted);
    assert_eq!(receipt.evidence.as_bytes(), accepted);
}

#[test]
fn the_log_only_grows_and_a_shortened_or_changed_one_is_found_out() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let inspector = Inspector::new(&world);
    let head = |session: &Session<'_>| {
        let bytes = session.get(&path::checkpoint()).body;
        inspector.checkpoint(&world, &bytes)
    };
    let session = world.session(&manager);
    let mut kept = vec![head(&session)];
    assert_eq!(kept[0].head.size, 0);
    for sendings in [1, 3, 2] {
        for _ in 0..sendings {
            session.send_month_set();
        }
        world.clock.advance(TimeDelta::minutes(1));
        world.platform().take_in_evidence().unwrap();
        kept.push(head(&session));
    }
    let sizes: Vec<u64> = kept.iter().map(|kept| kept.head.size).collect();
    assert_eq!(sizes, [0, 2, 8, 12]);
    for (at, earlier) in kept.iter().enumerate() {
        for later in &kept[at..] {
            let proof = consistency(&session, &earlier.head, &later.head);
            later.follows(earlier, &proof).unwrap();
        }
    }
    // An earlier head with another history does not go with the log.
    let proof = consistency(&session, &kept[1].head, &kept[3].head);
    let mut other = kept[1].clone();
    other.head.root = kept[2].head.root;
    let refused = kept[3].follows(&other, &proof).unwrap_err();
    assert_eq!(refused.kind(), EvidenceErrorKind::Rewritten);
    // Sizes that nobody signed for.
    for (old_size, new_size) in [(0, 13), (3, 2), (13, 13)] {
        let query = ConsistencyQuery { old_size, new_size }.to_query_string();
        let reply = session.get(&format!("{}?{query}", path::prove_log()));
        assert_eq!(reply.code(), ProblemCode::LogSizeUnknown, "{query}");
    }
}

#[test]
fn a_log_changed_in_storage_is_found_out_by_who_keeps_a_checkpoint() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let inspector = Inspector::new(&world);
    let (receipt, earlier) = {
        let session = world.session(&manager);
        let receipt = session.send_month_set();
        session.send_month_set();
        world.platform().take_in_evidence().unwrap();
        let earlier = session.get(&path::checkpoint()).body;
        (receipt, inspector.checkpoint(&world, &earlier))
    };
    world.kill();
    // Whoever runs the database replaces a receipt's hash, and the tree over it, as if it had
    // never been there: of four entries the first leaf and the two nodes above it.
    let other = "0".repeat(64);
    world.alter_database(&format!(
        "UPDATE log_node SET hash = '{other}' WHERE number IN (0, 2, 6)"
    ));
    world.start();
    let session = world.session(&manager);
    session.send_month_set();
    world.clock.advance(TimeDelta::minutes(1));
    world.platform().take_in_evidence().unwrap();
    let later = session.get(&path::checkpoint()).body;
    let later = inspector.checkpoint(&world, &later);
    let proof = consistency(&session, &earlier.head, &later.head);
    let refused = later.follows(&earlier, &proof).unwrap_err();
    assert_eq!(refused.kind(), EvidenceErrorKind::Rewritten);
    let url = path::prove_receipt(receipt.sending, EvidenceEvent::Accepted);
    let proof: ReceiptProof = session.get(&url).json();
    let refused = inclusion(&proof.inclusion)
        .verify(receipt.evidence.as_bytes(), &later.head)
        .unwrap_err();
    assert_eq!(refused.kind(), EvidenceErrorKind::NotIncluded);
}

#[test]
fn a_receipt_is_had_at_once_and_its_proof_when_the_log_has_taken_it_in() {
    let mut world = World::with(|config| {
        config.evidence.merge_delay = std::time::Duration::from_secs(3600);
    });
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let session = world.session(&manager);
    // The first round comes at the start.
    world.platform().take_in_evidence().unwrap();
    let receipt = session.send_month_set();
    let accepted = EvidenceEvent::Accepted;
    fetch(&session, &receipt, accepted);
    assert_eq!(list(&session, &receipt).items[0].entry, None);
    let url = path::prove_receipt(receipt.sending, accepted);
    let reply = session.get(&url);
    assert_eq!(reply.code(), ProblemCode::ReceiptNotInLog);
    assert!(reply.headers.contains_key("retry-after"));
    assert_eq!(world.platform().take_in_evidence().unwrap(), 2);
    assert_eq!(world.platform().take_in_evidence().unwrap(), 0);
    assert_eq!(session.get(&url).status, 200);
    let received = path::prove_receipt(receipt.sending, EvidenceEvent::Received);
    assert_eq!(session.get(&received).code(), ProblemCode::ReceiptNotFound);
    let received = path::fetch_receipt(receipt.sending, EvidenceEvent::Received);
    assert_eq!(session.get(&received).code(), ProblemCode::ReceiptNotFound);
}

#[test]
fn events_that_are_repeated_make_one_receipt() {
    let mut world = World::new();
    let (manager, service) = (world.office(MANAGER), world.office(SERVICE));
    let (sender, receiver) = (world.session(&manager), world.session(&service));
    let key = key();
    let container = manager.seal(&month_set(), world.now());
    let receipt: Receipt = sender.send(SERVICE, key, &container).json();
    assert_eq!(
        sender.send(SERVICE, key, &container).json::<Receipt>(),
        receipt
    );
    receiver.fetch(&receipt);
    receiver.confirm(&receipt);
    let before = list(&sender, &receipt);
    world.clock.advance(TimeDelta::minutes(1));
    receiver.confirm(&receipt);
    assert_eq!(
        sender.send(SERVICE, key, &container).json::<Receipt>(),
        receipt
    );
    let after = list(&sender, &receipt);
    assert_eq!(events(&after), events(&before));
    assert_eq!(after.items[2].sha256, before.items[2].sha256);
}

#[test]
fn withdrawing_and_expiring_are_stated_too() {
    let mut world = World::with(|config| config.keep = TimeDelta::hours(2));
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let inspector = Inspector::new(&world);
    let (withdrawn, late) = {
        let sender = world.session(&manager);
        let withdrawn = sender.send_month_set();
        sender.withdraw(&withdrawn);
        sender.withdraw(&withdrawn);
        (withdrawn, sender.send_month_set())
    };
    world.clock.advance(TimeDelta::hours(2));
    assert_eq!(world.platform().sweep().unwrap(), 1);
    let sender = world.session(&manager);
    for (receipt, event, stated) in [
        (
            &withdrawn,
            EvidenceEvent::Withdrawn,
            ReceiptEvent::Withdrawn,
        ),
        (&late, EvidenceEvent::Expired, ReceiptEvent::Expired),
    ] {
        assert_eq!(
            events(&list(&sender, receipt)),
            [EvidenceEvent::Accepted, EvidenceEvent::MadeAvailable, event]
        );
        let bytes = fetch(&sender, receipt, event);
        assert_eq!(inspector.receipt(&world, &bytes).event, stated);
    }
}

#[test]
fn only_sender_and_receiver_learn_of_a_sendings_receipts() {
    let mut world = World::new();
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let outsider = world.office(OUTSIDER);
    let receipt = world.session(&manager).send_month_set();
    let other = world.session(&outsider);
    let absent = "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap();
    let accepted = EvidenceEvent::Accepted;
    for of in [
        path::list_receipts as fn(_) -> String,
        |sending| path::fetch_receipt(sending, EvidenceEvent::Accepted),
        |sending| path::prove_receipt(sending, EvidenceEvent::Accepted),
    ] {
        let mut foreign = other.get(&of(receipt.sending)).problem();
        let none = other.get(&of(absent)).problem();
        foreign.instance.clone_from(&none.instance);
        assert_eq!(foreign, none);
        assert_eq!(foreign.known_code(), Some(ProblemCode::SendingNotFound));
    }
    let nonsense = path::fetch_receipt(receipt.sending, accepted).replace("accepted", "acceptable");
    assert_eq!(other.get(&nonsense).code(), ProblemCode::MalformedRequest);
}

#[test]
fn a_crash_before_the_log_took_them_in_loses_no_receipt() {
    let mut world = World::with(|config| {
        config.evidence.merge_delay = std::time::Duration::from_secs(3600);
    });
    let manager = world.office(MANAGER);
    world.office(SERVICE);
    let inspector = Inspector::new(&world);
    let mut receipts = Vec::new();
    for _ in 0..3 {
        receipts.push(world.session(&manager).send_month_set());
        world.kill();
        world.start();
    }
    // What the start's own round has not taken in.
    world.platform().take_in_evidence().unwrap();
    let session = world.session(&manager);
    let mut places = Vec::new();
    for receipt in &receipts {
        for event in [EvidenceEvent::Accepted, EvidenceEvent::MadeAvailable] {
            let proof: ReceiptProof = session
                .get(&path::prove_receipt(receipt.sending, event))
                .json();
            let checkpoint = inspector.checkpoint(&world, proof.checkpoint.as_bytes());
            inclusion(&proof.inclusion)
                .verify(&fetch(&session, receipt, event), &checkpoint.head)
                .unwrap();
            places.push(proof.inclusion.index);
        }
    }
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_platform_does_not_start_with_a_key_nobody_would_believe() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    world.kill();
    let now = world.now();
    let validity = Validity::days(now, 10).unwrap();
    let mut elsewhere =
        careplan_envelope::Authority::create("Elsewhere", KeyAlgorithm::EcdsaP256, validity)
            .unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let foreign = elsewhere.issue_operator(&key, "Nobody", validity).unwrap();
    let foreign = SoftwareSigner::new(key, vec![foreign.certificate]).unwrap();
    for (what, signer) in [
        ("an office's", std::sync::Arc::clone(&office.signer)),
        ("another authority's", std::sync::Arc::new(foreign)),
    ] {
        let mut config = world.config();
        config.evidence.signer = signer;
        let error = Platform::start(config).unwrap_err();
        assert!(matches!(error, StartError::Evidence(_)), "{what}: {error}");
    }
    world.start();
}

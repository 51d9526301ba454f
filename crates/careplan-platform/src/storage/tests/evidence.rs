//! Receipts, the log and its checkpoints, offices' certificates: what every storage does.

use careplan_core::Sha256Digest;
use careplan_protocol::{Event, EvidenceEvent};
use chrono::TimeDelta;
use rustls::pki_types::CertificateDer;

use super::fixture::{Fixture, key, noon, receiver, sender};
use crate::storage::{
    Acceptance, KeptCheckpoint, LogBatch, NewReceipt, ReceiptKey, Recorded, Storage, StoredSending,
};

fn receipt(event: EvidenceEvent, number: u8) -> NewReceipt {
    NewReceipt {
        event,
        at: noon(),
        // Any bytes: it is not text.
        container: vec![0, number, 0xff],
        leaf: Sha256Digest::new([number; 32]),
    }
}

fn key_of(sending: &StoredSending, event: EvidenceEvent) -> ReceiptKey {
    ReceiptKey {
        receiver: receiver(),
        sending: sending.summary.sending,
        event,
    }
}

async fn stored(fixture: &Fixture, storage: &dyn Storage, number: u8) -> StoredSending {
    let receipts = vec![receipt(EvidenceEvent::Accepted, number)];
    match fixture.accept(storage, key(), b"a", receipts).await {
        Ok(Acceptance::Stored(sending)) => sending,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn receipts_are_stored_with_their_event_or_not_at_all(fixture: Fixture) {
    let storage = fixture.open().await;
    let key = key();
    let receipts = || vec![receipt(EvidenceEvent::Accepted, 1)];
    let accepted = fixture.accept(&*storage, key, b"a", receipts()).await;
    let Ok(Acceptance::Stored(sending)) = accepted else {
        panic!("{accepted:?}");
    };
    // A further attempt stores nothing, a receipt neither.
    let again = fixture.accept(&*storage, key, b"a", receipts()).await;
    assert!(matches!(again, Ok(Acceptance::Before(_))));
    assert_eq!(storage.waiting_receipts(10).await.unwrap().len(), 1);
    let number = sending.summary.sending;
    let record = |event, receipt| storage.record(receiver(), number, event, noon(), Some(receipt));
    record(Event::Fetch, receipt(EvidenceEvent::MadeAvailable, 2))
        .await
        .unwrap();
    let refused = record(Event::Withdraw, receipt(EvidenceEvent::Withdrawn, 3)).await;
    assert!(matches!(refused.unwrap(), Recorded::Refused(_)));
    for number in [4, 5] {
        record(Event::Confirm, receipt(EvidenceEvent::Received, number))
            .await
            .unwrap();
    }
    let mut kept = storage.receipts(receiver(), number).await.unwrap();
    kept.sort_by_key(|receipt| receipt.container.clone());
    let events: Vec<_> = kept.iter().map(|receipt| receipt.event).collect();
    assert_eq!(
        events,
        [
            EvidenceEvent::Accepted,
            EvidenceEvent::MadeAvailable,
            EvidenceEvent::Received
        ]
    );
    assert_eq!(kept[2].container, [0, 4, 0xff]);
    assert_eq!((kept[2].at, kept[2].entry), (noon(), None));
    let found = storage
        .receipt(key_of(&sending, EvidenceEvent::Received))
        .await;
    assert_eq!(found.unwrap().as_ref(), Some(&kept[2]));
    let none = storage
        .receipt(key_of(&sending, EvidenceEvent::Withdrawn))
        .await;
    assert_eq!(none.unwrap(), None);
}

pub(super) async fn the_log_takes_in_each_receipt_once(fixture: Fixture) {
    let storage = fixture.open().await;
    let first = stored(&fixture, &*storage, 1).await;
    let second = stored(&fixture, &*storage, 2).await;
    let waiting = storage.waiting_receipts(10).await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert_eq!(storage.count_log_nodes().await.unwrap(), 0);
    let node = |number: u8| Sha256Digest::new([number; 32]);
    let batch = |first_node, sending: &StoredSending, nodes| LogBatch {
        first_entry: u64::from(first_node > 0),
        receipts: vec![key_of(sending, EvidenceEvent::Accepted)],
        first_node,
        nodes,
    };
    let append = |batch| storage.append_to_log(batch);
    // Two who read the same log: one appends.
    let (one, other) = tokio::join!(
        append(batch(0, &first, vec![node(1)])),
        append(batch(0, &first, vec![node(1)]))
    );
    assert!(one.unwrap() != other.unwrap());
    assert!(!append(batch(0, &second, vec![node(2)])).await.unwrap());
    assert!(
        append(batch(1, &second, vec![node(2), node(3)]))
            .await
            .unwrap()
    );
    assert_eq!(storage.count_log_nodes().await.unwrap(), 3);
    let nodes = storage.log_nodes(vec![2, 0]).await.unwrap();
    assert_eq!(nodes, [node(3), node(1)]);
    assert!(storage.log_nodes(vec![3]).await.is_err());
    assert!(storage.waiting_receipts(10).await.unwrap().is_empty());
    for (sending, entry) in [(&first, 0), (&second, 1)] {
        let kept = storage
            .receipt(key_of(sending, EvidenceEvent::Accepted))
            .await;
        assert_eq!(kept.unwrap().unwrap().entry, Some(entry));
    }
}

pub(super) async fn checkpoints_replace_one_another(fixture: Fixture) {
    let storage = fixture.open().await;
    assert_eq!(storage.latest_checkpoint().await.unwrap(), None);
    let checkpoint = |size, minute| KeptCheckpoint {
        size,
        at: noon() + TimeDelta::minutes(minute),
        container: vec![0, 0xff, u8::try_from(minute).unwrap()],
    };
    for (given, replaced) in [
        (checkpoint(3, 1), None),
        (checkpoint(3, 2), None),
        (checkpoint(5, 3), Some(3)),
    ] {
        storage
            .put_checkpoint(given.clone(), replaced)
            .await
            .unwrap();
        let latest = storage.latest_checkpoint().await.unwrap();
        assert_eq!(latest, Some(given));
    }
}

pub(super) async fn the_latest_certificate_of_an_office_is_kept(fixture: Fixture) {
    let storage = fixture.open().await;
    let chain = |bytes: &[u8]| {
        vec![
            CertificateDer::from(bytes.to_vec()),
            CertificateDer::from(vec![9]),
        ]
    };
    let none = storage.certificate_chain(sender()).await.unwrap();
    assert!(none.is_empty());
    for given in [chain(b"first"), chain(b"second")] {
        storage
            .put_certificate_chain(sender(), given.clone(), noon())
            .await
            .unwrap();
        assert_eq!(storage.certificate_chain(sender()).await.unwrap(), given);
    }
    let others = storage.certificate_chain(receiver()).await.unwrap();
    assert!(others.is_empty());
}

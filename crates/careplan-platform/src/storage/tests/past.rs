//! Past sendings: in every storage they are as real ones that have run their course.

use careplan_core::OfficeNumber;
use careplan_envelope::evidence::Frontier;
use careplan_protocol::{ListQuery, SendingState};
use chrono::TimeDelta;

use super::fixture::{Fixture, noon, outsider, receiver, sender};
use crate::past::PastSendings;
use crate::storage::{Direction, PastSending};

fn third() -> OfficeNumber {
    "1310000011".parse().unwrap()
}

fn past() -> PastSendings {
    PastSendings {
        offices: vec![sender(), receiver(), outsider(), third()],
        each: 2,
        from: noon(),
        every: TimeDelta::seconds(10),
        document_bytes: 80,
    }
}

pub(super) async fn past_sendings_are_as_those_that_have_run_their_course(fixture: Fixture) {
    let storage = fixture.open().await;
    let all: Vec<PastSending> = (0..4)
        .map(|number| past().sending(number).unwrap())
        .collect();
    assert!(past().sending(4).is_none());
    // In two pieces: the second goes on where the log is.
    storage.put_past(all[..3].to_vec()).await.unwrap();
    storage.put_past(all[3..].to_vec()).await.unwrap();
    assert_eq!(storage.count_sendings().await.unwrap(), 4);
    assert!(storage.put_past(all[..1].to_vec()).await.is_err());

    for (receiver, of_it) in [(receiver(), &all[..2]), (third(), &all[2..])] {
        let query = ListQuery::default();
        let listed = storage.list(receiver, Direction::Received, query).await;
        let listed = listed.unwrap().items;
        let sendings: Vec<_> = of_it.iter().map(|one| one.sending.clone()).collect();
        assert_eq!(listed, sendings);
        for sending in &listed {
            assert_eq!(sending.summary.state, SendingState::Confirmed);
            let number = sending.summary.sending;
            assert!(
                storage
                    .removed_at(receiver, number)
                    .await
                    .unwrap()
                    .is_some()
            );
        }
    }
    // Nothing is left to do for them.
    assert!(storage.waiting_receipts(10).await.unwrap().is_empty());
    let later = noon() + TimeDelta::days(4000);
    assert!(storage.overdue(later, 10).await.unwrap().is_empty());
    assert!(storage.removable(later, 10).await.unwrap().is_empty());

    let mut frontier = Frontier::new();
    let nodes: Vec<_> = all
        .iter()
        .flat_map(|one| &one.receipts)
        .flat_map(|receipt| frontier.push(receipt.leaf))
        .collect();
    assert_eq!(frontier.head().size, 16);
    let numbers = (0..u64::try_from(nodes.len()).unwrap()).collect();
    assert_eq!(storage.log_nodes(numbers).await.unwrap(), nodes);
    let last = &all[3];
    let receipts = storage
        .receipts(third(), last.sending.summary.sending)
        .await;
    let mut entries: Vec<_> = receipts.unwrap().iter().map(|kept| kept.entry).collect();
    entries.sort_unstable();
    assert_eq!(entries, [Some(12), Some(13), Some(14), Some(15)]);
    assert_eq!(storage.accesses(None, None, 100).await.unwrap().len(), 16);
    let by_receiver = storage.accesses(Some(third()), None, 100).await.unwrap();
    assert_eq!(by_receiver.len(), 6);
}

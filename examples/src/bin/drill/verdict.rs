//! What the platform has at the end, against what it acknowledged.

use std::collections::{HashMap, HashSet};

use careplan_client::Transport as _;
use careplan_protocol::{ListQuery, PageSize, SendingId, SendingState, SendingSummary};
use serde_json::{Value, json};

use crate::caller::{Caller, Met, Whereabouts};
use crate::evidence;
use crate::failure::Failure;
use crate::load::{Load, sha256_of};
use crate::spoil::Spoil;
use crate::world::World;

/// How many faults of the log are told.
const TOLD: usize = 5;

/// What came of a drill.
#[derive(Debug)]
pub(crate) struct Verdict {
    acknowledged: usize,
    /// Acknowledged, but not there, not delivered, not confirmed, or other bytes.
    lost: usize,
    /// Delivered as two sendings, offered again after it was confirmed, or there although nobody
    /// was told so.
    doubled: usize,
    log_faults: Vec<String>,
    met: Met,
    may_lock: bool,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        self.lost == 0
            && self.doubled == 0
            && self.log_faults.is_empty()
            && self.acknowledged > 0
            // The passwords were right.
            && (self.met.locked_out == 0 || self.may_lock)
    }

    /// Whether it is bad in the way a fault makes it.
    pub(crate) fn finds(&self, fault: Spoil) -> bool {
        match fault {
            Spoil::Container | Spoil::Bytes | Spoil::Sending | Spoil::Confirmation => {
                self.lost == 1
            }
            Spoil::Twice => self.doubled == 1 && self.lost == 0,
            Spoil::Receipt | Spoil::Log | Spoil::Entry => {
                !self.log_faults.is_empty() && self.lost == 0
            }
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "acknowledged": self.acknowledged,
            "lost": self.lost,
            "doubled": self.doubled,
            "log_faults": self.log_faults.len(),
            "first_log_faults": self.log_faults.iter().take(TOLD).collect::<Vec<_>>(),
            "unanswered_calls": self.met.unanswered,
            "unavailable_calls": self.met.unavailable,
            "locked_out": self.met.locked_out,
        })
    }
}

/// Starts the platform once more and looks at everything. `may_lock`: log-ins of the drill may have
/// been cut off in such a way that their places are taken until they lapse.
pub(crate) fn judge(world: &World, load: &Load, may_lock: bool) -> Result<Verdict, Failure> {
    let platform = world.start()?;
    let whereabouts = Whereabouts::default();
    whereabouts.is_at(Some(platform.address()));
    let mut caller = Caller::new(world, &world.receiver, &whereabouts);
    let received = everything(&mut caller)?;
    let mut lost = 0;
    for receipt in &load.acknowledged {
        let number = receipt.sending;
        let is_there = received.get(&number).is_some_and(|there| {
            there.sha256 == receipt.sha256 && there.state == SendingState::Confirmed
        });
        let was_delivered =
            load.taken_in.get(&number) == Some(&receipt.sha256) && load.confirmed.contains(&number);
        if !is_there || !was_delivered || !can_be_fetched(&mut caller, receipt)? {
            lost += 1;
        }
    }
    Ok(Verdict {
        acknowledged: load.acknowledged.len(),
        lost,
        doubled: doubled(load, &received),
        log_faults: evidence::faults(&world.verifier()?, &mut caller, load)?,
        met: load.met,
        may_lock,
    })
}

/// Whether the container is there, and the one that was sent.
fn can_be_fetched(
    caller: &mut Caller<'_>,
    receipt: &careplan_protocol::Receipt,
) -> Result<bool, Failure> {
    let mut found = false;
    let fetched = caller.call(|transport, token| {
        let mut content = Vec::new();
        match transport.fetch(token, receipt.sending, &mut content) {
            Ok(()) => found = sha256_of(&content) == receipt.sha256,
            // Not there, damaged, not whole: all the same. What passes is waited for.
            Err(careplan_client::CallError::Refused(problem))
                if matches!(problem.status, 404 | 410 | 500) =>
            {
                found = false;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    })?;
    Ok(fetched.is_some() && found)
}

/// No two containers are the same, and every one was sent until it was acknowledged.
fn doubled(load: &Load, received: &HashMap<SendingId, SendingSummary>) -> usize {
    let acknowledged: HashSet<SendingId> = load
        .acknowledged
        .iter()
        .map(|receipt| receipt.sending)
        .collect();
    let contents: HashSet<String> = received
        .values()
        .map(|there| there.sha256.to_string())
        .collect();
    let same_content = received.len() - contents.len();
    let nobody_was_told = received
        .keys()
        .filter(|number| !acknowledged.contains(number))
        .count();
    let told_twice = load.acknowledged.len() - acknowledged.len();
    same_content.max(nobody_was_told) + told_twice + load.again
}

/// All the receiver has, page by page.
fn everything(caller: &mut Caller<'_>) -> Result<HashMap<SendingId, SendingSummary>, Failure> {
    let mut found = HashMap::new();
    let mut query = ListQuery {
        limit: PageSize::MAX,
        ..ListQuery::default()
    };
    loop {
        let page = caller
            .call(|transport, token| transport.list_received(token, &query))?
            .ok_or_else(|| Failure::told("the platform was not waited for"))?;
        found.extend(page.items.into_iter().map(|item| (item.sending, item)));
        query.after = page.next;
        if query.after.is_none() {
            return Ok(found);
        }
    }
}

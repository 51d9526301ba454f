//! Senders and a receiver at work, and what they know afterwards.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use careplan_client::{CallError, Transport as _};
use careplan_core::Sha256Digest;
use careplan_protocol::{
    CONTAINER_TYPE, Confirmation, IdempotencyKey, ListQuery, ProblemCode, Receipt, SendingId,
    SendingState, SendingSummary, path,
};
use uuid::Uuid;

use crate::caller::{Caller, Met, Whereabouts};
use crate::failure::Failure;
use crate::platform::PlatformProcess;
use crate::world::World;

/// How often it is looked how far the load is.
pub(crate) const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// After how many rounds the receiver keeps a checkpoint of the evidence log.
const CHECKPOINT: usize = 20;

/// What senders and receiver know afterwards.
#[derive(Default)]
pub(crate) struct Load {
    /// What was acknowledged to senders.
    pub(crate) acknowledged: Vec<Receipt>,
    /// The digest of what the receiver took in.
    pub(crate) taken_in: HashMap<SendingId, Sha256Digest>,
    /// What was acknowledged to the receiver as confirmed.
    pub(crate) confirmed: HashSet<SendingId>,
    /// What was offered to the receiver although it had been told that it is confirmed, or came
    /// with other bytes the second time.
    pub(crate) again: usize,
    /// Checkpoints of the evidence log, as the receiver came by them.
    pub(crate) checkpoints: Vec<Vec<u8>>,
    /// What calls met with.
    pub(crate) met: Met,
}

/// Senders and a receiver at work.
pub(crate) struct Workers<'scope, 'env> {
    world: &'env World,
    shared: &'env Shared,
    senders: Vec<ScopedJoinHandle<'scope, Result<Load, Failure>>>,
    receiver: Option<ScopedJoinHandle<'scope, Result<Load, Failure>>>,
    failed: mpsc::Receiver<Failure>,
}

/// What everybody sees.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) whereabouts: Whereabouts,
    acknowledgements: AtomicUsize,
    refusals: AtomicUsize,
    pause: Duration,
    stop: AtomicUsize,
}

const STOP_SENDING: usize = 1;
const STOP_RECEIVING: usize = 2;

impl Shared {
    /// The same with a pause after each acknowledgement, for drills of which the load is not the
    /// point.
    pub(crate) fn with_pause(pause: Duration) -> Self {
        Self {
            pause,
            ..Self::default()
        }
    }

    /// How much was acknowledged so far.
    pub(crate) fn acknowledgements(&self) -> usize {
        self.acknowledgements.load(Ordering::SeqCst)
    }

    /// How often senders were told so far that the platform cannot do it for now.
    pub(crate) fn refusals(&self) -> usize {
        self.refusals.load(Ordering::SeqCst)
    }
}

impl<'scope, 'env> Workers<'scope, 'env> {
    /// Lets them begin; they wait until the platform is somewhere.
    pub(crate) fn begin(
        threads: &'scope Scope<'scope, 'env>,
        world: &'env World,
        shared: &'env Shared,
        senders: usize,
    ) -> Self {
        let (tell, failed) = mpsc::channel();
        let at_work = |work: fn(&World, &Shared) -> Result<Load, Failure>| {
            let tell = tell.clone();
            threads.spawn(move || {
                work(world, shared).inspect_err(|failure| {
                    // Nobody listens at the end; then the result itself is looked at.
                    let _ = tell.send(failure.clone());
                })
            })
        };
        Self {
            world,
            shared,
            senders: (0..senders).map(|_| at_work(send)).collect(),
            receiver: Some(at_work(receive)),
            failed,
        }
    }

    /// Waits until something is so, as long as the platform runs and nobody has failed.
    pub(crate) fn until(
        &self,
        platform: &mut PlatformProcess,
        is_so: impl Fn() -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        while !is_so()? {
            if let Ok(failure) = self.failed.recv_timeout(BETWEEN_LOOKS) {
                return Err(failure);
            }
            platform.still_runs()?;
        }
        Ok(())
    }

    /// Starts the platform once more and lets everything under way come to its end.
    pub(crate) fn end(mut self) -> Result<Load, Failure> {
        let mut platform = self.world.start()?;
        self.shared.whereabouts.is_at(Some(platform.address()));
        self.shared.stop.store(STOP_SENDING, Ordering::SeqCst);
        let mut load = Load::default();
        for sender in std::mem::take(&mut self.senders) {
            self.until(&mut platform, || Ok(sender.is_finished()))?;
            load.add(joined(sender.join())??);
        }
        self.shared.stop.store(STOP_RECEIVING, Ordering::SeqCst);
        if let Some(receiver) = self.receiver.take() {
            self.until(&mut platform, || Ok(receiver.is_finished()))?;
            load.add(joined(receiver.join())??);
        }
        Ok(load)
    }
}

impl Drop for Workers<'_, '_> {
    /// Whatever becomes of the drill, nobody waits for ever.
    fn drop(&mut self) {
        self.shared.whereabouts.end();
    }
}

fn joined<T>(joined: std::thread::Result<T>) -> Result<T, Failure> {
    joined.map_err(|_| Failure::told("a thread of the drill panicked"))
}

impl Load {
    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.taken_in.extend(other.taken_in);
        self.confirmed.extend(other.confirmed);
        self.checkpoints.extend(other.checkpoints);
        self.again += other.again;
        self.met += other.met;
    }
}

/// Sends one container after the other, each until it is acknowledged.
fn send(world: &World, shared: &Shared) -> Result<Load, Failure> {
    let mut caller = Caller::new(world, &world.sender, &shared.whereabouts);
    let mut load = Load::default();
    while shared.stop.load(Ordering::SeqCst) < STOP_SENDING {
        let container = world.container()?;
        let key = IdempotencyKey::new(Uuid::now_v7());
        let bytes = container.len() as u64;
        let receiver = world.receiver.number;
        let receipt = caller.call(|transport, token| {
            let answer = transport.send(
                token,
                receiver,
                key,
                CONTAINER_TYPE,
                &mut container.as_slice(),
                bytes,
            );
            if let Err(CallError::Refused(problem)) = &answer
                && problem.known_code() == Some(ProblemCode::ServiceUnavailable)
            {
                shared.refusals.fetch_add(1, Ordering::SeqCst);
            }
            answer
        })?;
        let Some(receipt) = receipt else { break };
        load.acknowledged.push(receipt);
        shared.acknowledgements.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(shared.pause);
    }
    load.met = caller.met;
    Ok(load)
}

/// Takes in what is there, again and again, as a client does: what it has taken in once, by its
/// number, it only confirms again.
fn receive(world: &World, shared: &Shared) -> Result<Load, Failure> {
    let mut caller = Caller::new(world, &world.receiver, &shared.whereabouts);
    let mut load = Load::default();
    for round in 0_usize.. {
        // Looked at before the list, so that the last list is of everything.
        let last = shared.stop.load(Ordering::SeqCst) >= STOP_RECEIVING;
        if round.is_multiple_of(CHECKPOINT) || last {
            match caller.bytes(&path::checkpoint())? {
                Some(checkpoint) => load.checkpoints.push(checkpoint),
                None => break,
            }
        }
        let mut news = Vec::new();
        for state in [SendingState::Available, SendingState::Fetched] {
            let query = ListQuery {
                state: Some(state),
                ..ListQuery::default()
            };
            match caller.call(|transport, token| transport.list_received(token, &query))? {
                Some(page) => news.extend(page.items),
                None => return Ok(load),
            }
        }
        if news.is_empty() && last {
            break;
        }
        if news.is_empty() {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        for summary in news {
            if !take_in(&mut caller, &mut load, &summary)? {
                return Ok(load);
            }
        }
    }
    load.met = caller.met;
    Ok(load)
}

/// Fetches one sending and confirms it; `false` at the end.
fn take_in(
    caller: &mut Caller<'_>,
    load: &mut Load,
    summary: &SendingSummary,
) -> Result<bool, Failure> {
    let number = summary.sending;
    if load.confirmed.contains(&number) {
        load.again += 1;
    }
    let content = caller.call(|transport, token| {
        let mut content = Vec::new();
        transport.fetch(token, number, &mut content)?;
        Ok(content)
    })?;
    let Some(content) = content else {
        return Ok(false);
    };
    let sha256 = sha256_of(&content);
    if load
        .taken_in
        .insert(number, sha256)
        .is_some_and(|before| before != sha256)
    {
        load.again += 1;
    }
    let confirmation = Confirmation { sha256 };
    let confirmed =
        caller.call(|transport, token| transport.confirm(token, number, &confirmation))?;
    if confirmed.is_some() {
        load.confirmed.insert(number);
    }
    Ok(confirmed.is_some())
}

/// SHA-256 of bytes.
pub(crate) fn sha256_of(content: &[u8]) -> Sha256Digest {
    let mut sha256 = [0; 32];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    sha256.copy_from_slice(digest.as_ref());
    Sha256Digest::new(sha256)
}

//! A platform in memory that keeps the protocol, and a way to it that loses, repeats, delays and
//! garbles, decided by a seed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::io::{self, Cursor, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard};

use careplan_client::{CallError, Clock, NoAnswer, Transport};
use careplan_core::{OfficeNumber, Sha256Digest};
use careplan_envelope::{Verifier, evidence};
use careplan_protocol::{
    AccessToken, Confirmation, Contents, DirectoryEntry, Event, Evidence, EvidenceEvent,
    IdempotencyKey, ListQuery, LogInRequest, Page, Problem, ProblemCode, Receipt, RefreshRequest,
    SendingId, SendingState, SendingSummary, SessionGrant, SessionTimes, SetContents,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{TestClock, certificates};

/// Random numbers from a seed (`SplitMix64`).
#[derive(Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// A sending at the platform.
pub(crate) struct Sending {
    pub(crate) summary: SendingSummary,
    pub(crate) container: Vec<u8>,
    receipt: Receipt,
}

/// The platform's side of the protocol, in memory.
pub(crate) struct Platform {
    clock: TestClock,
    verifier: Verifier,
    pub(crate) licensed: BTreeSet<OfficeNumber>,
    pub(crate) sendings: BTreeMap<SendingId, Sending>,
    by_key: HashMap<(OfficeNumber, IdempotencyKey), SendingId>,
    sessions: HashMap<String, (OfficeNumber, SessionTimes)>,
    refreshes: HashMap<String, (OfficeNumber, SessionTimes)>,
    numbers: u128,
    pub(crate) log_ins: usize,
    /// How many entries a page has at most.
    pub(crate) page: usize,
}

pub(crate) type Shared = Arc<Mutex<Platform>>;

pub(crate) fn platform(clock: &TestClock) -> Shared {
    let offices = [super::MANAGER, super::SERVICE, super::OTHER_SERVICE];
    Arc::new(Mutex::new(Platform {
        clock: clock.clone(),
        verifier: certificates().verifier(),
        licensed: offices.iter().map(|number| super::office(number)).collect(),
        sendings: BTreeMap::new(),
        by_key: HashMap::new(),
        sessions: HashMap::new(),
        refreshes: HashMap::new(),
        numbers: 0,
        log_ins: 0,
        page: 2,
    }))
}

impl Platform {
    fn number(&mut self) -> u128 {
        self.numbers += 1;
        self.numbers
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn grant(&mut self, office: OfficeNumber, times: SessionTimes) -> SessionGrant {
        let access = format!("access-token-{:032}", self.number());
        let refresh = format!("refresh-token-{:032}", self.number());
        self.sessions.insert(access.clone(), (office, times));
        self.refreshes.insert(refresh.clone(), (office, times));
        SessionGrant {
            office,
            access_token: access.parse().unwrap(),
            refresh_token: refresh.parse().unwrap(),
            times,
        }
    }

    fn office(&self, token: &AccessToken) -> Result<OfficeNumber, Problem> {
        match self.sessions.get(token.expose()) {
            None => Err(ProblemCode::TokenInvalid.into()),
            Some((_, times)) if !times.access_is_good(self.now()) => {
                Err(ProblemCode::TokenExpired.into())
            }
            Some((office, _)) => Ok(*office),
        }
    }

    fn send(
        &mut self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        key: IdempotencyKey,
        container: &[u8],
    ) -> Result<Receipt, Problem> {
        let sha256 = digest(container);
        if let Some(id) = self.by_key.get(&(sender, key)) {
            let sending = &self.sendings[id];
            return if sending.receipt.sha256 == sha256 && sending.receipt.receiver == receiver {
                Ok(sending.receipt.clone())
            } else {
                Err(ProblemCode::IdempotencyConflict.into())
            };
        }
        if !self.licensed.contains(&sender) {
            return Err(ProblemCode::SenderNotLicensed.into());
        }
        if !self.licensed.contains(&receiver) {
            return Err(ProblemCode::ReceiverNotLicensed.into());
        }
        let now = self.now();
        let envelope = self
            .verifier
            .verify(Cursor::new(container), now)
            .map_err(|_| Problem::from(ProblemCode::ContainerInvalid))?;
        if envelope.signer().office != sender {
            return Err(ProblemCode::SignerMismatch.into());
        }
        let names: Vec<String> = envelope
            .files()
            .iter()
            .map(|file| file.name.clone())
            .collect();
        let files = u32::try_from(names.len()).unwrap();
        let grouping = careplan_tables::group(names);
        let [set] = grouping.sets.as_slice() else {
            return Err(ProblemCode::SetNotStandard.into());
        };
        let kind = set
            .kind()
            .map_err(|_| Problem::from(ProblemCode::SetNotStandard))?;
        if set.sender().office != sender {
            return Err(ProblemCode::SenderMismatch.into());
        }
        if set.receiver().office != receiver {
            return Err(ProblemCode::ReceiverMismatch.into());
        }
        let id = SendingId::new(Uuid::from_u128(self.number()));
        let expires_at = now + TimeDelta::days(90);
        let bytes = container.len() as u64;
        let receipt = Receipt {
            sending: id,
            idempotency_key: key,
            sender,
            receiver,
            set: Some(kind),
            sha256,
            bytes,
            accepted_at: now,
            expires_at,
            evidence: Evidence::new(Vec::new()),
        };
        let receipt = Receipt {
            evidence: Evidence::new(signed_receipt(
                &receipt,
                evidence::ReceiptEvent::Accepted,
                now,
            )),
            ..receipt
        };
        let summary = SendingSummary {
            sending: id,
            sender,
            receiver,
            contents: Contents::Open(SetContents {
                set: kind,
                month: set.files().iter().find_map(|file| file.name.month()),
                sequence: set.sequence(),
                files,
            }),
            sha256,
            bytes,
            state: SendingState::Available,
            accepted_at: now,
            fetched_at: None,
            settled_at: None,
            expires_at,
        };
        self.by_key.insert((sender, key), id);
        self.sendings.insert(
            id,
            Sending {
                summary,
                container: container.to_vec(),
                receipt: receipt.clone(),
            },
        );
        Ok(receipt)
    }

    fn list(
        &self,
        query: &ListQuery,
        mine: impl Fn(&SendingSummary) -> bool,
    ) -> Page<SendingSummary> {
        let after: Option<SendingId> = query
            .after
            .as_ref()
            .map(|cursor| cursor.as_str().parse().unwrap());
        let mut items: Vec<SendingSummary> = self
            .sendings
            .values()
            .map(|sending| &sending.summary)
            .filter(|summary| mine(summary))
            .filter(|summary| query.state.is_none_or(|state| summary.state == state))
            .filter(|summary| {
                query
                    .accepted_from
                    .is_none_or(|from| summary.accepted_at >= from)
            })
            .filter(|summary| after.is_none_or(|after| summary.sending > after))
            .take(self.page + 1)
            .cloned()
            .collect();
        let more = items.len() > self.page;
        items.truncate(self.page);
        let next = items
            .last()
            .filter(|_| more)
            .map(|last| last.sending.to_string().parse().unwrap());
        Page { items, next }
    }

    /// A sending of this receiver, moved on by an event.
    fn event(
        &mut self,
        id: SendingId,
        event: Event,
        mine: impl Fn(&SendingSummary) -> bool,
    ) -> Result<&mut Sending, Problem> {
        let now = self.now();
        let sending = self
            .sendings
            .get_mut(&id)
            .filter(|sending| mine(&sending.summary))
            .ok_or(Problem::from(ProblemCode::SendingNotFound))?;
        let summary = &mut sending.summary;
        let transition = summary
            .state
            .after(event)
            .map_err(|refused| Problem::from(refused.problem()))?;
        summary.state = transition.state();
        if summary.state == SendingState::Fetched {
            summary.fetched_at.get_or_insert(now);
        }
        if summary.state.is_settled() {
            summary.settled_at.get_or_insert(now);
        }
        Ok(sending)
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Sha256Digest {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    Sha256Digest::new(digest.as_ref().try_into().unwrap())
}

/// A way to the platform for one office.
pub(crate) struct Way {
    platform: Shared,
    office: OfficeNumber,
    /// Percent of the calls to which something happens.
    trouble: Arc<Mutex<Trouble>>,
    /// An earlier answer to a list, delivered again when answers are delayed.
    earlier: Option<Page<SendingSummary>>,
}

/// What is to happen to calls.
pub(crate) struct Trouble {
    pub(crate) rng: Rng,
    pub(crate) percent: u64,
    /// What happens for certain: to the next calls of these names, in this order.
    pub(crate) script: VecDeque<(&'static str, Fault)>,
    /// What happened, for reading after a failure.
    pub(crate) log: Vec<(&'static str, Fault)>,
}

impl Trouble {
    pub(crate) fn none() -> Arc<Mutex<Self>> {
        Self::seeded(0, 0)
    }

    pub(crate) fn seeded(seed: u64, percent: u64) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self {
            rng: Rng(seed),
            percent,
            script: VecDeque::new(),
            log: Vec::new(),
        }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody answers.
    NotThere,
    /// The request does not arrive.
    RequestLost,
    /// The request arrives, the answer does not.
    AnswerLost,
    /// The request arrives twice.
    Repeated,
    /// The platform is too busy.
    Busy,
    /// The session ends.
    SessionGone,
    /// The answer says something else.
    Garbled,
    /// The answer is an earlier one.
    Delayed,
}

const FAULTS: [Fault; 8] = [
    Fault::NotThere,
    Fault::RequestLost,
    Fault::AnswerLost,
    Fault::Repeated,
    Fault::Busy,
    Fault::SessionGone,
    Fault::Garbled,
    Fault::Delayed,
];

fn lost() -> CallError {
    NoAnswer::Interrupted {
        reason: "lost".to_owned(),
    }
    .into()
}

impl Way {
    pub(crate) fn new(platform: &Shared, number: &str, trouble: &Arc<Mutex<Trouble>>) -> Self {
        Self {
            platform: Arc::clone(platform),
            office: super::office(number),
            trouble: Arc::clone(trouble),
            earlier: None,
        }
    }

    fn platform(&self) -> MutexGuard<'_, Platform> {
        self.platform.lock().unwrap()
    }

    fn fault(&self, call: &'static str) -> Option<Fault> {
        let mut trouble = self.trouble.lock().unwrap();
        if let Some(&(name, fault)) = trouble.script.front()
            && name == call
        {
            trouble.script.pop_front();
            trouble.log.push((call, fault));
            return Some(fault);
        }
        let percent = trouble.percent;
        if !trouble.rng.chance(percent) {
            return None;
        }
        let which = trouble.rng.below(FAULTS.len() as u64);
        let fault = FAULTS[usize::try_from(which).unwrap()];
        trouble.log.push((call, fault));
        Some(fault)
    }

    fn below(&self, bound: u64) -> u64 {
        self.trouble.lock().unwrap().rng.below(bound)
    }

    /// Makes a call as the fault wants it.
    fn call<T>(
        &self,
        name: &'static str,
        mut act: impl FnMut(&mut Platform) -> Result<T, Problem>,
        garble: impl FnOnce(&mut T, u64),
    ) -> Result<T, CallError> {
        let mut act = move || act(&mut self.platform()).map_err(CallError::from);
        match self.fault(name) {
            None | Some(Fault::Delayed) => act(),
            Some(Fault::NotThere) => Err(NoAnswer::NotThere {
                reason: "nobody".to_owned(),
            }
            .into()),
            Some(Fault::RequestLost) => Err(lost()),
            Some(Fault::AnswerLost) => {
                let _ = act();
                Err(lost())
            }
            Some(Fault::Repeated) => {
                let first = act();
                let _ = act();
                first
            }
            Some(Fault::Busy) => Err(Problem::new(ProblemCode::ServiceUnavailable)
                .retry_after(1)
                .into()),
            Some(Fault::SessionGone) => {
                self.platform().sessions.clear();
                act()
            }
            Some(Fault::Garbled) => {
                let mut answer = act()?;
                garble(&mut answer, self.below(u64::MAX));
                Ok(answer)
            }
        }
    }

    fn list(
        &mut self,
        name: &'static str,
        token: &AccessToken,
        query: &ListQuery,
        mine: impl Fn(&SendingSummary, OfficeNumber) -> bool,
        garble: impl FnOnce(&mut Page<SendingSummary>, u64),
    ) -> Result<Page<SendingSummary>, CallError> {
        let faults = self.trouble.lock().unwrap().log.len();
        let page = self.call(
            name,
            |platform| {
                let office = platform.office(token)?;
                Ok(platform.list(query, |summary| mine(summary, office)))
            },
            garble,
        )?;
        let delayed = self.trouble.lock().unwrap().log.get(faults) == Some(&(name, Fault::Delayed));
        if delayed && let Some(earlier) = self.earlier.take() {
            return Ok(earlier);
        }
        self.earlier = Some(page.clone());
        Ok(page)
    }
}

fn other_digest(digest: Sha256Digest, chance: u64) -> Sha256Digest {
    let mut bytes = *digest.as_bytes();
    bytes[usize::try_from(chance % 32).unwrap()] ^= 1;
    Sha256Digest::new(bytes)
}

impl Transport for Way {
    fn log_in(&mut self, request: &LogInRequest) -> Result<SessionGrant, CallError> {
        let office = self.office;
        let user: String = format!("KJ00{office}");
        self.call(
            "log in",
            |platform| {
                platform.log_ins += 1;
                if request.user_id.as_str() != user || request.password.expose() != "correct horse"
                {
                    return Err(ProblemCode::LogInFailed.into());
                }
                let times = SessionTimes::starting_at(platform.now());
                Ok(platform.grant(office, times))
            },
            |grant, _| grant.access_token = "a-token-that-is-none".parse().unwrap(),
        )
    }

    fn refresh(&mut self, request: &RefreshRequest) -> Result<SessionGrant, CallError> {
        self.call(
            "refresh",
            |platform| {
                let known = platform.refreshes.remove(request.refresh_token.expose());
                let now = platform.now();
                let (office, times) = known.ok_or(Problem::from(ProblemCode::TokenInvalid))?;
                let times = times
                    .refreshed_at(now)
                    .ok_or(Problem::from(ProblemCode::TokenExpired))?;
                Ok(platform.grant(office, times))
            },
            |grant, _| grant.access_token = "a-token-that-is-none".parse().unwrap(),
        )
    }

    fn log_out(&mut self, token: &AccessToken) -> Result<(), CallError> {
        self.platform().sessions.remove(token.expose());
        Ok(())
    }

    fn directory(
        &mut self,
        _token: &AccessToken,
        _office: OfficeNumber,
    ) -> Result<DirectoryEntry, CallError> {
        Err(Problem::new(ProblemCode::OfficeUnknown).into())
    }

    fn send(
        &mut self,
        token: &AccessToken,
        receiver: OfficeNumber,
        key: IdempotencyKey,
        _media_type: &'static str,
        container: &mut dyn Read,
        bytes: u64,
    ) -> Result<Receipt, CallError> {
        let mut sent = Vec::new();
        container.read_to_end(&mut sent).map_err(CallError::Local)?;
        assert_eq!(sent.len() as u64, bytes);
        self.call(
            "send",
            |platform| {
                let sender = platform.office(token)?;
                platform.send(sender, receiver, key, &sent)
            },
            |receipt, chance| match chance % 4 {
                0 => receipt.sha256 = other_digest(receipt.sha256, chance),
                1 => receipt.bytes += 1,
                2 => receipt.idempotency_key = IdempotencyKey::new(Uuid::from_u128(chance.into())),
                _ => receipt.receiver = receipt.sender,
            },
        )
    }

    fn list_sent(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError> {
        self.list(
            "list sent",
            token,
            query,
            |summary, office| summary.sender == office,
            // A number that is not this office's.
            |page, chance| {
                for item in &mut page.items {
                    item.sending = SendingId::new(Uuid::from_u128(chance.into()));
                }
            },
        )
    }

    fn list_received(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError> {
        self.list(
            "list received",
            token,
            query,
            |summary, office| summary.receiver == office && summary.state.is_visible_to_receiver(),
            |page, chance| {
                for item in &mut page.items {
                    match (chance % 6, &mut item.contents) {
                        (0, _) => item.sha256 = other_digest(item.sha256, chance),
                        (1, _) => item.bytes += 1,
                        (2, Contents::Open(set)) => set.files += 1,
                        (3, _) => item.sender = super::office("1399999999"),
                        (4, _) => item.receiver = item.sender,
                        (_, Contents::Open(set)) => {
                            set.sequence = "20200101000000".parse().unwrap();
                        }
                        (_, Contents::Sealed) => {}
                    }
                }
            },
        )
    }

    fn fetch(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        container: &mut dyn Write,
    ) -> Result<(), CallError> {
        let mut cut = None;
        let (mut bytes, garbled) = self.call(
            "fetch",
            |platform| {
                let office = platform.office(token)?;
                let mine = |summary: &SendingSummary| summary.receiver == office;
                let sending = platform.event(sending, Event::Fetch, mine)?;
                Ok((sending.container.clone(), None))
            },
            |(_, garbled), chance| *garbled = Some(chance),
        )?;
        if let Some(chance) = garbled {
            let at = usize::try_from(chance).unwrap_or(0) % bytes.len();
            match chance % 4 {
                0 => bytes[at] ^= 0x20,
                1 => bytes.truncate(at),
                2 => bytes.extend_from_slice(b"more"),
                _ => cut = Some(at),
            }
        }
        let whole = cut.unwrap_or(bytes.len());
        for chunk in bytes[..whole].chunks(700) {
            container.write_all(chunk).map_err(CallError::Local)?;
        }
        match cut {
            Some(_) => Err(lost()),
            None => container.flush().map_err(CallError::Local),
        }
    }

    fn confirm(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        confirmation: &Confirmation,
    ) -> Result<SendingSummary, CallError> {
        self.call(
            "confirm",
            |platform| {
                let office = platform.office(token)?;
                let mine = |summary: &SendingSummary| summary.receiver == office;
                let known = platform
                    .sendings
                    .get(&sending)
                    .map(|known| known.summary.sha256);
                if known.is_some_and(|known| known != confirmation.sha256) {
                    return Err(ProblemCode::DigestMismatch.into());
                }
                let sending = platform.event(sending, Event::Confirm, mine)?;
                Ok(sending.summary.clone())
            },
            |summary, _| summary.state = SendingState::Fetched,
        )
    }

    fn withdraw(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
    ) -> Result<SendingSummary, CallError> {
        self.call(
            "withdraw",
            |platform| {
                let office = platform.office(token)?;
                let mine = |summary: &SendingSummary| summary.sender == office;
                let sending = platform.event(sending, Event::Withdraw, mine)?;
                Ok(sending.summary.clone())
            },
            |_, _| {},
        )
    }

    fn fetch_receipt(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        event: EvidenceEvent,
    ) -> Result<Vec<u8>, CallError> {
        self.call(
            "fetch receipt",
            |platform| {
                platform.office(token)?;
                let known = platform
                    .sendings
                    .get(&sending)
                    .ok_or_else(|| Problem::from(ProblemCode::SendingNotFound))?;
                let happened = match (event, known.summary.state) {
                    (EvidenceEvent::Received, SendingState::Confirmed) => {
                        evidence::ReceiptEvent::Received
                    }
                    (EvidenceEvent::Withdrawn, SendingState::Withdrawn) => {
                        evidence::ReceiptEvent::Withdrawn
                    }
                    (EvidenceEvent::Expired, SendingState::Expired) => {
                        evidence::ReceiptEvent::Expired
                    }
                    _ => return Err(ProblemCode::ReceiptNotFound.into()),
                };
                Ok(signed_receipt(&known.receipt, happened, platform.now()))
            },
            |bytes, chance| {
                let at = usize::try_from(chance).unwrap_or(0) % bytes.len();
                bytes.truncate(at);
            },
        )
    }
}

/// The operator's signed receipt.
fn signed_receipt(receipt: &Receipt, event: evidence::ReceiptEvent, at: DateTime<Utc>) -> Vec<u8> {
    let signed = evidence::Receipt {
        event,
        container: receipt.sha256,
        sender: receipt.sender,
        receiver: receipt.receiver,
        sequence: None,
        sending: receipt.sending.uuid(),
        at,
    };
    signed.sign(&*certificates().operator()).unwrap()
}

/// For tests that look at a container: its bytes from a reader.
pub(crate) fn all(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

//! The cycles: who begins one when, what it takes, and whether everything arrived once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use careplan_protocol::{
    CONTAINER_TYPE, Confirmation, IDEMPOTENCY_KEY, ListQuery, Page, Receipt, SendingState,
    SendingSummary, path,
};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, StatusCode};
use rustls_pki_types::CertificateDer;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::failure::Failure;
use crate::machine;
use crate::offices::{Container, Pair};
use crate::wire::Connection;

/// How much is to be measured.
pub(crate) struct Plan {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    pub(crate) count: Option<u64>,
    pub(crate) rate: Option<f64>,
}

/// What was measured.
#[derive(Default)]
pub(crate) struct Measured {
    /// Of whole cycles, after the warm-up.
    pub(crate) cycles: Vec<Duration>,
    /// Of each kind of call, after the warm-up.
    pub(crate) calls: BTreeMap<&'static str, Vec<Duration>>,
    pub(crate) seconds: f64,
    pub(crate) lost: u64,
    pub(crate) duplicated: u64,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) load_cpu: Option<f64>,
    pub(crate) platform_cpu: Option<f64>,
    /// Megabytes the platform held, over the time.
    pub(crate) platform_memory: Vec<f64>,
}

/// How often in that time the platform's memory is looked at.
const MEMORY: u32 = 10;

/// Hands out the starts of cycles.
struct Schedule {
    begin: Instant,
    plan: Plan,
    next: AtomicU64,
}

impl Schedule {
    /// When the next cycle is due; `None` when there are no more.
    fn next(&self) -> Option<Instant> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.plan.count.is_some_and(|count| number >= count) {
            return None;
        }
        let due = match self.plan.rate {
            Some(rate) => self.begin + Duration::from_secs_f64(number as f64 / rate),
            None => Instant::now(),
        };
        (due < self.end()).then_some(due)
    }

    fn measured_from(&self) -> Instant {
        self.begin + self.plan.warm_up
    }

    fn end(&self) -> Instant {
        self.measured_from() + self.plan.measured
    }
}

/// Runs cycles between all pairs at once.
pub(crate) async fn drive(
    url: &str,
    anchor: CertificateDer<'static>,
    pairs: Vec<Pair>,
    plan: Plan,
    platform: Option<u32>,
) -> Result<Measured, Failure> {
    let mut drivers = Vec::new();
    for pair in pairs {
        drivers.push(Driver {
            sender: Connection::open(url, &anchor, &pair.sender).await?,
            receiver: Connection::open(url, &anchor, &pair.receiver).await?,
            pair,
            measured: Measured::default(),
        });
    }
    let schedule = Arc::new(Schedule {
        begin: Instant::now(),
        plan,
        next: AtomicU64::new(0),
    });
    let tasks: Vec<_> = drivers
        .into_iter()
        .map(|driver| tokio::spawn(driver.run(Arc::clone(&schedule))))
        .collect();
    tokio::time::sleep_until(schedule.measured_from().into()).await;
    let platform_cpu = || machine::cpu_seconds(Some(platform?));
    let (load_before, platform_before) = (machine::cpu_seconds(None), platform_cpu());
    let (tell, mut told) = mpsc::unbounded_channel();
    let watching = tokio::spawn(watch_memory(platform, schedule.plan.measured, tell));
    let mut all = Measured::default();
    let mut last = schedule.measured_from();
    for task in tasks {
        let (one, ended) = task.await.map_err(Failure::system)?;
        last = last.max(ended);
        all.add(one);
    }
    all.seconds = last.duration_since(schedule.measured_from()).as_secs_f64();
    let spent = |before: Option<f64>, after: Option<f64>| Some(after? - before?);
    all.load_cpu = spent(load_before, machine::cpu_seconds(None));
    all.platform_cpu = spent(platform_before, platform_cpu());
    watching.abort();
    while let Ok(memory) = told.try_recv() {
        all.platform_memory.push(memory);
    }
    Ok(all)
}

/// Tells what the platform holds in memory, over a time.
async fn watch_memory(platform: Option<u32>, time: Duration, tell: mpsc::UnboundedSender<f64>) {
    let mut turns = tokio::time::interval(time / MEMORY);
    turns.tick().await;
    for _ in 0..MEMORY {
        turns.tick().await;
        if let Some(memory) = platform.and_then(machine::memory_mb) {
            // Nobody listens any more when all cycles are done.
            let _ = tell.send(memory);
        }
    }
}

impl Measured {
    fn add(&mut self, other: Self) {
        self.cycles.extend(other.cycles);
        for (call, times) in other.calls {
            self.calls.entry(call).or_default().extend(times);
        }
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
    }
}

/// A pair at work.
struct Driver {
    sender: Connection,
    receiver: Connection,
    pair: Pair,
    measured: Measured,
}

/// How long each call of a cycle took.
type Times = Vec<(&'static str, Duration)>;

impl Driver {
    async fn run(mut self, schedule: Arc<Schedule>) -> (Measured, Instant) {
        let mut containers = self.pair.containers.clone().into_iter().cycle();
        let mut ended = Instant::now();
        while let (Some(due), Some(container)) = (schedule.next(), containers.next()) {
            tokio::time::sleep_until(due.into()).await;
            let mut times = Times::new();
            let done = self.cycle(&container, &mut times).await;
            ended = Instant::now();
            match done {
                Ok(()) if due >= schedule.measured_from() => {
                    self.measured.cycles.push(ended - due);
                    for (call, time) in times {
                        self.measured.calls.entry(call).or_default().push(time);
                    }
                }
                Ok(()) => {}
                Err(error) => *self.measured.errors.entry(error.to_string()).or_default() += 1,
            }
        }
        (self.measured, ended)
    }

    /// Sends, lists, fetches, confirms.
    async fn cycle(&mut self, container: &Container, times: &mut Times) -> Result<(), Failure> {
        let receipt = self.send(container, times).await?;
        let query = ListQuery {
            state: Some(SendingState::Available),
            ..ListQuery::default()
        };
        let list = format!("{}?{}", path::list_received(), query.to_query_string());
        let call = timed("list", times, async {
            self.receiver
                .call(Method::GET, &list, &[], Bytes::new())
                .await
        });
        let news: Page<SendingSummary> = json("list", call.await?)?;
        // One cycle at a time between these two: exactly this one is new.
        if !news
            .items
            .iter()
            .any(|item| item.sending == receipt.sending)
        {
            self.measured.lost += 1;
            return Err(Failure::message("an acknowledged sending is not listed"));
        }
        let others = news.items.len().saturating_sub(1);
        self.measured.duplicated += u64::try_from(others).unwrap_or(u64::MAX);
        let fetch = path::fetch(receipt.sending);
        let fetched = timed("fetch", times, async {
            self.receiver
                .call(Method::GET, &fetch, &[], Bytes::new())
                .await
        })
        .await?;
        if fetched.status != StatusCode::OK
            || digest(&SHA256, &fetched.body).as_ref() != container.sha256.as_bytes()
        {
            self.measured.lost += 1;
            return Err(Failure::message(format!(
                "fetch: {}, or other bytes than were sent",
                fetched.status
            )));
        }
        let body = serde_json::to_vec(&Confirmation {
            sha256: container.sha256,
        })
        .map_err(Failure::system)?;
        let confirm = path::confirm(receipt.sending);
        let confirmed = timed("confirm", times, async {
            let headers = [(CONTENT_TYPE.as_str(), "application/json")];
            self.receiver
                .call(Method::PUT, &confirm, &headers, body.into())
                .await
        })
        .await?;
        json::<SendingSummary>("confirm", confirmed).map(|_| ())
    }

    async fn send(&mut self, container: &Container, times: &mut Times) -> Result<Receipt, Failure> {
        let key = Uuid::now_v7().to_string();
        let headers = [
            (CONTENT_TYPE.as_str(), CONTAINER_TYPE),
            (IDEMPOTENCY_KEY, key.as_str()),
        ];
        let path = path::send(self.pair.receiver.number);
        let sent = timed("send", times, async {
            self.sender
                .call(Method::POST, &path, &headers, container.bytes.clone())
                .await
        })
        .await?;
        json("send", sent)
    }
}

async fn timed<T>(
    call: &'static str,
    times: &mut Times,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let started = Instant::now();
    let done = work.await?;
    times.push((call, started.elapsed()));
    Ok(done)
}

fn json<T: DeserializeOwned>(call: &str, answer: crate::wire::Answer) -> Result<T, Failure> {
    if !answer.status.is_success() {
        let problem: Option<careplan_protocol::Problem> = serde_json::from_slice(&answer.body).ok();
        let code = problem.map_or_else(String::new, |problem| problem.code.into_owned());
        return Err(Failure::message(format!(
            "{call}: {} {code}",
            answer.status
        )));
    }
    serde_json::from_slice(&answer.body).map_err(Failure::system)
}

//! What the platform counts and measures, for Prometheus.
//!
//! Every metric is declared once, below; the table in docs/operations.md is made from that. Labels
//! take few values: calls, states, codes, never an office or anything a caller chooses.

use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What every metric's name begins with.
const PREFIX: &str = "careplan";

/// A call and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answered {
    /// `GET /v1/sendings/sent`: method and template.
    pub(crate) call: String,
    pub(crate) status: u16,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Called {
    pub(crate) call: String,
}

/// A problem's code.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Refused {
    pub(crate) problem: String,
}

/// What happened to a sending.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Happened {
    pub(crate) event: &'static str,
}

/// How a connection ended before its first call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Ended {
    pub(crate) reason: &'static str,
}

/// Reading or writing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Work {
    pub(crate) work: &'static str,
}

/// Makes histograms of seconds, from a tenth of a millisecond to some minutes.
#[derive(Debug, Clone)]
pub(crate) struct Seconds;

impl MetricConstructor<Histogram> for Seconds {
    fn new_metric(&self) -> Histogram {
        seconds()
    }
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_1, 2.0, 22))
}

fn batches() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 9))
}

type SecondsBy<L> = Family<L, Histogram, Seconds>;

macro_rules! metrics {
    ($( $field:ident: $type:ty = $make:expr, $kind:literal, $labels:literal, $help:literal; )*) => {
        /// The metrics of one platform.
        #[derive(Debug)]
        pub(crate) struct Metrics {
            registry: Registry,
            $( pub(crate) $field: $type, )*
        }

        impl Metrics {
            pub(crate) fn new() -> Self {
                let mut registry = Registry::with_prefix(PREFIX);
                $(
                    let $field: $type = $make;
                    registry.register(stringify!($field), $help, $field.clone());
                )*
                Self { registry, $($field,)* }
            }
        }

        /// Name, kind, labels and meaning of every metric.
        const ALL: &[[&str; 4]] = &[ $( [stringify!($field), $kind, $labels, $help], )* ];
    };
}

metrics! {
    calls: Family<Answered, Counter> = Family::default(), "counter", "call, status",
        "Calls answered";
    call_seconds: SecondsBy<Called> = Family::new_with_constructor(Seconds), "histogram", "call",
        "Time from a call's head to its answer's head";
    problems: Family<Refused, Counter> = Family::default(), "counter", "problem",
        "Calls refused, by the problem's code";
    sendings: Family<Happened, Counter> = Family::default(), "counter", "event",
        "What happened to sendings: accept, fetch, confirm, withdraw, expire, remove";
    uploaded_bytes: Counter = Counter::default(), "counter", "",
        "Bytes of containers accepted";
    fetched_bytes: Counter = Counter::default(), "counter", "",
        "Bytes of containers handed out";
    connections: Gauge = Gauge::default(), "gauge", "",
        "Connections open";
    connections_accepted: Counter = Counter::default(), "counter", "",
        "Connections accepted";
    connections_refused: Family<Ended, Counter> = Family::default(), "counter", "reason",
        "Connections that ended before a call: handshake, timeout, accept";
    storage_seconds: SecondsBy<Work> = Family::new_with_constructor(Seconds), "histogram", "work",
        "Time of a piece of storage work with its wait: read, write";
    storage_failures: Family<Work, Counter> = Family::default(), "counter", "work",
        "Pieces of storage work that failed";
    commit_seconds: Histogram = seconds(), "histogram", "",
        "Time of a commit with its flushes";
    commit_batch: Histogram = batches(), "histogram", "",
        "Pieces of work that one commit served";
    evidence_log_entries: Gauge = Gauge::default(), "gauge", "",
        "Receipts in the evidence log";
    evidence_waiting: Gauge = Gauge::default(), "gauge", "",
        "Receipts that the evidence log has not taken in";
    evidence_waiting_seconds: Gauge = Gauge::default(), "gauge", "",
        "Age of the oldest of them, in seconds; 0 if there is none";
    evidence_checkpoint_timestamp_seconds: Gauge = Gauge::default(), "gauge", "",
        "When the latest checkpoint of the log was signed, in seconds since 1970";
    trust_renewals: Family<Ended, Counter> = Family::default(), "counter", "reason",
        "Trust anchors and revocation lists read again: done, failed";
    certificate_renewals: Family<Ended, Counter> = Family::default(), "counter", "reason",
        "Certificates of API and site read again: done, failed";
}

impl Metrics {
    /// All of them in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = text::encode(&mut text, &self.registry);
        text
    }

    /// Counts a call that was answered.
    pub(crate) fn answered(
        &self,
        call: String,
        status: u16,
        problem: Option<&str>,
        took: Duration,
    ) {
        if let Some(problem) = problem {
            let problem = problem.to_owned();
            self.problems.get_or_create(&Refused { problem }).inc();
        }
        let called = Called { call: call.clone() };
        self.call_seconds
            .get_or_create(&called)
            .observe(took.as_secs_f64());
        self.calls.get_or_create(&Answered { call, status }).inc();
    }

    /// Counts what happened to a sending.
    pub(crate) fn happened(&self, event: &'static str) {
        self.sendings.get_or_create(&Happened { event }).inc();
    }

    /// Counts what happened to several sendings at once.
    pub(crate) fn happened_to(&self, event: &'static str, sendings: usize) {
        let sendings = u64::try_from(sendings).unwrap_or(u64::MAX);
        self.sendings
            .get_or_create(&Happened { event })
            .inc_by(sendings);
    }

    /// Counts the trust read again.
    pub(crate) fn trust_renewed(&self, done: bool) {
        let reason = if done { "done" } else { "failed" };
        self.trust_renewals.get_or_create(&Ended { reason }).inc();
    }

    /// Counts a certificate of a listener read again.
    pub(crate) fn certificate_renewed(&self, done: bool) {
        let reason = if done { "done" } else { "failed" };
        self.certificate_renewals
            .get_or_create(&Ended { reason })
            .inc();
    }

    /// Counts a connection that ended before its first call.
    pub(crate) fn unconnected(&self, reason: &'static str) {
        self.connections_refused
            .get_or_create(&Ended { reason })
            .inc();
    }

    /// Does a piece of storage work and measures it.
    pub(crate) async fn measure<T, E>(
        &self,
        work: &'static str,
        doing: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let started = Instant::now();
        let done = doing.await;
        let work = Work { work };
        self.storage_seconds
            .get_or_create(&work)
            .observe(started.elapsed().as_secs_f64());
        if done.is_err() {
            self.storage_failures.get_or_create(&work).inc();
        }
        done
    }
}

/// The metrics as a table in Markdown, for the documentation.
#[must_use]
pub fn metrics_table() -> String {
    let mut table = "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for [name, kind, labels, help] in ALL {
        // Prometheus' text format gives counters this ending.
        let ending = if *kind == "counter" { "_total" } else { "" };
        table.push_str(&format!(
            "| `{PREFIX}_{name}{ending}` | {kind} | {labels} | {help} |\n"
        ));
    }
    table
}

//! What was measured, as one JSON object.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cycle::Measured;

/// A measurement and what it was of.
pub(crate) struct Outcome {
    pub(crate) measured: Measured,
    pub(crate) offices: u32,
    pub(crate) bytes: u64,
    pub(crate) rate: Option<f64>,
    /// Sendings that were stored before.
    pub(crate) stored: u64,
    pub(crate) fsyncs_per_s: f64,
    pub(crate) platform_memory_mb: Option<f64>,
}

impl Outcome {
    /// Whether everything arrived, once, and nothing was refused.
    pub(crate) fn is_clean(&self) -> bool {
        let measured = &self.measured;
        measured.lost == 0 && measured.duplicated == 0 && measured.errors.is_empty()
    }

    /// What a cycle costs here, in times of what it cost in another measurement.
    pub(crate) fn compared_with(&self, other: &Self) -> Value {
        let ratio = |of: fn(&Self) -> Option<f64>| Some(rounded(of(self)? / of(other)?));
        json!({
            "stored_before": [other.stored, self.stored],
            "platform_cpu_ratio": ratio(Self::platform_cpu_of_a_cycle),
            "p50_ratio": ratio(|outcome| Times::of(&outcome.measured.cycles).at(0.50)),
            "p99_ratio": ratio(|outcome| Times::of(&outcome.measured.cycles).at(0.99)),
        })
    }

    /// In milliseconds.
    fn platform_cpu_of_a_cycle(&self) -> Option<f64> {
        let cycles = self.measured.cycles.len() as f64;
        Some(self.measured.platform_cpu? / cycles * 1000.0)
    }

    pub(crate) fn json(&self) -> Value {
        let measured = &self.measured;
        let calls: BTreeMap<_, _> = measured
            .calls
            .iter()
            .map(|(call, times)| {
                let times = Times::of(times);
                (
                    *call,
                    json!({"p50_ms": times.at(0.50), "p99_ms": times.at(0.99)}),
                )
            })
            .collect();
        let cycles = Times::of(&measured.cycles);
        let count = measured.cycles.len() as f64;
        let each = |seconds: Option<f64>| seconds.map(|seconds| rounded(seconds / count * 1000.0));
        json!({
            "cycles_per_s": rounded(count / measured.seconds),
            "p50_ms": cycles.at(0.50),
            "p99_ms": cycles.at(0.99),
            "max_ms": cycles.at(1.0),
            "lost": measured.lost,
            "duplicated": measured.duplicated,
            "errors": measured.errors,
            "cycles": measured.cycles.len(),
            "seconds": rounded(measured.seconds),
            "offices": self.offices,
            "bytes": self.bytes,
            "rate": self.rate,
            "stored_before": self.stored,
            "calls": calls,
            // What a cycle costs each side, and what the disk can do.
            "platform_cpu_ms_per_cycle": each(measured.platform_cpu),
            "load_cpu_ms_per_cycle": each(measured.load_cpu),
            "platform_memory_mb": measured.platform_memory.iter().map(|mb| rounded(*mb)).collect::<Vec<_>>(),
            "platform_peak_memory_mb": self.platform_memory_mb.map(rounded),
            "fsyncs_per_s": rounded(self.fsyncs_per_s),
        })
    }
}

/// Times in order.
struct Times(Vec<Duration>);

impl Times {
    fn of(times: &[Duration]) -> Self {
        let mut times = times.to_vec();
        times.sort_unstable();
        Self(times)
    }

    /// The time that a part of them did not exceed, in milliseconds (nearest rank).
    fn at(&self, part: f64) -> Option<f64> {
        let rank = (part * self.0.len() as f64).ceil() as usize;
        let time = self.0.get(rank.max(1) - 1)?;
        Some(rounded(time.as_secs_f64() * 1000.0))
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

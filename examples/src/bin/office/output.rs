//! How sets and times are written for people, and for programs.

use careplan_client::ReceivedHeader;
use careplan_core::{Lang, japan_time};
use chrono::{DateTime, Utc};

/// An instant as an office reads it: Japan's time, to the minute.
pub(crate) fn when(at: DateTime<Utc>) -> String {
    japan_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// A number of bytes as people read it.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// A number of sets.
pub(crate) fn count(lang: Lang, number: usize) -> String {
    match (lang, number) {
        (Lang::Ja, _) => format!("{number}件"),
        (Lang::En, 1) => "1 set".to_owned(),
        (Lang::En, _) => format!("{number} sets"),
    }
}

/// A set in one line: what it is, for which month, from whom to whom.
pub(crate) fn heading(header: impl Into<ReceivedHeader>, lang: Lang) -> String {
    let header = header.into();
    let month = header.month().map(|month| match lang {
        Lang::Ja => format!(" {}年{}月", month.year(), month.month()),
        Lang::En => format!(" {}-{:02}", month.year(), month.month()),
    });
    let (name, month) = (header.name(lang), month.unwrap_or_default());
    format!("{name}{month} {} → {}", header.sender(), header.receiver())
}

//! Days, times, sizes and months as people write them.

use careplan_core::{Lang, TimeOfDay, YearMonth, japan_time};
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};

/// A day with its weekday.
pub(super) fn day(date: NaiveDate, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!(
            "{}年{}月{}日（{}）",
            date.year(),
            date.month(),
            date.day(),
            weekday(date.weekday(), lang)
        ),
        Lang::En => date.format("%a %-d %b %Y").to_string(),
    }
}

/// An instant, by the clock in Japan.
pub(super) fn instant(at: DateTime<Utc>, lang: Lang) -> String {
    let at = japan_time(at);
    let time = at.format("%H:%M");
    match lang {
        Lang::Ja => format!("{}月{}日 {time}", at.month(), at.day()),
        Lang::En => format!("{} {time}", at.format("%-d %b")),
    }
}

/// An instant with its year.
pub(super) fn instant_in_full(at: DateTime<Utc>, lang: Lang) -> String {
    let local = japan_time(at);
    format!("{} {}", day(local.date(), lang), local.format("%H:%M"))
}

/// A month.
pub(super) fn month(month: YearMonth, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{}年{}月", month.year(), month.month()),
        Lang::En => month
            .day(1)
            .map_or_else(|| month.to_string(), |day| day.format("%B %Y").to_string()),
    }
}

pub(super) fn weekday(day: Weekday, lang: Lang) -> &'static str {
    let (ja, en) = match day {
        Weekday::Mon => ("月", "Mo"),
        Weekday::Tue => ("火", "Tu"),
        Weekday::Wed => ("水", "We"),
        Weekday::Thu => ("木", "Th"),
        Weekday::Fri => ("金", "Fr"),
        Weekday::Sat => ("土", "Sa"),
        Weekday::Sun => ("日", "Su"),
    };
    lang.pick(ja, en)
}

/// The class of a column of a day, for its colour; the weekday stands there in words too.
pub(super) const fn weekend(day: Weekday) -> &'static str {
    match day {
        Weekday::Sat => "sat",
        Weekday::Sun => "sun",
        _ => "",
    }
}

/// `0930` as `9:30`.
pub(super) fn clock(time: TimeOfDay) -> String {
    let minutes = time.minutes();
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// From and to, or a dash for a service without time.
pub(super) fn times(from: Option<TimeOfDay>, to: Option<TimeOfDay>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("{}～{}", clock(from), clock(to)),
        (Some(from), None) => format!("{}～", clock(from)),
        _ => "－".to_owned(),
    }
}

/// 12345 as `12,345`.
pub(super) fn number(value: impl Into<i64>) -> String {
    let value: i64 = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if value < 0 {
        grouped.insert(0, '-');
    }
    grouped
}

/// A file's length.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_people_write_them() {
        let date = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
        assert_eq!(day(date, Lang::Ja), "2026年10月1日（木）");
        assert_eq!(day(date, Lang::En), "Thu 1 Oct 2026");
        // Nine hours before, by the clock of Greenwich.
        let at = "2026-09-30T15:05:00Z".parse().unwrap();
        assert_eq!(instant(at, Lang::Ja), "10月1日 00:05");
        assert_eq!(instant_in_full(at, Lang::En), "Thu 1 Oct 2026 00:05");
        assert_eq!(month("202610".parse().unwrap(), Lang::En), "October 2026");
        assert_eq!(
            times("0930".parse().ok(), "2400".parse().ok()),
            "9:30～24:00"
        );
        assert_eq!(times(None, None), "－");
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (-1000, "-1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(size(305_000_000), "305 MB");
    }
}

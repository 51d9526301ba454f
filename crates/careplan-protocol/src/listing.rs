//! Lists of sendings: filters, and pages one after the other.

use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang, OfficeNumber, SetKind, YearMonth};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{check, serde_as_text};
use crate::{InvalidText, SendingState, TextKind};

/// Which sendings to list: the query of [`Endpoint::ListSent`](crate::Endpoint::ListSent) and
/// [`Endpoint::ListReceived`](crate::Endpoint::ListReceived). Every filter that is set must match.
///
/// To look for news a receiver lists with the states [`Available`](SendingState::Available) and
/// [`Fetched`](SendingState::Fetched) until both are empty; it needs to keep no position.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// The office on the other side: the receiver of what was sent, the sender of what was
    /// received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::OfficeNumberText>")]
    pub office: Option<OfficeNumber>,
    /// Only sendings in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<SendingState>,
    /// Only this of the standard's sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::SetKindText>")]
    pub set: Option<SetKind>,
    /// Only sets of this month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::schema::YearMonthText>")]
    pub month: Option<YearMonth>,
    /// Only what was accepted at or after this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_from: Option<DateTime<Utc>>,
    /// Only what was accepted before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_before: Option<DateTime<Utc>>,
    /// Where the page before ended; with the same filters as it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Cursor>,
    /// At most so many.
    #[serde(default)]
    pub limit: PageSize,
}

impl ListQuery {
    /// The query as text, for after the `?` of a URL.
    #[must_use]
    pub fn to_query_string(&self) -> String {
        // Fails only for nested values, and there are none.
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// Reads the text after the `?` of a URL.
    ///
    /// # Errors
    /// If a parameter is unknown, stands there twice, or is not a value of its kind.
    pub fn from_query_string(query: &str) -> Result<Self, InvalidQuery> {
        serde_urlencoded::from_str(query).map_err(InvalidQuery)
    }

    /// The query for the page after one; `None` if that was the last.
    #[must_use]
    pub fn following<T>(&self, page: &Page<T>) -> Option<Self> {
        page.next.clone().map(|next| Self {
            after: Some(next),
            ..self.clone()
        })
    }
}

/// A query that is not one of the call.
#[derive(Debug, thiserror::Error)]
#[error("not a query of this call: {0}")]
pub struct InvalidQuery(#[source] serde_urlencoded::de::Error);

impl InvalidQuery {
    pub(crate) const fn new(reason: serde_urlencoded::de::Error) -> Self {
        Self(reason)
    }
}

impl Explain for InvalidQuery {
    fn explain(&self, lang: Lang) -> String {
        let Self(reason) = self;
        match lang {
            Lang::Ja => format!("条件を読み取れません（{reason}）。"),
            Lang::En => format!("the query could not be read: {reason}."),
        }
    }
}

/// A page of a list, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page starts; none after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
}

/// A place in a list, meaningful to the platform only. For walking through the pages of one list,
/// not for keeping.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Cursor {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        check(text, TextKind::Cursor, (1, 128), |c| {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
        })?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serde_as_text!(Cursor);

/// How many entries a page has at most: 1 to 500, 100 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u16", try_from = "u16")]
pub struct PageSize(u16);

impl PageSize {
    /// The largest, 500.
    pub const MAX: Self = Self(500);

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(100)
    }
}

impl From<PageSize> for u16 {
    fn from(size: PageSize) -> Self {
        size.0
    }
}

impl TryFrom<u16> for PageSize {
    type Error = InvalidPageSize;

    fn try_from(size: u16) -> Result<Self, InvalidPageSize> {
        if (1..=Self::MAX.0).contains(&size) {
            Ok(Self(size))
        } else {
            Err(InvalidPageSize)
        }
    }
}

/// A page size outside 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page has 1 to {} entries", PageSize::MAX.0)]
pub struct InvalidPageSize;

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn queries_go_through_the_url() {
        let query = ListQuery {
            office: Some("1370948774".parse().unwrap()),
            state: Some(SendingState::Available),
            set: Some(SetKind::Actuals),
            month: Some("202609".parse().unwrap()),
            accepted_from: Some(Utc.with_ymd_and_hms(2026, 9, 1, 0, 0, 0).unwrap()),
            accepted_before: None,
            after: Some("abc-1".parse().unwrap()),
            limit: PageSize::try_from(7).unwrap(),
        };
        let text = query.to_query_string();
        assert_eq!(
            text,
            "office=1370948774&state=available&set=actuals&month=202609\
             &accepted_from=2026-09-01T00%3A00%3A00Z&after=abc-1&limit=7"
        );
        assert_eq!(ListQuery::from_query_string(&text).unwrap(), query);
        assert_eq!(
            ListQuery::from_query_string("").unwrap(),
            ListQuery::default()
        );
    }

    #[test]
    fn nonsense_in_a_query_is_refused() {
        for bad in [
            "state=lost",
            "limit=0",
            "limit=501",
            "limit=x",
            "office=1",
            "stat=available",
            "limit=1&limit=2",
            "after=%20",
            "month=202613",
        ] {
            assert!(ListQuery::from_query_string(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_following_page_has_the_same_filters() {
        let query = ListQuery {
            state: Some(SendingState::Fetched),
            ..ListQuery::default()
        };
        let mut page = Page::<()> {
            items: vec![],
            next: Some("x".parse().unwrap()),
        };
        let following = query.following(&page).unwrap();
        assert_eq!(following.state, query.state);
        assert_eq!(following.after, page.next);
        page.next = None;
        assert_eq!(query.following(&page), None);
    }
}

//! What an office's licence is on a day.

use careplan_core::OfficeNumber;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{Consent, Validity, Yen};

/// Everything the ledger says about an office on one day, at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfficeState {
    /// The office.
    pub office: OfficeNumber,
    /// The day.
    pub day: NaiveDate,
    /// Whether the office may use the system, and until when.
    pub standing: Standing,
    /// All licences granted so far, in order; those that renew by themselves up to the day.
    pub licences: Vec<Licence>,
    /// An application that waits for consent: the day it was made.
    pub applied: Option<NaiveDate>,
    /// What happens at the end of the last licence.
    pub renewal: Renewal,
    /// How the next charge will be collected.
    pub payment_method: PaymentMethod,
}

/// Whether an office is licensed on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Standing {
    /// It never had a licence.
    None,
    /// Its first licence starts later.
    NotYetValid {
        /// First day.
        from: NaiveDate,
    },
    /// It has a licence.
    Valid {
        /// Last day of the last of the consecutive licences granted (有効期限).
        until: NaiveDate,
    },
    /// Its last licence has ended.
    Expired {
        /// Last day.
        last: NaiveDate,
    },
    /// Its licences are revoked.
    Revoked {
        /// Since which day.
        since: NaiveDate,
    },
}

impl Standing {
    /// Whether the office may send and receive.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid { .. })
    }
}

/// One licence: an office, a year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Licence {
    /// Its days.
    pub validity: Validity,
    /// How it came about.
    pub grant: Grant,
    /// The day on which the first of the unbroken line of licences was applied for.
    pub first_applied: NaiveDate,
    /// What it costs.
    pub fee: Yen,
    /// What became of the fee.
    pub payment: Payment,
}

/// How a licence came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Grant {
    /// The office consented to the terms.
    Consent(Consent),
    /// The one before renewed by itself (自動更新).
    Automatic,
}

/// What happens at the end of the last licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// There is no licence that could be renewed.
    None,
    /// It ends; the office has to renew by hand (更新).
    ByHand,
    /// It renews by itself.
    Automatic,
    /// It would renew by itself but the office declined.
    Declined,
}

/// How a fee is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentMethod {
    /// Deducted from the care benefits the prefectural federation pays the office (差引).
    #[default]
    Deduction,
    /// By transfer on an invoice (請求書による振込).
    Invoice,
}

/// The payment state (支払状況) of a licence on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Payment {
    /// There is nothing to pay.
    NoFee,
    /// Not yet charged (未請求).
    NotCharged,
    /// Charged (請求済).
    Charged {
        /// How it is collected.
        method: PaymentMethod,
        /// Last day on which payment is in time.
        due: NaiveDate,
    },
    /// Charged, not paid, and the due day is over (支払期限超過).
    Overdue {
        /// How it is collected.
        method: PaymentMethod,
        /// The due day.
        due: NaiveDate,
    },
    /// Paid (支払済).
    Paid {
        /// How it was collected.
        method: PaymentMethod,
        /// When the payment was entered.
        at: DateTime<Utc>,
    },
}

//! What happens to an office's licence, as events of a ledger, and why one is refused.

use std::num::NonZeroU8;

use careplan_core::{Explain, Lang, OfficeNumber};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::{APPLICATIONS_FROM, PaymentMethod, TermsEdition, UserId, Yen};

/// Something that happened to an office's licence, at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When. Days are counted in Japan.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub what: EventKind,
}

/// What happened.
///
/// In JSON an event is one object, the kind under `event`:
/// `{"at":"2026-10-01T01:00:00Z","event":"charged","first_day":"2026-10-01","amount":21000,"due":"2026-12-31"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// The office applied (利用申請, or 更新 while a licence runs) for so many years. A later
    /// application before the consent takes the place of the earlier.
    Applied {
        /// Who applied.
        by: UserId,
        /// How many consecutive years, one licence each.
        years: NonZeroU8,
    },
    /// The office consented to the terms (利用規約に同意する): the licences applied for are granted.
    Consented {
        /// Who consented.
        by: UserId,
        /// The edition of the terms that was shown.
        terms: TermsEdition,
        /// Whether it was shown to its end.
        read_to_end: bool,
    },
    /// The office declines automatic renewal (自動更新しない).
    RenewalDeclined {
        /// Who declined.
        by: UserId,
    },
    /// The office takes the declining back before the licence has ended.
    RenewalDeclineWithdrawn {
        /// Who took it back.
        by: UserId,
    },
    /// The office told its prefectural federation (国保連合会) how it wants to pay; counts for
    /// charges from then on.
    PaymentMethodChosen {
        /// How.
        method: PaymentMethod,
    },
    /// Whether the office has care benefits (介護給付費) to deduct from; it has until told otherwise.
    BenefitsChanged {
        /// Whether there are any.
        available: bool,
    },
    /// The fee of a licence was charged.
    Charged {
        /// The licence, by its first day.
        first_day: NaiveDate,
        /// The amount: the fee of the licence.
        amount: Yen,
        /// Last day on which payment is in time.
        due: NaiveDate,
    },
    /// The fee of a licence was paid in full.
    Paid {
        /// The licence, by its first day.
        first_day: NaiveDate,
        /// The amount: the charge.
        amount: Yen,
    },
    /// The operator revoked the office's licences, from the day of the event on.
    Revoked {
        /// Why, in words for the office; no personal data.
        reason: String,
    },
    /// The operator lifted the revocation; what is left of the licences is valid again.
    Reinstated,
}

/// An event that was not applied, with the office and the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct EventRefused {
    office: OfficeNumber,
    at: DateTime<Utc>,
    kind: EventRefusedKind,
}

/// Why an event was not applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventRefusedKind {
    /// It lies before the last event of the ledger.
    OutOfOrder {
        /// When the last event was.
        last: DateTime<Utc>,
    },
    /// It lies before the first day of application.
    BeforeApplications,
    /// Consent without an application.
    NotApplied,
    /// The terms were not read to the end.
    TermsNotRead,
    /// The office's licences are revoked.
    Revoked,
    /// The office never had a licence.
    NoLicence,
    /// The office's last licence has ended.
    Ended {
        /// Its last day.
        last: NaiveDate,
    },
    /// The licence was first applied for before renewal became automatic: it ends by itself.
    NotAutomatic,
    /// Renewal was declined already.
    AlreadyDeclined,
    /// Renewal was not declined.
    NotDeclined,
    /// No licence starts on that day.
    UnknownLicence {
        /// The day named.
        first_day: NaiveDate,
    },
    /// The licence is without fee.
    NoFee,
    /// Another amount than the fee or the charge.
    Amount {
        /// What it is.
        expected: Yen,
        /// What the event says.
        found: Yen,
    },
    /// The due day lies before the day of the charge.
    DueInThePast,
    /// The licence was charged already.
    AlreadyCharged,
    /// The licence was not charged.
    NotCharged,
    /// The licence was paid already.
    AlreadyPaid,
    /// The licences are revoked already.
    AlreadyRevoked,
    /// The licences are not revoked.
    NotRevoked,
    /// The fee table has no fee for a year applied for.
    FeeUnknown {
        /// The year's first day.
        first_day: NaiveDate,
    },
    /// The years run past the calendar.
    PastCalendar,
}

impl EventRefused {
    pub(crate) const fn new(
        office: OfficeNumber,
        at: DateTime<Utc>,
        kind: EventRefusedKind,
    ) -> Self {
        Self { office, at, kind }
    }

    /// The office of the ledger.
    #[must_use]
    pub const fn office(&self) -> OfficeNumber {
        self.office
    }

    /// The event's instant.
    #[must_use]
    pub const fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The reason.
    #[must_use]
    pub const fn kind(&self) -> EventRefusedKind {
        self.kind
    }
}

impl Explain for EventRefused {
    fn explain(&self, lang: Lang) -> String {
        use EventRefusedKind as Kind;
        let (ja, en) = match self.kind {
            Kind::OutOfOrder { last } => (
                format!(
                    "台帳の最後の記録（{last}）より前の日時です。端末の時計を確かめ、記録の順に入力してください。"
                ),
                format!(
                    "it lies before the last event of the ledger ({last}); check the clock and enter events in order"
                ),
            ),
            Kind::BeforeApplications => (
                format!(
                    "利用申請の受付は{APPLICATIONS_FROM}からです。{APPLICATIONS_FROM}以降に申請してください。"
                ),
                format!(
                    "applications are taken from {APPLICATIONS_FROM}; apply on that day or later"
                ),
            ),
            Kind::NotApplied => (
                "利用申請がありません。先に利用申請をしてください。".to_owned(),
                "there is no application; apply first".to_owned(),
            ),
            Kind::TermsNotRead => (
                "利用規約が最後まで表示されていません。最後まで読んでから同意してください。"
                    .to_owned(),
                "the terms were not read to the end; read them to the end, then consent".to_owned(),
            ),
            Kind::Revoked => (
                "ライセンスが取り消されています。運用センターに問い合わせてください。".to_owned(),
                "the licence is revoked; ask the operations centre".to_owned(),
            ),
            Kind::NoLicence => (
                "ライセンスがありません。先に利用申請をしてください。".to_owned(),
                "there is no licence; apply for one first".to_owned(),
            ),
            Kind::Ended { last } => (
                format!("ライセンスは{last}で終了しています。新たに利用申請をしてください。"),
                format!("the licence ended on {last}; apply again"),
            ),
            Kind::NotAutomatic => (
                "このライセンスは自動更新の対象ではなく、有効期限で終了します。手続きは不要です。"
                    .to_owned(),
                "the licence does not renew by itself and ends with its last day; nothing to do"
                    .to_owned(),
            ),
            Kind::AlreadyDeclined => (
                "自動更新はすでに停止されています。手続きは不要です。".to_owned(),
                "automatic renewal is declined already; nothing to do".to_owned(),
            ),
            Kind::NotDeclined => (
                "自動更新は停止されていません。手続きは不要です。".to_owned(),
                "automatic renewal was not declined; nothing to do".to_owned(),
            ),
            Kind::UnknownLicence { first_day } => (
                format!("{first_day}に始まるライセンスがありません。開始日を確かめてください。"),
                format!("no licence starts on {first_day}; check the day"),
            ),
            Kind::NoFee => (
                "このライセンスは無料です。請求は不要です。".to_owned(),
                "the licence is without fee; do not charge it".to_owned(),
            ),
            Kind::Amount { expected, found } => (
                format!("金額が違います（{found}円）。{expected}円にしてください。"),
                format!("the amount is {found} yen but must be {expected} yen"),
            ),
            Kind::DueInThePast => (
                "支払期限が請求日より前です。請求日以降にしてください。".to_owned(),
                "the due day lies before the day of the charge; choose that day or a later one"
                    .to_owned(),
            ),
            Kind::AlreadyCharged => (
                "すでに請求済みです。二重に請求しないでください。".to_owned(),
                "the licence was charged already; do not charge it twice".to_owned(),
            ),
            Kind::NotCharged => (
                "まだ請求されていません。先に請求を記録してください。".to_owned(),
                "the licence was not charged; enter the charge first".to_owned(),
            ),
            Kind::AlreadyPaid => (
                "すでに支払済みです。入金を確かめてください。".to_owned(),
                "the licence was paid already; check the payment".to_owned(),
            ),
            Kind::AlreadyRevoked => (
                "ライセンスはすでに取り消されています。手続きは不要です。".to_owned(),
                "the licence is revoked already; nothing to do".to_owned(),
            ),
            Kind::NotRevoked => (
                "ライセンスは取り消されていません。手続きは不要です。".to_owned(),
                "the licence is not revoked; nothing to do".to_owned(),
            ),
            Kind::FeeUnknown { first_day } => (
                format!(
                    "料金表に{first_day}の料金がありません。運用センターは料金表にこの日を含む期間を加えてください。"
                ),
                format!(
                    "the fee table has no fee for {first_day}; the operator has to add a period that contains it"
                ),
            ),
            Kind::PastCalendar => (
                "年数が大きすぎます。年数を減らしてください。".to_owned(),
                "the years run past the calendar; apply for fewer".to_owned(),
            ),
        };
        let office = self.office;
        lang.pick(
            format!("事業所{office}: {ja}"),
            format!("office {office}: {en}"),
        )
    }
}

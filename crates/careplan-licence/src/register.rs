//! Who may send to whom: the ledgers of all offices, and refusals with their reasons.

use std::collections::BTreeMap;
use std::sync::Arc;

use careplan_core::{Explain, Lang, OfficeNumber};
use chrono::NaiveDate;
use serde::Serialize;

use crate::{Event, EventRefused, FeeTable, Ledger, SENDING_FROM, Standing};

/// Whether an office may send to another on a day: both must be licensed on it.
///
/// # Errors
/// The reason, the sender's first.
pub fn may_send(sender: &Ledger, receiver: &Ledger, day: NaiveDate) -> Result<(), Refusal> {
    if sender.office() == receiver.office() {
        return Err(Refusal::new(
            sender,
            Side::Receiver,
            day,
            RefusalKind::SameOffice,
        ));
    }
    licensed(sender, Side::Sender, day)?;
    licensed(receiver, Side::Receiver, day)
}

/// Whether an office may newly receive on a day. What it received while licensed stays readable;
/// that needs no question.
///
/// # Errors
/// The reason.
pub fn may_receive(receiver: &Ledger, day: NaiveDate) -> Result<(), Refusal> {
    licensed(receiver, Side::Receiver, day)
}

fn licensed(ledger: &Ledger, side: Side, day: NaiveDate) -> Result<(), Refusal> {
    let refuse = |kind| Err(Refusal::new(ledger, side, day, kind));
    if day < SENDING_FROM {
        return refuse(RefusalKind::NotStarted);
    }
    match ledger.standing(day) {
        Standing::Valid { .. } => Ok(()),
        Standing::None => refuse(RefusalKind::None),
        Standing::NotYetValid { from } => refuse(RefusalKind::NotYetValid { from }),
        Standing::Expired { last } => refuse(RefusalKind::Expired { last }),
        Standing::Revoked { since } => refuse(RefusalKind::Revoked { since }),
    }
}

/// The ledgers of many offices with one fee table.
#[derive(Debug, Clone)]
pub struct Register {
    fees: Arc<FeeTable>,
    ledgers: BTreeMap<OfficeNumber, Ledger>,
}

impl Register {
    /// A register without offices.
    #[must_use]
    pub fn new(fees: FeeTable) -> Self {
        Self {
            fees: Arc::new(fees),
            ledgers: BTreeMap::new(),
        }
    }

    /// The fee table.
    #[must_use]
    pub fn fees(&self) -> &FeeTable {
        &self.fees
    }

    /// Applies an event to an office's ledger.
    ///
    /// # Errors
    /// The reason why it cannot happen; the register is as it was.
    pub fn apply(&mut self, office: OfficeNumber, event: Event) -> Result<(), EventRefused> {
        if let Some(ledger) = self.ledgers.get_mut(&office) {
            return ledger.apply(event);
        }
        let mut ledger = self.empty(office);
        ledger.apply(event)?;
        self.ledgers.insert(office, ledger);
        Ok(())
    }

    /// An office's ledger; `None` if nothing ever happened.
    #[must_use]
    pub fn ledger(&self, office: OfficeNumber) -> Option<&Ledger> {
        self.ledgers.get(&office)
    }

    /// All ledgers, by office number.
    pub fn ledgers(&self) -> impl Iterator<Item = &Ledger> {
        self.ledgers.values()
    }

    /// Whether `sender` may send to `receiver` on a day; see [`may_send`].
    ///
    /// # Errors
    /// The reason, the sender's first.
    pub fn may_send(
        &self,
        sender: OfficeNumber,
        receiver: OfficeNumber,
        day: NaiveDate,
    ) -> Result<(), Refusal> {
        let empty = (self.empty(sender), self.empty(receiver));
        may_send(
            self.ledger(sender).unwrap_or(&empty.0),
            self.ledger(receiver).unwrap_or(&empty.1),
            day,
        )
    }

    /// Whether `receiver` may newly receive on a day; see [`may_receive`].
    ///
    /// # Errors
    /// The reason.
    pub fn may_receive(&self, receiver: OfficeNumber, day: NaiveDate) -> Result<(), Refusal> {
        match self.ledger(receiver) {
            Some(ledger) => may_receive(ledger, day),
            None => may_receive(&self.empty(receiver), day),
        }
    }

    fn empty(&self, office: OfficeNumber) -> Ledger {
        Ledger::new(office, Arc::clone(&self.fees))
    }
}

/// Which side of a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The office that sends (送信側).
    Sender,
    /// The office that receives (受信側).
    Receiver,
}

/// Why a sending or receiving is refused: which side, which office, which day, what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct Refusal {
    side: Side,
    office: OfficeNumber,
    day: NaiveDate,
    #[serde(flatten)]
    kind: RefusalKind,
}

/// What is wrong with a side's licence on the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RefusalKind {
    /// It has none.
    None,
    /// It starts later.
    NotYetValid {
        /// First day.
        from: NaiveDate,
    },
    /// It has ended.
    Expired {
        /// Last day.
        last: NaiveDate,
    },
    /// It is revoked.
    Revoked {
        /// Since which day.
        since: NaiveDate,
    },
    /// The system had not started.
    NotStarted,
    /// Sender and receiver are the same office.
    SameOffice,
}

impl Refusal {
    const fn new(ledger: &Ledger, side: Side, day: NaiveDate, kind: RefusalKind) -> Self {
        Self {
            side,
            office: ledger.office(),
            day,
            kind,
        }
    }

    /// Which side is refused.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The office of that side.
    #[must_use]
    pub const fn office(&self) -> OfficeNumber {
        self.office
    }

    /// The day asked about.
    #[must_use]
    pub const fn day(&self) -> NaiveDate {
        self.day
    }

    /// The reason.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        self.kind
    }
}

impl Refusal {
    /// Why, in words.
    #[must_use]
    pub fn reason(&self, lang: Lang) -> String {
        let (office, day) = (self.office, self.day);
        let side = match self.side {
            Side::Sender => lang.pick("送信側", "sender"),
            Side::Receiver => lang.pick("受信側", "receiver"),
        };
        match self.kind {
            RefusalKind::None => lang.pick(
                format!("{side}の事業所{office}は{day}時点でライセンスがありません。"),
                format!("{side} {office} has no licence on {day}"),
            ),
            RefusalKind::NotYetValid { .. } => lang.pick(
                format!("{side}の事業所{office}のライセンスは{day}時点でまだ有効ではありません。"),
                format!("the licence of {side} {office} is not yet valid on {day}"),
            ),
            RefusalKind::Expired { last } => lang.pick(
                format!("{side}の事業所{office}のライセンスは{last}で有効期限が切れています。"),
                format!("the licence of {side} {office} expired after {last}"),
            ),
            RefusalKind::Revoked { since } => lang.pick(
                format!("{side}の事業所{office}のライセンスは{since}に取り消されています。"),
                format!("the licence of {side} {office} is revoked since {since}"),
            ),
            RefusalKind::NotStarted => lang.pick(
                format!("{day}は運用開始前です。"),
                format!("the system had not started on {day}"),
            ),
            RefusalKind::SameOffice => lang.pick(
                format!("事業所{office}は自分自身に送信できません。"),
                format!("office {office} cannot send to itself"),
            ),
        }
    }

    /// What to do, in words. The sender can act for itself; for the receiver it can only ask.
    #[must_use]
    pub fn advice(&self, lang: Lang) -> String {
        let advice = match (self.kind, self.side) {
            (RefusalKind::None, Side::Sender) => {
                lang.pick("利用申請をしてください。", "apply for a licence")
            }
            (RefusalKind::None, Side::Receiver) => lang.pick(
                "この事業所に利用申請を依頼してください。",
                "ask that office to apply for one",
            ),
            (RefusalKind::Expired { .. }, Side::Sender) => {
                lang.pick("更新の手続きをしてください。", "renew it")
            }
            (RefusalKind::Expired { .. }, Side::Receiver) => lang.pick(
                "この事業所に更新を依頼してください。",
                "ask that office to renew it",
            ),
            (RefusalKind::NotYetValid { from }, _) => {
                return lang.pick(
                    format!("{from}以降にもう一度行ってください。"),
                    format!("try again from {from}"),
                );
            }
            (RefusalKind::Revoked { .. }, _) => lang.pick(
                "運用センターに問い合わせてください。",
                "ask the operations centre",
            ),
            (RefusalKind::NotStarted, _) => {
                return lang.pick(
                    format!("{SENDING_FROM}以降に行ってください。"),
                    format!("send and receive from {SENDING_FROM}"),
                );
            }
            (RefusalKind::SameOffice, _) => lang.pick(
                "受信側の事業所番号を確かめてください。",
                "check the receiver's office number",
            ),
        };
        advice.to_owned()
    }
}

impl Explain for Refusal {
    fn explain(&self, lang: Lang) -> String {
        let (reason, advice) = (self.reason(lang), self.advice(lang));
        match lang {
            Lang::Ja => format!("{reason}{advice}"),
            Lang::En => format!("{reason}; {advice}"),
        }
    }
}

//! The ledger of one office: events in order, from which its state on any day is derived.

use std::sync::Arc;

use careplan_core::{OfficeNumber, japan_date};
use chrono::{DateTime, NaiveDate, Utc};

use crate::event::EventRefusedKind as Kind;
use crate::{
    APPLICATIONS_FROM, AUTOMATIC_RENEWAL_FROM, Consent, Event, EventKind, EventRefused, FeeTable,
    Grant, Licence, OfficeState, Payment, PaymentMethod, Renewal, Standing, Validity, Yen,
};

/// The events of one office's licence, and every state that follows from them.
///
/// Nothing is stored but events, so a question about a past day is answered with what was known
/// at the end of that day (in Japan), and one about a day to come with what follows if nothing
/// else happens.
#[derive(Debug, Clone)]
pub struct Ledger {
    office: OfficeNumber,
    fees: Arc<FeeTable>,
    events: Vec<Event>,
    now: Fold,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(office: OfficeNumber, fees: Arc<FeeTable>) -> Self {
        Self {
            office,
            fees,
            events: Vec::new(),
            now: Fold::default(),
        }
    }

    /// A ledger from its stored events, in the order in which they were applied.
    ///
    /// # Errors
    /// The first event that does not apply, as [`apply`](Self::apply) would refuse it.
    pub fn replay(
        office: OfficeNumber,
        fees: Arc<FeeTable>,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, EventRefused> {
        let mut ledger = Self::new(office, fees);
        for event in events {
            ledger.apply(event)?;
        }
        Ok(ledger)
    }

    /// The office.
    #[must_use]
    pub const fn office(&self) -> OfficeNumber {
        self.office
    }

    /// All events in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Applies an event. A refused event leaves the ledger as it was.
    ///
    /// # Errors
    /// The reason why the event cannot happen in the state the ledger is in.
    pub fn apply(&mut self, event: Event) -> Result<(), EventRefused> {
        let mut next = self.now.clone();
        next.apply(&event, &self.fees)
            .map_err(|kind| EventRefused::new(self.office, event.at, kind))?;
        self.now = next;
        self.events.push(event);
        Ok(())
    }

    /// Whether the office is licensed on a day.
    #[must_use]
    pub fn standing(&self, day: NaiveDate) -> Standing {
        self.standing_of(&self.fold(day), day)
    }

    /// Everything about the office on a day.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> OfficeState {
        let fold = self.fold(day);
        OfficeState {
            office: self.office,
            day,
            standing: self.standing_of(&fold, day),
            applied: fold.applied.as_ref().map(|application| application.day),
            renewal: fold.renewal(day),
            payment_method: fold.collection(),
            licences: fold.licences.into_iter().map(|held| held.on(day)).collect(),
        }
    }

    /// What was known at the end of a day.
    fn fold(&self, day: NaiveDate) -> Fold {
        let known = self
            .events
            .partition_point(|event| japan_date(event.at) <= day);
        let mut fold = if known == self.events.len() {
            self.now.clone()
        } else {
            let mut fold = Fold::default();
            for event in &self.events[..known] {
                // They applied in this order before; a refusal cannot happen and would change
                // nothing.
                let _ = fold.apply(event, &self.fees);
            }
            fold
        };
        fold.advance(day, &self.fees);
        fold
    }

    fn standing_of(&self, fold: &Fold, day: NaiveDate) -> Standing {
        if let Some(since) = fold.revoked {
            return Standing::Revoked { since };
        }
        match fold.licences.last() {
            Some(_) if fold.licences.iter().any(|held| held.validity.contains(day)) => {
                Standing::Valid {
                    until: fold.end_of_line(day),
                }
            }
            Some(held) => Standing::Expired {
                last: held.validity.last(),
            },
            None => {
                self.now
                    .licences
                    .first()
                    .map_or(Standing::None, |held| Standing::NotYetValid {
                        from: held.validity.first(),
                    })
            }
        }
    }
}

/// What follows from the events up to some point.
#[derive(Debug, Clone)]
struct Fold {
    last_event: Option<DateTime<Utc>>,
    licences: Vec<Held>,
    applied: Option<Application>,
    declined: bool,
    /// The last licence ended without a renewal: it cannot renew by itself any more.
    lapsed: bool,
    revoked: Option<NaiveDate>,
    method: PaymentMethod,
    benefits: bool,
}

/// An application that waits for consent.
#[derive(Debug, Clone)]
struct Application {
    day: NaiveDate,
    years: u8,
}

/// A licence and its payment.
#[derive(Debug, Clone)]
struct Held {
    validity: Validity,
    grant: Grant,
    first_applied: NaiveDate,
    fee: Yen,
    charge: Option<Charge>,
}

/// A charge, and when it was paid.
#[derive(Debug, Clone)]
struct Charge {
    amount: Yen,
    method: PaymentMethod,
    due: NaiveDate,
    paid: Option<DateTime<Utc>>,
}

impl Default for Fold {
    fn default() -> Self {
        Self {
            last_event: None,
            licences: Vec::new(),
            applied: None,
            declined: false,
            lapsed: false,
            revoked: None,
            method: PaymentMethod::default(),
            benefits: true,
        }
    }
}

impl Held {
    fn on(self, day: NaiveDate) -> Licence {
        let payment = match self.charge {
            None if self.fee.is_zero() => Payment::NoFee,
            None => Payment::NotCharged,
            Some(Charge {
                method,
                paid: Some(at),
                ..
            }) => Payment::Paid { method, at },
            Some(Charge { method, due, .. }) if day > due => Payment::Overdue { method, due },
            Some(Charge { method, due, .. }) => Payment::Charged { method, due },
        };
        Licence {
            validity: self.validity,
            grant: self.grant,
            first_applied: self.first_applied,
            fee: self.fee,
            payment,
        }
    }
}

impl Fold {
    /// Lets the days pass up to `day`: licences that renew by themselves are continued, others
    /// lapse.
    fn advance(&mut self, day: NaiveDate, fees: &FeeTable) {
        while let Some(last) = self.licences.last() {
            if last.validity.last() >= day || self.lapsed {
                return;
            }
            let automatic = self.revoked.is_none() && self.renews_by_itself(last);
            // A fee is known for every later day once there is one, since the table's last period
            // is open; the calendar's end is the other way out.
            let next = last.validity.next().filter(|_| automatic);
            let Some((validity, fee)) =
                next.and_then(|validity| Some((validity, fees.fee_on(validity.first())?)))
            else {
                self.lapsed = true;
                return;
            };
            let first_applied = last.first_applied;
            self.licences.push(Held {
                validity,
                grant: Grant::Automatic,
                first_applied,
                fee,
                charge: None,
            });
        }
    }

    fn renews_by_itself(&self, licence: &Held) -> bool {
        licence.first_applied >= AUTOMATIC_RENEWAL_FROM && !self.declined
    }

    fn renewal(&self, day: NaiveDate) -> Renewal {
        match self.licences.last() {
            Some(last) if self.revoked.is_none() && last.validity.last() >= day => {
                if last.first_applied < AUTOMATIC_RENEWAL_FROM {
                    Renewal::ByHand
                } else if self.declined {
                    Renewal::Declined
                } else {
                    Renewal::Automatic
                }
            }
            _ => Renewal::None,
        }
    }

    /// The last day of the licences that follow one another without a gap from `day` on.
    fn end_of_line(&self, day: NaiveDate) -> NaiveDate {
        let mut end = day;
        for held in &self.licences {
            if held.validity.contains(end) || end.succ_opt() == Some(held.validity.first()) {
                end = held.validity.last();
            }
        }
        end
    }

    /// How a charge made now is collected: an office without benefits gets an invoice.
    const fn collection(&self) -> PaymentMethod {
        if self.benefits {
            self.method
        } else {
            PaymentMethod::Invoice
        }
    }

    fn apply(&mut self, event: &Event, fees: &FeeTable) -> Result<(), Kind> {
        if let Some(last) = self.last_event.filter(|&last| event.at < last) {
            return Err(Kind::OutOfOrder { last });
        }
        let day = japan_date(event.at);
        self.advance(day, fees);
        match &event.what {
            EventKind::Applied { years, .. } => self.applied(day, years.get()),
            EventKind::Consented {
                by,
                terms,
                read_to_end,
            } => {
                let consent = Consent {
                    terms: terms.clone(),
                    by: *by,
                    at: event.at,
                };
                self.consented(consent, *read_to_end, day, fees)
            }
            EventKind::RenewalDeclined { .. } => self.renewal_declined(day),
            EventKind::RenewalDeclineWithdrawn { .. } => self.decline_withdrawn(day),
            EventKind::PaymentMethodChosen { method } => {
                self.method = *method;
                Ok(())
            }
            EventKind::BenefitsChanged { available } => {
                self.benefits = *available;
                Ok(())
            }
            EventKind::Charged {
                first_day,
                amount,
                due,
            } => self.charged(*first_day, *amount, *due, day),
            EventKind::Paid { first_day, amount } => self.paid(*first_day, *amount, event.at),
            EventKind::Revoked { .. } => self.revoked(day),
            EventKind::Reinstated => self.reinstated(),
        }?;
        self.last_event = Some(event.at);
        Ok(())
    }

    fn applied(&mut self, day: NaiveDate, years: u8) -> Result<(), Kind> {
        if day < APPLICATIONS_FROM {
            return Err(Kind::BeforeApplications);
        }
        if self.revoked.is_some() {
            return Err(Kind::Revoked);
        }
        self.applied = Some(Application { day, years });
        Ok(())
    }

    fn consented(
        &mut self,
        consent: Consent,
        read_to_end: bool,
        day: NaiveDate,
        fees: &FeeTable,
    ) -> Result<(), Kind> {
        if self.revoked.is_some() {
            return Err(Kind::Revoked);
        }
        let application = self.applied.clone().ok_or(Kind::NotApplied)?;
        if !read_to_end {
            return Err(Kind::TermsNotRead);
        }
        // A licence still running goes on the day after its last; otherwise the new one starts
        // on the day of consent.
        let last = self.licences.last();
        let first = match last {
            Some(last) if last.validity.last() >= day => {
                last.validity.last().succ_opt().ok_or(Kind::PastCalendar)?
            }
            _ => day,
        };
        // A renewal was applied for before the end and leaves no day out; only then does the
        // first application count on, and with it a declined renewal.
        let renewed = last.filter(|last| {
            application.day <= last.validity.last()
                && last.validity.last().succ_opt() == Some(first)
        });
        let declined = self.declined && renewed.is_some();
        let first_applied = renewed.map_or(application.day, |last| last.first_applied);
        let mut granted = Vec::with_capacity(usize::from(application.years));
        let mut validity = Validity::year_from(first).ok_or(Kind::PastCalendar)?;
        for year in 1..=application.years {
            granted.push(Held {
                validity,
                grant: Grant::Consent(consent.clone()),
                first_applied,
                fee: fees.fee_on(validity.first()).ok_or(Kind::FeeUnknown {
                    first_day: validity.first(),
                })?,
                charge: None,
            });
            if year < application.years {
                validity = validity.next().ok_or(Kind::PastCalendar)?;
            }
        }
        self.licences.append(&mut granted);
        self.applied = None;
        self.declined = declined;
        self.lapsed = false;
        Ok(())
    }

    /// The licence that could still renew by itself.
    fn renewable(&self, day: NaiveDate) -> Result<&Held, Kind> {
        let last = self.licences.last().ok_or(Kind::NoLicence)?;
        if self.revoked.is_some() {
            return Err(Kind::Revoked);
        }
        if last.validity.last() < day {
            return Err(Kind::Ended {
                last: last.validity.last(),
            });
        }
        if last.first_applied < AUTOMATIC_RENEWAL_FROM {
            return Err(Kind::NotAutomatic);
        }
        Ok(last)
    }

    fn renewal_declined(&mut self, day: NaiveDate) -> Result<(), Kind> {
        self.renewable(day)?;
        if self.declined {
            return Err(Kind::AlreadyDeclined);
        }
        self.declined = true;
        Ok(())
    }

    fn decline_withdrawn(&mut self, day: NaiveDate) -> Result<(), Kind> {
        self.renewable(day)?;
        if !self.declined {
            return Err(Kind::NotDeclined);
        }
        self.declined = false;
        Ok(())
    }

    fn licence_from(&mut self, first_day: NaiveDate) -> Result<&mut Held, Kind> {
        self.licences
            .iter_mut()
            .find(|held| held.validity.first() == first_day)
            .ok_or(Kind::UnknownLicence { first_day })
    }

    fn charged(
        &mut self,
        first_day: NaiveDate,
        amount: Yen,
        due: NaiveDate,
        day: NaiveDate,
    ) -> Result<(), Kind> {
        let method = self.collection();
        let licence = self.licence_from(first_day)?;
        if licence.charge.is_some() {
            return Err(Kind::AlreadyCharged);
        }
        if licence.fee.is_zero() {
            return Err(Kind::NoFee);
        }
        if amount != licence.fee {
            return Err(Kind::Amount {
                expected: licence.fee,
                found: amount,
            });
        }
        if due < day {
            return Err(Kind::DueInThePast);
        }
        licence.charge = Some(Charge {
            amount,
            method,
            due,
            paid: None,
        });
        Ok(())
    }

    fn paid(&mut self, first_day: NaiveDate, amount: Yen, at: DateTime<Utc>) -> Result<(), Kind> {
        let licence = self.licence_from(first_day)?;
        let charge = licence.charge.as_mut().ok_or(Kind::NotCharged)?;
        if charge.paid.is_some() {
            return Err(Kind::AlreadyPaid);
        }
        if amount != charge.amount {
            return Err(Kind::Amount {
                expected: charge.amount,
                found: amount,
            });
        }
        charge.paid = Some(at);
        Ok(())
    }

    fn revoked(&mut self, day: NaiveDate) -> Result<(), Kind> {
        if self.licences.is_empty() {
            return Err(Kind::NoLicence);
        }
        if self.revoked.is_some() {
            return Err(Kind::AlreadyRevoked);
        }
        self.revoked = Some(day);
        self.applied = None;
        Ok(())
    }

    fn reinstated(&mut self) -> Result<(), Kind> {
        self.revoked.take().map(|_| ()).ok_or(Kind::NotRevoked)
    }
}

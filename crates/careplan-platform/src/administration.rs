//! What an operator does: offices, accounts, licences. Library calls, for a program that serves
//! and for one that only administers.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use careplan_core::{OfficeNumber, Sha256Digest, japan_date};
use careplan_envelope::Signer;
use careplan_licence::{EventKind, FeeTable, Ledger, OfficeState, TermsEdition, Yen};
use careplan_protocol::{Password, UserId};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio::runtime::{Handle, Runtime};
use uuid::Uuid;

use crate::auth::PasswordHash;
use crate::clock::recorded_now;
use crate::evidence::Notary;
use crate::licences::Licences;
use crate::metrics::Metrics;
use crate::site::TermsText;
use crate::storage::{self, Access, Account, Attempted, Storage, StorageError, Terms, TermsNotice};
use crate::verify::{self, VerifyError};
use crate::{
    AdministrationError, Clock, PasswordValidity, PastSendings, StorageChoice, TermsRefused, Trust,
    Verification, retention,
};

/// Administration of a platform's offices.
///
/// The calls block, so not to be made from inside an async task.
pub struct Administration {
    storage: Arc<dyn Storage>,
    clock: Arc<dyn Clock>,
    licences: Licences,
    handle: Handle,
    /// The runtime of an administration without a platform around it.
    _own: Option<Runtime>,
}

impl fmt::Debug for Administration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Administration")
    }
}

/// An office as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownOffice {
    /// Its number.
    pub office: OfficeNumber,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
}

/// A log-in as an operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownAccount {
    /// Its user ID.
    pub user: UserId,
    /// Whether its password logs in.
    pub validity: PasswordValidity,
    /// Since when an operator has it locked.
    pub locked_at: Option<DateTime<Utc>>,
}

impl Administration {
    /// Opens the home of a platform, whether or not one serves from it at the moment.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn open(home: &Path, clock: Arc<dyn Clock>) -> Result<Self, AdministrationError> {
        Self::open_with(StorageChoice::Embedded, home, clock)
    }

    /// As [`open`](Self::open), for a platform that keeps what it is given elsewhere.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn open_with(
        choice: StorageChoice,
        home: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AdministrationError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| AdministrationError::System(error.into()))?;
        let metrics = Arc::new(Metrics::new());
        let opening = storage::open(choice, home, NonZeroUsize::MIN, metrics);
        let storage = runtime.block_on(opening)?;
        let fees = Arc::new(FeeTable::standard());
        Ok(Self {
            licences: Licences::new(Arc::clone(&storage), fees),
            storage,
            clock,
            handle: runtime.handle().clone(),
            _own: Some(runtime),
        })
    }

    /// Judges licences by the operator's fee table instead of the crate's. It must be the one the
    /// platform serves with ([`PlatformConfig::fees`](crate::PlatformConfig::fees)).
    #[must_use]
    pub fn with_fees(mut self, fees: FeeTable) -> Self {
        self.licences = Licences::new(Arc::clone(&self.storage), Arc::new(fees));
        self
    }

    pub(crate) fn of_platform(
        storage: Arc<dyn Storage>,
        clock: Arc<dyn Clock>,
        licences: Licences,
        handle: Handle,
    ) -> Self {
        Self {
            storage,
            clock,
            licences,
            handle,
            _own: None,
        }
    }

    /// Registers an office, so that others find it in the directory. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn register_office(&self, office: OfficeNumber) -> Result<(), AdministrationError> {
        let now = recorded_now(&*self.clock);
        Ok(self.run(self.storage.register_office(office, now))?)
    }

    /// Gives an office a log-in, or its log-in a new password; its sessions end.
    ///
    /// # Errors
    /// If the office is not registered, the user ID is another office's, or the storage cannot be
    /// used.
    pub fn set_password(
        &self,
        office: OfficeNumber,
        user: UserId,
        password: &Password,
        validity: PasswordValidity,
    ) -> Result<(), AdministrationError> {
        let password = PasswordHash::of(password)
            .map_err(|error| AdministrationError::System(error.into()))?;
        self.run(async {
            self.ledger(office).await?;
            let account = Account {
                user,
                office,
                password,
                validity,
            };
            if !self.storage.put_account(account).await? {
                return Err(AdministrationError::OtherOfficesAccount);
            }
            self.forget_failures(office, user).await?;
            self.storage.end_sessions_of(office).await?;
            Ok(())
        })
    }

    /// The registered offices in the order of their numbers, from the one after `after` on, at most
    /// `limit`.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn offices(
        &self,
        after: Option<OfficeNumber>,
        limit: u32,
    ) -> Result<Vec<KnownOffice>, AdministrationError> {
        let offices = self.run(self.storage.offices(after, limit))?;
        Ok(offices
            .into_iter()
            .map(|(office, registered_at)| KnownOffice {
                office,
                registered_at,
            })
            .collect())
    }

    /// The log-ins of an office.
    ///
    /// # Errors
    /// If the office is not registered, or the storage cannot be used.
    pub fn accounts(&self, office: OfficeNumber) -> Result<Vec<KnownAccount>, AdministrationError> {
        self.run(async {
            self.ledger(office).await?;
            let mut accounts = Vec::new();
            for account in self.storage.accounts_of(office).await? {
                accounts.push(KnownAccount {
                    user: account.user,
                    validity: account.validity,
                    locked_at: self.storage.account_lock(account.user).await?,
                });
            }
            Ok(accounts)
        })
    }

    /// Locks a log-in until it is unlocked; the sessions of its office end.
    ///
    /// # Errors
    /// If there is no such account, or the storage cannot be used.
    pub fn lock_account(&self, user: UserId) -> Result<OfficeNumber, AdministrationError> {
        let now = recorded_now(&*self.clock);
        self.run(async {
            let account = self.known(user).await?;
            self.storage.set_account_lock(user, Some(now)).await?;
            self.storage.end_sessions_of(account.office).await?;
            Ok(account.office)
        })
    }

    /// Unlocks a log-in, and forgets what its office mistyped.
    ///
    /// # Errors
    /// If there is no such account, or the storage cannot be used.
    pub fn unlock_account(&self, user: UserId) -> Result<OfficeNumber, AdministrationError> {
        self.run(async {
            let account = self.known(user).await?;
            self.storage.set_account_lock(user, None).await?;
            self.forget_failures(account.office, user).await?;
            Ok(account.office)
        })
    }

    /// Forgets mistyped passwords, of the office at the API and of the user ID at the web site.
    async fn forget_failures(
        &self,
        office: OfficeNumber,
        user: UserId,
    ) -> Result<(), StorageError> {
        let storage = &self.storage;
        storage.forget_failures(Attempted::Office(office)).await?;
        storage.forget_failures(Attempted::User(user)).await
    }

    async fn known(&self, user: UserId) -> Result<Account, AdministrationError> {
        self.storage
            .account(user)
            .await?
            .ok_or(AdministrationError::UnknownAccount)
    }

    /// Removes the containers of sendings settled `keep` ago or longer, as a serving platform does
    /// every minute by its configuration; how many. Each gets a receipt that says so, signed by
    /// the platform's evidence key.
    ///
    /// # Errors
    /// If the storage or the key cannot be used.
    pub fn remove_settled(
        &self,
        keep: TimeDelta,
        signer: Arc<dyn Signer>,
    ) -> Result<usize, AdministrationError> {
        let now = recorded_now(&*self.clock);
        let notary = Notary::new(signer);
        self.run(retention::run(&*self.storage, &notary, keep, now))
            .map_err(AdministrationError::Evidence)
    }

    /// Removes lines of the access log older than `keep`, as a serving platform does every minute
    /// by its configuration; how many.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn forget_accesses(&self, keep: TimeDelta) -> Result<usize, AdministrationError> {
        let now = recorded_now(&*self.clock);
        Ok(self.run(retention::forget_accesses(&*self.storage, keep, now))?)
    }

    /// Looks through everything that is kept, to see that it agrees with itself: containers and
    /// their sendings, receipts, the evidence log's tree and its checkpoints, licences. Believes
    /// what operators of the given trust's authorities signed. Quickly: containers are only asked for
    /// with their length, and receipts not verified.
    ///
    /// # Errors
    /// If the storage or the trust cannot be used. What is wrong is no error: it is in the answer.
    pub fn verify(
        &self,
        trust: &Trust,
        quickly: bool,
    ) -> Result<Verification, AdministrationError> {
        self.run(verify::run(&*self.storage, &self.licences, trust, quickly))
            .map_err(|error| match error {
                VerifyError::Storage(error) => error.into(),
                VerifyError::Trust(error) => AdministrationError::Evidence(error.into()),
            })
    }

    /// Ends all sessions of an office: whoever uses it has to log in again.
    ///
    /// # Errors
    /// If the office is not registered, or the storage cannot be used.
    pub fn end_sessions(&self, office: OfficeNumber) -> Result<(), AdministrationError> {
        self.run(async {
            self.ledger(office).await?;
            Ok(self.storage.end_sessions_of(office).await?)
        })
    }

    /// Records something that happened to an office's licence, such as an application, a consent
    /// or a revocation, at the current time.
    ///
    /// # Errors
    /// If the licence rules refuse it, the office is not registered, or the storage cannot be used.
    pub fn record_licence_event(
        &self,
        office: OfficeNumber,
        what: EventKind,
    ) -> Result<(), AdministrationError> {
        self.record_licence_events(office, [what])
    }

    /// Records several such events at once: all of them, or none.
    ///
    /// # Errors
    /// As [`record_licence_event`](Self::record_licence_event).
    pub fn record_licence_events(
        &self,
        office: OfficeNumber,
        what: impl IntoIterator<Item = EventKind>,
    ) -> Result<(), AdministrationError> {
        let at = recorded_now(&*self.clock);
        self.run(self.licences.record(office, what, at))
            .map(|_| ())
            .map_err(|error| AdministrationError::not_recorded(error, office))
    }

    /// Records that the fee of a licence was charged (請求): the licence by its first day, the last
    /// day of payment. The amount is the licence's fee; it is returned.
    ///
    /// # Errors
    /// As [`record_licence_event`](Self::record_licence_event): if there is no such licence, it is
    /// without fee or charged already.
    pub fn charge(
        &self,
        office: OfficeNumber,
        first_day: NaiveDate,
        due: NaiveDate,
    ) -> Result<Yen, AdministrationError> {
        let amount = self.fee_of(office, first_day)?;
        self.record_licence_event(
            office,
            EventKind::Charged {
                first_day,
                amount,
                due,
            },
        )?;
        Ok(amount)
    }

    /// Records that the fee of a licence was paid in full (支払): the licence by its first day. The
    /// amount is returned.
    ///
    /// # Errors
    /// As [`record_licence_event`](Self::record_licence_event): if there is no such licence, or it
    /// was not charged or is paid already.
    pub fn paid(
        &self,
        office: OfficeNumber,
        first_day: NaiveDate,
    ) -> Result<Yen, AdministrationError> {
        let amount = self.fee_of(office, first_day)?;
        self.record_licence_event(office, EventKind::Paid { first_day, amount })?;
        Ok(amount)
    }

    /// The fee of a licence; nothing if there is no such licence, which the rules then say.
    fn fee_of(
        &self,
        office: OfficeNumber,
        first_day: NaiveDate,
    ) -> Result<Yen, AdministrationError> {
        let state = self.licence(office)?;
        let licence = state
            .licences
            .iter()
            .find(|licence| licence.validity.first() == first_day);
        Ok(licence.map_or(Yen::ZERO, |licence| licence.fee))
    }

    /// Adds an edition of the terms of use (利用規約), to be consented to from a day on. It is kept for
    /// good, because consents name it; adding the same again changes nothing.
    ///
    /// The text is UTF-8, at most 1 MB: the first line is the title, lines that begin with `## ` are
    /// headings, paragraphs are parted by empty lines.
    ///
    /// # Errors
    /// [`AdministrationError::Terms`] if the text is not of that form or there is an edition of this
    /// name with another text or day, or the storage cannot be used.
    pub fn add_terms(
        &self,
        edition: TermsEdition,
        in_force_from: NaiveDate,
        text: &str,
    ) -> Result<TermsNotice, AdministrationError> {
        TermsText::parse(text).map_err(AdministrationError::Terms)?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        let notice = TermsNotice {
            edition,
            in_force_from,
            sha256: Sha256Digest::new(sha256),
        };
        let terms = Terms {
            notice: notice.clone(),
            text: text.to_owned(),
        };
        if self.run(self.storage.add_terms(terms))? {
            Ok(notice)
        } else {
            Err(AdministrationError::Terms(TermsRefused::EditionTaken))
        }
    }

    /// All editions of the terms, by the day from which they are in force.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn terms(&self) -> Result<Vec<TermsNotice>, AdministrationError> {
        Ok(self.run(self.storage.terms_notices())?)
    }

    /// How an office's licence stands today.
    ///
    /// # Errors
    /// If the office is not registered, or the storage cannot be used.
    pub fn licence(&self, office: OfficeNumber) -> Result<OfficeState, AdministrationError> {
        let today = japan_date(recorded_now(&*self.clock));
        Ok(self.run(self.ledger(office))?.on(today))
    }

    async fn ledger(&self, office: OfficeNumber) -> Result<Ledger, AdministrationError> {
        self.licences
            .ledger(office)
            .await?
            .ok_or(AdministrationError::UnknownOffice(office))
    }

    /// The access log: calls whose numbers come after one, oldest first, at most `limit`; those of
    /// one office, if given. Calls of the last moment may not be in it yet.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn accesses(
        &self,
        office: Option<OfficeNumber>,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<Access>, AdministrationError> {
        Ok(self.run(self.storage.accesses(office, after, limit))?)
    }

    /// How many sendings are kept, settled ones included; takes a while if there are millions.
    ///
    /// # Errors
    /// If the storage cannot be used.
    pub fn count_sendings(&self) -> Result<u64, AdministrationError> {
        Ok(self.run(self.storage.count_sendings())?)
    }

    /// Writes some of past sendings, by their numbers, in one transaction: to rehearse with a
    /// storage as it is after years. Not for service: nobody can tell them from real ones.
    ///
    /// # Errors
    /// If there are not so many, or the storage cannot be used.
    pub fn rehearse_past(
        &self,
        past: &PastSendings,
        numbers: std::ops::Range<u64>,
    ) -> Result<(), AdministrationError> {
        let sendings: Option<Vec<_>> = numbers.map(|number| past.sending(number)).collect();
        let sendings = sendings.ok_or_else(|| {
            AdministrationError::System("there are not so many past sendings".into())
        })?;
        Ok(self.run(self.storage.put_past(sendings))?)
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.handle.block_on(work)
    }
}

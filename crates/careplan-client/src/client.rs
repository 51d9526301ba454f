//! The client: an office's home, opened.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use careplan_core::{Explain, Lang, OfficeNumber, YearMonth};
use careplan_envelope::sealing::Opener;
use careplan_envelope::{CertificateProfile, OfficeCertificate, Signer, Verifier};
use careplan_protocol::{DirectoryEntry, IdempotencyKey, SendingId};

use chrono::{DateTime, Utc};

use crate::caller::{Caller, Failure};
use crate::home::{Home, Shelf};
use crate::store::Store;
use crate::{
    CancelHandle, Clock, ConformanceCheck, Credentials, Error, ErrorKind, Finding, Incoming,
    ListOptions, MonthCount, MonthSets, Observer, Outgoing, PutInCheck, Refusal, RetryPolicy,
    Session, Status, SystemClock, Transport,
};

/// How many days before its end a certificate should be renewed: the authority takes a while, and
/// nothing can be sent with one that ended.
pub const RENEW_BEFORE_DAYS: i64 = 30;

/// What a client works with.
pub struct ClientConfig {
    /// The office's home: a folder, made if it is not there. It holds personal data: put it where
    /// only the office's staff can read it, and not on a network share.
    pub home: PathBuf,
    /// The office.
    pub office: OfficeNumber,
    /// Signs what is sent, with the office's certificate.
    pub signer: Arc<dyn Signer>,
    /// Verifies what is received, against the trust anchors of the exchange.
    pub verifier: Verifier,
    /// Talks to the platform.
    pub transport: Box<dyn Transport>,
    /// User ID and password for logging in; asked for when they are needed, never stored.
    pub credentials: Box<dyn Credentials>,
    /// A session to go on with, of a client that was suspended.
    pub session: Option<Session>,
    /// How often calls are made again.
    pub retry: RetryPolicy,
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// Told what happens.
    pub observer: Box<dyn Observer>,
    /// Open what was sealed to this office: to its certificate and to those it had before, since
    /// others seal to the one they know. What none of them opens is quarantined.
    pub openers: Vec<Opener>,
    /// Looks at sets before they are taken: against the standard, unless it is replaced.
    pub check: Option<Box<dyn PutInCheck>>,
}

impl ClientConfig {
    /// The office's own things, everything else as usual: the system's clock, five attempts,
    /// nobody watching, the check against the standard.
    #[must_use]
    pub fn new(
        home: impl Into<PathBuf>,
        office: OfficeNumber,
        signer: Arc<dyn Signer>,
        verifier: Verifier,
        transport: impl Transport + 'static,
        credentials: impl Credentials + 'static,
    ) -> Self {
        Self {
            home: home.into(),
            office,
            signer,
            verifier,
            transport: Box::new(transport),
            credentials: Box::new(credentials),
            session: None,
            openers: Vec::new(),
            retry: RetryPolicy::default(),
            clock: Box::new(SystemClock),
            observer: Box::new(()),
            check: Some(Box::new(ConformanceCheck::new())),
        }
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("home", &self.home)
            .field("office", &self.office)
            .finish_non_exhaustive()
    }
}

/// An office's side of the exchange: durable outbox and inbox in one home.
///
/// One client at a time works on a home; a second one is refused. Every method leaves the home in
/// a state from which [`sync`](Self::sync) goes on, also when the process dies in the middle.
/// Methods block; a client can be moved to another thread.
pub struct Client {
    pub(crate) office: OfficeNumber,
    certificate: OfficeCertificate,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) verifier: Verifier,
    pub(crate) check: Option<Box<dyn PutInCheck>>,
    pub(crate) openers: Vec<Opener>,
    pub(crate) caller: Caller,
    pub(crate) store: Store,
    /// Last, so that the database is closed before the lock is released.
    pub(crate) home: Home,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("home", &self.home.root())
            .field("office", &self.office)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Opens an office's home, or makes one. Does not talk to the platform.
    ///
    /// # Errors
    /// If another client has it open ([`ErrorKind::HomeInUse`]), it is another office's, it cannot
    /// be written, or the signer's certificate is not this office's.
    pub fn open(config: ClientConfig) -> Result<Self, Error> {
        let certificate = check_certificate(config.office, &*config.signer)?;
        let home = Home::open(&config.home)?;
        let store = Store::open(&home.database(), home.root(), config.office)?;
        if home.crashed() {
            home.sweep(Shelf::Outbox, |name| match store.knows_outgoing(name)? {
                None => Ok(false),
                Some(needs_copies) => {
                    if !needs_copies {
                        home.remove_copies(Shelf::Outbox, name)?;
                    }
                    Ok(true)
                }
            })?;
            home.sweep(Shelf::Inbox, |name| store.knows_incoming(name, false))?;
            home.sweep(Shelf::Quarantine, |name| store.knows_incoming(name, true))?;
        }
        let caller = Caller::new(
            home.root().to_owned(),
            config.transport,
            config.clock,
            config.observer,
            config.retry,
            config.credentials,
            config.session,
        );
        Ok(Self {
            office: config.office,
            certificate,
            signer: config.signer,
            verifier: config.verifier,
            check: config.check,
            openers: config.openers,
            caller,
            store,
            home,
        })
    }

    /// The office.
    #[must_use]
    pub const fn office(&self) -> OfficeNumber {
        self.office
    }

    /// For cancelling from another thread.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.caller.cancel.clone()
    }

    /// How many sets stand where.
    ///
    /// # Errors
    /// If the home's database cannot be read.
    pub fn status(&self) -> Result<Status, Error> {
        self.store.status()
    }

    /// Sets put in, newest first.
    ///
    /// # Errors
    /// If the home's database cannot be read.
    pub fn sent(&self, options: ListOptions) -> Result<Vec<Outgoing>, Error> {
        self.store.list_outgoing(options)
    }

    /// Sets received, newest first.
    ///
    /// # Errors
    /// If the home's database cannot be read.
    pub fn received(&self, options: ListOptions) -> Result<Vec<Incoming>, Error> {
        self.store.list_incoming(options)
    }

    /// One outgoing set.
    ///
    /// # Errors
    /// If there is none of that name, or the home's database cannot be read.
    pub fn outgoing(&self, id: IdempotencyKey) -> Result<Outgoing, Error> {
        self.store
            .outgoing(id)?
            .ok_or_else(|| ErrorKind::NoSuchOutgoing(id).into())
    }

    /// What the check said of a set when it was put in: warnings, for whoever asks later.
    ///
    /// # Errors
    /// If there is none of that name, or the home's database cannot be read.
    pub fn findings(&self, id: IdempotencyKey) -> Result<Vec<Finding>, Error> {
        self.store
            .findings(id)?
            .ok_or_else(|| ErrorKind::NoSuchOutgoing(id).into())
    }

    /// One received set.
    ///
    /// # Errors
    /// If there is none of that number, or the home's database cannot be read.
    pub fn incoming(&self, id: SendingId) -> Result<Incoming, Error> {
        self.store
            .incoming(id)?
            .ok_or_else(|| ErrorKind::NoSuchIncoming(id).into())
    }

    /// The months of which sets were sent or received, with how many: those that hold, not what
    /// was taken back, refused, expired or quarantined.
    ///
    /// # Errors
    /// If the home's database cannot be read.
    pub fn months(&self) -> Result<BTreeMap<YearMonth, MonthCount>, Error> {
        self.store.months()
    }

    /// The sets of a month that hold.
    ///
    /// # Errors
    /// If the home's database cannot be read.
    pub fn sets_of(&self, month: YearMonth) -> Result<MonthSets, Error> {
        Ok(MonthSets {
            sent: self.store.outgoing_of(month)?,
            received: self.store.incoming_of(month)?,
        })
    }

    /// The office's certificate, such as its last day: remind the office in time to renew it.
    #[must_use]
    pub const fn certificate(&self) -> &OfficeCertificate {
        &self.certificate
    }

    /// Removes containers and files of sets that came to their end and were put in or received
    /// before an instant: delivered, withdrawn or expired ones, and received ones that were taken
    /// out. Lists, states and receipts stay. Gives how many sets lost their files.
    ///
    /// How long files must be kept is the office's to know; without a call they stay.
    ///
    /// # Errors
    /// The home's errors.
    pub fn remove_files_before(&mut self, before: DateTime<Utc>) -> Result<usize, Error> {
        let (outgoing, incoming) = self.store.ended_before(before)?;
        // What is left over if the process dies here is removed when the home is opened next.
        self.store.files_removed(&outgoing, &incoming)?;
        let outbox = outgoing
            .iter()
            .map(|id| self.home.folder(Shelf::Outbox, id));
        let inbox = incoming.iter().map(|id| self.home.folder(Shelf::Inbox, id));
        for folder in outbox.chain(inbox) {
            self.home.remove(&folder)?;
        }
        Ok(outgoing.len() + incoming.len())
    }

    /// Asks the platform whether an office can be sent to, and if not, why.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] if there is no such office; the errors of calls.
    pub fn directory(&mut self, office: OfficeNumber) -> Result<DirectoryEntry, Error> {
        self.caller.cancel.reset();
        self.caller
            .call(|call| call.transport.directory(call.token, office))
            .map_err(Failure::into_error)
    }

    /// Closes the home and keeps the session at the platform, for the next client: a program that
    /// works now and then leaves the home to others in between, without logging in each time.
    #[must_use]
    pub fn suspend(mut self) -> Option<Session> {
        self.caller.take_session()
    }

    /// Ends the session at the platform, if there is one, and closes the home.
    pub fn close(mut self) {
        self.caller.log_out();
    }
}

/// Signing with another office's certificate would be found out only by the platform.
fn check_certificate(
    office: OfficeNumber,
    signer: &dyn Signer,
) -> Result<OfficeCertificate, Error> {
    let refuse = |refusal| Err(ErrorKind::Certificate(refusal).into());
    let Some(certificate) = signer.certificate_chain().first() else {
        return refuse(Refusal {
            code: "no-certificate".to_owned(),
            ja: "証明書がありません。事業所の証明書を設定してください。".to_owned(),
            en: "there is no certificate; configure the office's".to_owned(),
        });
    };
    match CertificateProfile::default().office_of(certificate) {
        Ok(found) if found.office == office => Ok(found),
        Ok(found) => {
            let found = found.office;
            refuse(Refusal {
                code: "other-office".to_owned(),
                ja: format!(
                    "証明書は事業所{found}のものです。事業所{office}の証明書を設定してください。"
                ),
                en: format!("it is of office {found}; configure the one of office {office}"),
            })
        }
        Err(error) => refuse(Refusal {
            code: error.code().to_owned(),
            ja: error.explain(Lang::Ja),
            en: error.explain(Lang::En),
        }),
    }
}

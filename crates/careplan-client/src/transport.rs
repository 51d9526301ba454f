//! The calls to the platform as a trait, so that a vendor brings its own HTTP stack and tests bring
//! a platform that loses answers.

use std::io;

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_protocol::{
    AccessToken, Confirmation, DirectoryEntry, EvidenceEvent, IdempotencyKey, ListQuery,
    LogInRequest, Page, Problem, Receipt, RefreshRequest, SendingId, SendingSummary, SessionGrant,
};

/// The platform as the client sees it: one method per call of the protocol.
///
/// An implementation makes each call once: trying again, logging in and refreshing are the
/// client's. Calls block, and should end by themselves when nothing moves any more.
pub trait Transport: Send {
    /// [`Endpoint::LogIn`](careplan_protocol::Endpoint::LogIn).
    ///
    /// # Errors
    /// What the platform refused, or why it could not be asked. The same for all calls.
    fn log_in(&mut self, request: &LogInRequest) -> Result<SessionGrant, CallError>;

    /// [`Endpoint::Refresh`](careplan_protocol::Endpoint::Refresh).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn refresh(&mut self, request: &RefreshRequest) -> Result<SessionGrant, CallError>;

    /// [`Endpoint::LogOut`](careplan_protocol::Endpoint::LogOut).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn log_out(&mut self, token: &AccessToken) -> Result<(), CallError>;

    /// [`Endpoint::Directory`](careplan_protocol::Endpoint::Directory).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn directory(
        &mut self,
        token: &AccessToken,
        office: OfficeNumber,
    ) -> Result<DirectoryEntry, CallError>;

    /// [`Endpoint::Send`](careplan_protocol::Endpoint::Send): `container` has `bytes` bytes and is
    /// of `media_type`, [`CONTAINER_TYPE`](careplan_protocol::CONTAINER_TYPE) or
    /// [`SEALED_TYPE`](careplan_protocol::SEALED_TYPE).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in), and [`CallError::Local`] if the container cannot be read.
    fn send(
        &mut self,
        token: &AccessToken,
        receiver: OfficeNumber,
        key: IdempotencyKey,
        media_type: &'static str,
        container: &mut dyn io::Read,
        bytes: u64,
    ) -> Result<Receipt, CallError>;

    /// [`Endpoint::ListSent`](careplan_protocol::Endpoint::ListSent), one page.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn list_sent(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError>;

    /// [`Endpoint::ListReceived`](careplan_protocol::Endpoint::ListReceived), one page.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn list_received(
        &mut self,
        token: &AccessToken,
        query: &ListQuery,
    ) -> Result<Page<SendingSummary>, CallError>;

    /// [`Endpoint::Fetch`](careplan_protocol::Endpoint::Fetch): writes the container's bytes as
    /// they come.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in), and [`CallError::Local`] if the bytes cannot be written.
    fn fetch(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        container: &mut dyn io::Write,
    ) -> Result<(), CallError>;

    /// [`Endpoint::Confirm`](careplan_protocol::Endpoint::Confirm).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn confirm(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        confirmation: &Confirmation,
    ) -> Result<SendingSummary, CallError>;

    /// [`Endpoint::Withdraw`](careplan_protocol::Endpoint::Withdraw).
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn withdraw(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
    ) -> Result<SendingSummary, CallError>;

    /// [`Endpoint::FetchReceipt`](careplan_protocol::Endpoint::FetchReceipt): a signed receipt.
    ///
    /// # Errors
    /// As [`log_in`](Self::log_in).
    fn fetch_receipt(
        &mut self,
        token: &AccessToken,
        sending: SendingId,
        event: EvidenceEvent,
    ) -> Result<Vec<u8>, CallError>;
}

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The platform answered with a problem.
    #[error(transparent)]
    Refused(Box<Problem>),
    /// There is no answer that could be used; whether the platform did what was asked is unknown.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A file of the home could not be read or written.
    #[error("a file of the home could not be read or written: {0}")]
    Local(#[from] io::Error),
}

impl From<Problem> for CallError {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum NoAnswer {
    /// No connection: the name is unknown, nobody listens, or the network is away.
    NotThere {
        /// The system's words.
        reason: String,
    },
    /// The connection ended, or nothing moved for too long.
    Interrupted {
        /// The system's words.
        reason: String,
    },
    /// The platform showed a certificate this home does not trust.
    PlatformNotTrusted {
        /// The TLS library's words.
        reason: String,
    },
    /// The platform did not accept this office's certificate in the handshake.
    CertificateNotAccepted {
        /// The TLS library's words.
        reason: String,
    },
    /// TLS 1.3 could not be agreed on, or the other side does not speak TLS.
    NoSecureConnection {
        /// The TLS library's words.
        reason: String,
    },
    /// An answer that is not one of the protocol.
    NotUnderstood {
        /// What is wrong with it.
        reason: String,
    },
}

impl NoAnswer {
    /// Whether asking again can help without a person changing something.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NotThere { .. } | Self::Interrupted { .. } | Self::NotUnderstood { .. }
        )
    }
}

impl Explain for NoAnswer {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::NotThere { reason } => lang.pick(
                format!("センターに接続できません（{reason}）。ネットワークと接続先を確かめてください。送信待ちのファイルは保存されており、次の同期で続きから行います。"),
                format!("the platform cannot be reached ({reason}); check the network and the address. What waits to be sent is kept and goes on with the next sync"),
            ),
            Self::Interrupted { reason } => lang.pick(
                format!("センターとの通信が途切れました（{reason}）。次の同期で続きから行います。"),
                format!("the connection to the platform was cut off ({reason}); the next sync goes on from there"),
            ),
            Self::PlatformNotTrusted { reason } => lang.pick(
                format!("接続先の証明書を信頼できません（{reason}）。接続先と、設定した認証局の証明書を確かめてください。何も送信していません。"),
                format!("the platform's certificate is not trusted ({reason}); check the address and the trust anchor configured. Nothing was sent"),
            ),
            Self::CertificateNotAccepted { reason } => lang.pick(
                format!("センターが事業所の証明書を受け付けません（{reason}）。有効期限と、正しい証明書を使っているかを確かめてください。"),
                format!("the platform does not accept this office's certificate ({reason}); check that it is the right one and still valid"),
            ),
            Self::NoSecureConnection { reason } => lang.pick(
                format!("安全な接続（TLS 1.3）ができません（{reason}）。接続先と、途中のプロキシの設定を確かめてください。"),
                format!("no secure connection (TLS 1.3) could be made ({reason}); check the address and any proxy in between"),
            ),
            Self::NotUnderstood { reason } => lang.pick(
                format!("センターの応答を読み取れません（{reason}）。続く場合はソフトウェアの提供元に連絡してください。"),
                format!("the platform's answer could not be understood ({reason}); if this goes on, tell the vendor of your software"),
            ),
        }
    }
}

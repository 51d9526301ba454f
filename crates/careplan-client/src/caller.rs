//! Calls with a session, made again when that can help.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use careplan_protocol::{
    ACCESS_LIFETIME, AccessToken, Problem, ProblemCode, REFRESH_LIFETIME, RefreshRequest, Retry,
    SessionGrant,
};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::{
    CallError, CancelHandle, Clock, Credentials, Error, ErrorKind, NoAnswer, Observer, Progress,
    RetryPolicy, Transport,
};

/// A token that ends this soon is not begun with: a large container takes a while.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

/// The longest single sleep, so that cancelling does not take long.
const SLICE: Duration = Duration::from_millis(200);

/// The transport with a session, a clock and patience.
pub(crate) struct Caller {
    /// The home, for errors of its files.
    root: PathBuf,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) observer: Box<dyn Observer>,
    pub(crate) retry: RetryPolicy,
    pub(crate) cancel: CancelHandle,
    credentials: Box<dyn Credentials>,
    session: Option<Session>,
}

/// A session at the platform, to go on with in a client opened soon after
/// ([`Client::suspend`](crate::Client::suspend)). Its tokens are kept in memory only.
// With times of this computer's clock: the platform's may differ from it by a day.
#[derive(Clone)]
pub struct Session {
    grant: SessionGrant,
    /// When the access token came.
    granted_at: DateTime<Utc>,
    /// When the office logged in.
    begun_at: DateTime<Utc>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// How a call ended that brought no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing more can be asked now.
    Stop(Error),
    /// The platform refused this call for good.
    Refused(Box<Problem>),
    /// All attempts are used up for this call; others may do.
    Postponed(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

impl Failure {
    /// The error, for calls that nothing else can be done without.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Stop(error) | Self::Postponed(error) => error,
            Self::Refused(problem) => ErrorKind::Refused(*problem).into(),
        }
    }
}

/// What a call gets to work with.
pub(crate) struct Call<'a> {
    pub(crate) transport: &'a mut dyn Transport,
    pub(crate) token: &'a AccessToken,
    pub(crate) observer: &'a mut dyn Observer,
}

impl Caller {
    pub(crate) fn new(
        root: PathBuf,
        transport: Box<dyn Transport>,
        clock: Box<dyn Clock>,
        observer: Box<dyn Observer>,
        retry: RetryPolicy,
        credentials: Box<dyn Credentials>,
        session: Option<Session>,
    ) -> Self {
        Self {
            root,
            transport,
            clock,
            observer,
            retry,
            cancel: CancelHandle::default(),
            credentials,
            session,
        }
    }

    /// The session, if there is one.
    pub(crate) fn take_session(&mut self) -> Option<Session> {
        self.session.take()
    }

    /// Fails if the caller cancelled.
    pub(crate) fn go_on(&self) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(ErrorKind::Cancelled.into());
        }
        Ok(())
    }

    /// Makes a call with a valid token, logging in, refreshing and trying again as needed.
    pub(crate) fn call<T>(
        &mut self,
        mut call: impl FnMut(&mut Call<'_>) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let mut renewed = false;
        let mut attempt = 0;
        loop {
            self.go_on()?;
            let token = self.token()?;
            attempt += 1;
            let error = match call(&mut Call {
                transport: &mut *self.transport,
                token: &token,
                observer: &mut *self.observer,
            }) {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match error {
                CallError::Local(source) => {
                    return Err(Error::storage(&self.root)(source).into());
                }
                CallError::Refused(problem) if problem.retry() == Retry::AfterLogIn && !renewed => {
                    renewed = true;
                    self.session = None;
                }
                CallError::Refused(problem) if problem.retry() == Retry::Later => {
                    self.wait(attempt, Err(problem))?;
                }
                CallError::Refused(problem) => {
                    // These are about this office, whatever it asks for.
                    let stops = matches!(
                        problem.known_code(),
                        Some(ProblemCode::CertificateRefused | ProblemCode::SenderNotLicensed)
                    ) || problem.retry() == Retry::AfterLogIn;
                    return Err(if stops {
                        Failure::Stop(ErrorKind::Refused(*problem).into())
                    } else {
                        Failure::Refused(problem)
                    });
                }
                CallError::NoAnswer(no_answer) => self.wait(attempt, Ok(no_answer))?,
            }
        }
    }

    /// Waits after a failed attempt, or says that it was the last.
    fn wait(
        &mut self,
        attempt: u32,
        failed: Result<NoAnswer, Box<Problem>>,
    ) -> Result<(), Failure> {
        let asked = match &failed {
            Err(problem) => problem
                .retry_after_seconds
                .map(|seconds| Duration::from_secs(seconds.into())),
            Ok(_) => None,
        };
        let wait = self.retry.wait(attempt, chance(), asked);
        let no_answer = match failed {
            Ok(no_answer) if !no_answer.may_pass() => return Err(Failure::Stop(no_answer.into())),
            Ok(no_answer) => Some(no_answer),
            Err(problem) if wait.is_none() => {
                return Err(Failure::Postponed(ErrorKind::Refused(*problem).into()));
            }
            Err(_) => None,
        };
        match (wait, no_answer) {
            // Nobody is there: nothing else will do either.
            (None, Some(gone @ NoAnswer::NotThere { .. })) => Err(Failure::Stop(gone.into())),
            (None, Some(other)) => Err(Failure::Postponed(other.into())),
            (None, None) => Ok(()),
            (Some(wait), no_answer) => {
                self.observer.progress(&Progress::Waiting {
                    attempt,
                    wait,
                    no_answer: no_answer.as_ref(),
                });
                Ok(self.sleep(wait)?)
            }
        }
    }

    fn sleep(&self, span: Duration) -> Result<(), Error> {
        let mut left = span;
        while !left.is_zero() {
            self.go_on()?;
            let slice = left.min(SLICE);
            self.clock.sleep(slice);
            left -= slice;
        }
        Ok(())
    }

    /// A token good for a while. Should the platform think otherwise, it says so, and the call is
    /// made again after logging in.
    fn token(&mut self) -> Result<AccessToken, Error> {
        let now = self.clock.now();
        let soon = now + MARGIN;
        if let Some(session) = &self.session
            && (session.granted_at..session.granted_at + ACCESS_LIFETIME).contains(&soon)
        {
            return Ok(session.grant.access_token.clone());
        }
        // A refresh token works once, so a refresh whose answer got lost is not tried again: it
        // would look like a stolen token. Logging in always works.
        let refreshed = self
            .session
            .take()
            .filter(|session| soon < session.begun_at + REFRESH_LIFETIME)
            .and_then(|session| {
                let refresh_token = session.grant.refresh_token;
                let grant = self.transport.refresh(&RefreshRequest { refresh_token });
                Some((grant.ok()?, session.begun_at))
            });
        let (grant, begun_at) = match refreshed {
            Some(refreshed) => refreshed,
            None => (self.log_in()?, now),
        };
        let token = grant.access_token.clone();
        self.session = Some(Session {
            grant,
            granted_at: now,
            begun_at,
        });
        Ok(token)
    }

    /// Logs in. A wrong password is not tried twice: the platform counts failures and locks.
    fn log_in(&mut self) -> Result<SessionGrant, Error> {
        let request = self
            .credentials
            .log_in()
            .map_err(ErrorKind::NoCredentials)?;
        let mut attempt = 0;
        loop {
            self.go_on()?;
            attempt += 1;
            match self.transport.log_in(&request) {
                Ok(session) => return Ok(session),
                Err(CallError::Refused(problem)) if problem.status < 500 => {
                    return Err(ErrorKind::LogIn(*problem).into());
                }
                Err(CallError::Refused(problem)) => {
                    self.wait(attempt, Err(problem))
                        .map_err(Failure::into_error)?;
                }
                Err(CallError::NoAnswer(no_answer)) => {
                    self.wait(attempt, Ok(no_answer))
                        .map_err(Failure::into_error)?;
                }
                Err(CallError::Local(source)) => {
                    return Err(Error::storage(&self.root)(source));
                }
            }
        }
    }

    /// Ends the session, if there is one; whether the platform hears it does not matter.
    pub(crate) fn log_out(&mut self) {
        if let Some(session) = self.session.take() {
            let _ = self.transport.log_out(&session.grant.access_token);
        }
    }
}

/// Some number, for spreading retries.
fn chance() -> u32 {
    let [.., a, b, c, d] = *Uuid::now_v7().as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

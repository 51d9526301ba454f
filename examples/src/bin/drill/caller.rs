//! Calls that are made again until they are answered, whatever becomes of the platform meanwhile,
//! with a session that outlives it, as a client's does.

use std::io::Read;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use careplan_client::{CallError, HttpsTransport, NoAnswer, Transport as _};
use careplan_protocol::{AccessToken, Problem, ProblemCode, RefreshRequest, SessionGrant};
use serde::de::DeserializeOwned;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::failure::Failure;
use crate::world::{Office, World};

/// Before a call that got no answer, or came too often, is made again.
const PAUSE: Duration = Duration::from_millis(20);
/// After how many calls a session is refreshed, and after how many its office logs in anew: more
/// often than a client does, so that kills hit these calls too.
const REFRESH: usize = 25;
const LOG_IN: usize = 60;

/// Where the platform is at the moment.
#[derive(Default)]
pub(crate) struct Whereabouts {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    address: Option<String>,
    ended: bool,
}

impl Whereabouts {
    pub(crate) fn is_at(&self, address: Option<&str>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.address = address.map(str::to_owned);
        self.changed.notify_all();
    }

    /// Nobody has to wait any more.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended = true;
        self.changed.notify_all();
    }

    /// The address, once there is one; `None` at the end.
    fn wait(&self) -> Option<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.ended {
                return None;
            }
            if let Some(address) = &state.address {
                return Some(address.clone());
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What a caller met with besides answers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Met {
    /// Calls that got no answer.
    pub(crate) unanswered: usize,
    /// Calls the platform could not do for now (503).
    pub(crate) unavailable: usize,
    /// Log-ins that were refused although the password was right.
    pub(crate) locked_out: usize,
}

impl std::ops::AddAssign for Met {
    fn add_assign(&mut self, other: Self) {
        self.unanswered += other.unanswered;
        self.unavailable += other.unavailable;
        self.locked_out += other.locked_out;
    }
}

/// An office that calls.
pub(crate) struct Caller<'a> {
    world: &'a World,
    office: &'a Office,
    whereabouts: &'a Whereabouts,
    connection: Option<Connection>,
    session: Option<SessionGrant>,
    calls: usize,
    pub(crate) met: Met,
}

/// A connection to one platform.
struct Connection {
    address: String,
    transport: HttpsTransport,
    agent: ureq::Agent,
}

impl<'a> Caller<'a> {
    pub(crate) fn new(world: &'a World, office: &'a Office, whereabouts: &'a Whereabouts) -> Self {
        Self {
            world,
            office,
            whereabouts,
            connection: None,
            session: None,
            calls: 0,
            met: Met::default(),
        }
    }

    /// Ends its connection; the session goes on.
    pub(crate) fn hang_up(&mut self) {
        self.connection = None;
    }

    /// Makes a call until it is answered; `None` at the end.
    pub(crate) fn call<T>(
        &mut self,
        mut call: impl FnMut(&mut HttpsTransport, &AccessToken) -> Result<T, CallError>,
    ) -> Result<Option<T>, Failure> {
        self.until_answered(|connection, token| call(&mut connection.transport, token))
    }

    /// Fetches a JSON document that the client has no use for.
    pub(crate) fn json<T: DeserializeOwned>(&mut self, path: &str) -> Result<Option<T>, Failure> {
        match self.bytes(path)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Failure::told(&format!("{path}: {error}"))),
            None => Ok(None),
        }
    }

    /// Fetches bytes that the client has no use for.
    pub(crate) fn bytes(&mut self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.until_answered(|connection, token| connection.get(path, token))
    }

    fn until_answered<T>(
        &mut self,
        mut call: impl FnMut(&mut Connection, &AccessToken) -> Result<T, CallError>,
    ) -> Result<Option<T>, Failure> {
        loop {
            let Some(address) = self.whereabouts.wait() else {
                return Ok(None);
            };
            match self.try_call(address, &mut call)? {
                Ok(answer) => return Ok(Some(answer)),
                Err(CallError::Refused(problem)) => self.refused(*problem)?,
                Err(CallError::NoAnswer(_)) => {
                    self.met.unanswered += 1;
                    self.connection = None;
                    // It is being killed, or starts: not to take the machine from it.
                    std::thread::sleep(PAUSE);
                }
                Err(CallError::Local(error)) => {
                    return Err(Failure::system("a file of the drill")(error));
                }
            }
        }
    }

    /// Goes on after a problem that passes; fails after any other.
    fn refused(&mut self, problem: Problem) -> Result<(), Failure> {
        match problem.known_code() {
            Some(ProblemCode::TokenExpired | ProblemCode::TokenInvalid) => self.session = None,
            Some(ProblemCode::ServiceUnavailable) => {
                self.met.unavailable += 1;
                std::thread::sleep(PAUSE);
            }
            Some(ProblemCode::AccountLocked) => {
                self.met.locked_out += 1;
                std::thread::sleep(5 * PAUSE);
            }
            Some(ProblemCode::TooManyRequests) => std::thread::sleep(PAUSE),
            _ => return Err(Failure::of(problem)),
        }
        Ok(())
    }

    fn try_call<T>(
        &mut self,
        address: String,
        call: &mut impl FnMut(&mut Connection, &AccessToken) -> Result<T, CallError>,
    ) -> Result<Result<T, CallError>, Failure> {
        let connection = match self.connection.take() {
            Some(connection) if connection.address == address => connection,
            _ => Connection::open(self.world, self.office, address)?,
        };
        let connection = self.connection.insert(connection);
        self.calls += 1;
        let transport = &mut connection.transport;
        let session = match self.session.take() {
            Some(session) if self.calls.is_multiple_of(LOG_IN) => {
                // A new log-in while the old session goes on is a client started anew.
                transport.log_in(&self.office.log_in).inspect_err(|_| {
                    self.session = Some(session);
                })
            }
            Some(session) if self.calls.is_multiple_of(REFRESH) => {
                let request = RefreshRequest {
                    refresh_token: session.refresh_token.clone(),
                };
                transport.refresh(&request).inspect_err(|error| {
                    // What is lost on the way ends the session: then the client logs in.
                    if let CallError::Refused(_) = error {
                        self.session = Some(session);
                    }
                })
            }
            Some(session) => Ok(session),
            None => transport.log_in(&self.office.log_in),
        };
        let session = match session {
            Ok(session) => self.session.insert(session),
            Err(error) => return Ok(Err(error)),
        };
        Ok(call(connection, &session.access_token))
    }
}

impl Connection {
    fn open(world: &World, office: &Office, address: String) -> Result<Self, Failure> {
        let key = office.signer.key().to_pem().map_err(Failure::of)?;
        let key = PrivateKey::from_pem(key.as_bytes()).map_err(|error| Failure::told(&error))?;
        let chain: Vec<_> = careplan_envelope::Signer::certificate_chain(&*office.signer)
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect();
        let root = Certificate::from_der(&world.authority).to_owned();
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .client_cert(Some(ClientCert::new_with_certs(&chain, key)))
            .root_certs(RootCerts::new_with_certs(&[root]))
            .unversioned_rustls_crypto_provider(provider)
            .build();
        Ok(Self {
            transport: world.connect(office, &address)?,
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .tls_config(tls)
                .build()
                .new_agent(),
            address,
        })
    }

    fn get(&self, path: &str, token: &AccessToken) -> Result<Vec<u8>, CallError> {
        let lost = |error: ureq::Error| {
            CallError::NoAnswer(NoAnswer::Interrupted {
                reason: error.to_string(),
            })
        };
        let mut answer = self
            .agent
            .get(format!("{}{path}", self.address))
            .header("authorization", format!("Bearer {}", token.expose()))
            .call()
            .map_err(lost)?;
        let mut body = Vec::new();
        answer
            .body_mut()
            .as_reader()
            .read_to_end(&mut body)
            .map_err(|error| lost(error.into()))?;
        if answer.status().is_success() {
            return Ok(body);
        }
        let problem: Problem = serde_json::from_slice(&body).map_err(|error| {
            CallError::NoAnswer(NoAnswer::NotUnderstood {
                reason: error.to_string(),
            })
        })?;
        Err(problem.into())
    }
}

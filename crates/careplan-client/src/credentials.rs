//! User ID and password, asked for when they are needed.

use careplan_protocol::LogInRequest;

use crate::Refusal;

/// Where the client gets user ID and password from when it has to log in: a value kept in memory,
/// or a closure that asks a person or a password store. Reading lists and states needs neither.
pub trait Credentials: Send {
    /// Gives them, or says why there are none.
    ///
    /// # Errors
    /// Why not, in words for the person at the screen.
    fn log_in(&mut self) -> Result<LogInRequest, Refusal>;
}

impl Credentials for LogInRequest {
    fn log_in(&mut self) -> Result<LogInRequest, Refusal> {
        Ok(self.clone())
    }
}

impl<F: FnMut() -> Result<LogInRequest, Refusal> + Send> Credentials for F {
    fn log_in(&mut self) -> Result<LogInRequest, Refusal> {
        self()
    }
}

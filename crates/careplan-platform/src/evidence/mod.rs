//! Evidence: signed receipts of what becomes of sendings, and the log they go into.
//!
//! A receipt is stored in the transaction of the event it is for. The log takes receipts in
//! afterwards, by one writer: see [`log`] and docs/decisions/0033.

mod log;
mod notary;
mod office;

pub(crate) use self::log::EvidenceLog;
pub(crate) use self::notary::Notary;
pub(crate) use self::office::Evidences;

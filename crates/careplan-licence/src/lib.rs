#![doc = include_str!("../README.md")]

mod consent;
mod event;
mod fees;
mod ledger;
mod ledger_file;
mod money;
mod register;
mod rules;
mod state;
mod validity;
mod words;

pub use careplan_core::UserId;
pub use consent::{Consent, InvalidTermsEdition, TermsEdition};
pub use event::{Event, EventKind, EventRefused, EventRefusedKind};
pub use fees::{
    FeePeriod, FeeTable, FeeTableError, FeeTableErrorKind, Quote, QuoteError, QuoteLine,
};
pub use ledger::Ledger;
pub use ledger_file::{LedgerFileError, LedgerFileErrorKind, LedgerLine};
pub use money::Yen;
pub use register::{Refusal, RefusalKind, Register, Side, may_receive, may_send};
pub use rules::{APPLICATIONS_FROM, AUTOMATIC_RENEWAL_FROM, SENDING_FROM};
pub use state::{Grant, Licence, OfficeState, Payment, PaymentMethod, Renewal, Standing};
pub use validity::Validity;
pub use words::{fees_in_words, rules_in_words};

#![doc = include_str!("../README.md")]

mod directory;
mod endpoint;
mod evidence;
mod listing;
mod openapi;
mod problem;
mod schema;
mod sending;
mod session;
mod state;
mod text;

pub use careplan_core::UserId;
pub use directory::DirectoryEntry;
pub use endpoint::{Authentication, Endpoint, Method, path};
pub use evidence::{
    CertificateBytes, ConsistencyPath, ConsistencyQuery, Evidence, EvidenceEvent, InclusionPath,
    ReceiptEntry, ReceiptList, ReceiptProof,
};
pub use listing::{Cursor, InvalidPageSize, InvalidQuery, ListQuery, Page, PageSize};
pub use openapi::openapi;
pub use problem::{Problem, ProblemCode, Retry, Wording};
pub use sending::{
    CONTAINER_TYPE, Confirmation, Contents, IDEMPOTENCY_KEY, IdempotencyKey, Receipt, SEALED_TYPE,
    SendingId, SendingSummary, SetContents,
};
pub use session::{
    ACCESS_LIFETIME, AccessToken, ChangePasswordRequest, LogInRequest, Password, REFRESH_LIFETIME,
    RefreshRequest, RefreshToken, SHORTEST_NEW_PASSWORD, SessionGrant, SessionTimes,
};
pub use state::{Event, Party, SendingState, Transition, TransitionRefused};
pub use text::{InvalidText, TextKind, TextReason};

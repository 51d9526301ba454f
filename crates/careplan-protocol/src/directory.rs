//! The directory: can an office be sent to?

use careplan_core::OfficeNumber;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CertificateBytes, Problem};

/// What the platform says about an office: the answer of
/// [`Endpoint::Directory`](crate::Endpoint::Directory).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectoryEntry {
    /// The office asked about.
    #[schemars(with = "crate::schema::OfficeNumberText")]
    pub office: OfficeNumber,
    /// Whether the caller may send to it today.
    pub reachable: bool,
    /// The problem a sending would be answered with, if it is not reachable: why, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Problem>,
    /// The certificate to seal to, and those up to its authority: the one the office last logged
    /// in with. Empty if there is none that can be sealed to.
    ///
    /// The platform vouches for it no more than for a container: whoever seals verifies the chain
    /// against trust anchors of its own, and that the certificate is this office's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealing: Vec<CertificateBytes>,
}

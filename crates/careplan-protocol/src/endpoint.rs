//! The calls of the API, each declared once: method, path, and what the caller must show.
//!
//! The platform routes by [`Endpoint::template`], a client calls the function of [`path`] that
//! belongs to it. The interface's version is part of every path.

/// HTTP methods the API uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What a caller must show, besides the office's certificate in the TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Nothing more: the call is how one gets a session.
    Certificate,
    /// An access token of the certificate's office.
    Session,
}

/// Declares the calls. Parameters of a path stand in braces, named as the arguments.
macro_rules! endpoints {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident, $function:ident($($parameter:ident: $type:ty),*),
        $method:ident $template:literal, $authentication:ident;
    )+) => {
        /// A call of the API.
        ///
        /// Exhaustive, so that a platform that does not answer one of them does not compile.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Endpoint {
            $( $(#[doc = $doc])+ $name, )+
        }

        impl Endpoint {
            /// Every call, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The HTTP method.
            #[must_use]
            pub const fn method(self) -> Method {
                match self { $(Self::$name => Method::$method,)+ }
            }

            /// The path, parameters in braces as in RFC 6570 and OpenAPI.
            #[must_use]
            pub const fn template(self) -> &'static str {
                match self { $(Self::$name => $template,)+ }
            }

            /// What the caller must show.
            #[must_use]
            pub const fn authentication(self) -> Authentication {
                match self { $(Self::$name => Authentication::$authentication,)+ }
            }

            /// What the call does, for the documentation; the Rust documentation of the variant.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim(),)+ }
            }
        }

        /// The paths of the calls, filled in.
        pub mod path {
            use careplan_core::OfficeNumber;
            use crate::{EvidenceEvent, ProblemCode, SendingId};

            $(
                #[doc = concat!("`", stringify!($method), " ", $template, "`")]
                #[must_use]
                pub fn $function($($parameter: $type),*) -> String {
                    String::from($template)$(.replace(
                        concat!("{", stringify!($parameter), "}"),
                        &$parameter.to_string(),
                    ))*
                }
            )+
        }
    };
}

endpoints! {
    /// Log in with user ID and password; the answer is a session.
    LogIn, log_in(), Post "/v1/session", Certificate;

    /// Exchange the refresh token for new tokens of the same session.
    Refresh, refresh(), Post "/v1/session/refresh", Certificate;

    /// Log out: both tokens end.
    LogOut, log_out(), Delete "/v1/session", Session;

    /// Give oneself a new password; also with one that is temporary or expired.
    ChangePassword, change_password(), Put "/v1/password", Certificate;

    /// Whether an office can be sent to, if not, why, and its certificate for sealing.
    Directory, directory(office: OfficeNumber), Get "/v1/offices/{office}", Session;

    /// Send a container to one office; the answer is a receipt.
    Send, send(office: OfficeNumber), Post "/v1/offices/{office}/sendings", Session;

    /// List what the caller sent, and what became of it.
    ListSent, list_sent(), Get "/v1/sendings/sent", Session;

    /// List what was sent to the caller.
    ListReceived, list_received(), Get "/v1/sendings/received", Session;

    /// One sending the caller sent or received.
    Show, show(sending: SendingId), Get "/v1/sendings/{sending}", Session;

    /// Fetch the container of a sending the caller received, as often as needed.
    Fetch, fetch(sending: SendingId), Get "/v1/sendings/{sending}/container", Session;

    /// Confirm that a fetched sending is safely stored at the receiver.
    Confirm, confirm(sending: SendingId), Put "/v1/sendings/{sending}/confirmation", Session;

    /// Withdraw a sending of the caller that was not fetched yet.
    Withdraw, withdraw(sending: SendingId), Put "/v1/sendings/{sending}/withdrawal", Session;

    /// List the signed receipts of a sending the caller sent or received.
    ListReceipts, list_receipts(sending: SendingId), Get "/v1/sendings/{sending}/receipts", Session;

    /// Fetch one of these receipts.
    FetchReceipt, fetch_receipt(sending: SendingId, event: EvidenceEvent),
        Get "/v1/sendings/{sending}/receipts/{event}", Session;

    /// Prove that a receipt is in the evidence log; with the checkpoint it is in.
    ProveReceipt, prove_receipt(sending: SendingId, event: EvidenceEvent),
        Get "/v1/sendings/{sending}/receipts/{event}/proof", Session;

    /// Fetch the evidence log's latest signed checkpoint.
    Checkpoint, checkpoint(), Get "/v1/log/checkpoint", Session;

    /// Prove that the evidence log was only appended to between two sizes.
    ProveLog, prove_log(), Get "/v1/log/consistency", Session;

    /// What a problem code means: where a problem's `type` leads.
    ProblemKind, problem_kind(code: ProblemCode), Get "/v1/problems/{code}", Certificate;

    /// This interface as an OpenAPI 3.1 document.
    Description, description(), Get "/v1/openapi.json", Certificate;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::EvidenceEvent;

    #[test]
    fn every_call_has_its_own_method_and_path_of_version_one() {
        let mut seen = HashSet::new();
        for endpoint in Endpoint::ALL {
            assert!(endpoint.template().starts_with("/v1/"), "{endpoint:?}");
            assert!(!endpoint.summary().is_empty());
            assert!(
                seen.insert((endpoint.method(), endpoint.template())),
                "{endpoint:?}"
            );
        }
    }

    #[test]
    fn paths_are_the_templates_filled_in() {
        let office = "13A0948774".parse().unwrap();
        assert_eq!(path::send(office), "/v1/offices/13A0948774/sendings");
        let sending = "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap();
        assert_eq!(
            path::fetch(sending),
            "/v1/sendings/0192f0a0-7c00-7000-8000-000000000001/container"
        );
        assert_eq!(path::log_in(), "/v1/session");
        assert_eq!(
            path::prove_receipt(sending, EvidenceEvent::MadeAvailable),
            "/v1/sendings/0192f0a0-7c00-7000-8000-000000000001/receipts/made-available/proof"
        );
    }
}

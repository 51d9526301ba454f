//! JSON Schemas of the texts on the wire, for the OpenAPI document: each says what its parser takes.

use std::borrow::Cow;

use careplan_core::SetKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    AccessToken, CertificateBytes, Cursor, Evidence, EvidenceEvent, IdempotencyKey, PageSize,
    Password, RefreshToken, SendingId, SendingState,
};

/// Declares the schema of a type, or of a stand-in for one of careplan-core's.
macro_rules! schemas {
    ($( $name:ident, $title:literal, $schema:expr; )+) => {
        $(
            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    $title.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    $schema
                }
            }
        )+
    };
}

/// Stand-ins, for `#[schemars(with = "…")]`: careplan-core knows nothing of schemas.
pub(crate) struct OfficeNumberText;
pub(crate) struct UserIdText;
pub(crate) struct YearMonthText;
pub(crate) struct SequenceText;
pub(crate) struct Sha256Text;
pub(crate) struct SetKindText;

const UUID: &str = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$";

schemas! {
    OfficeNumberText, "OfficeNumber", json_schema!({
        "type": "string",
        "description": "Office number (事業所番号).",
        "pattern": "^[0-9]{2}[0-9A][0-9]{7}$",
        "examples": ["1370948774"],
    });
    UserIdText, "UserId", json_schema!({
        "type": "string",
        "description": "User ID (ユーザID).",
        "pattern": "^KJ[0-9A-Za-z]{12}$",
        "examples": ["KJ000000000001"],
    });
    YearMonthText, "YearMonth", json_schema!({
        "type": "string",
        "description": "Month, YYYYMM, from the year 1 on.",
        "pattern": "^(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})(0[1-9]|1[0-2])$",
        "examples": ["202610"],
    });
    SequenceText, "Sequence", json_schema!({
        "type": "string",
        "description": "Sequence of a set (連番): when it was made, YYYYMMDDHHMMSS in Japan.",
        "pattern": "^[0-9]{14}$",
        "examples": ["20260921113310"],
    });
    Sha256Text, "Sha256", json_schema!({
        "type": "string",
        "description": "SHA-256 digest.",
        "pattern": "^[0-9a-f]{64}$",
    });
    SetKindText, "SetKind", json_schema!({
        "type": "string",
        "description": "Which of the standard's sets.",
        "enum": SetKind::ALL.map(SetKind::as_str),
    });
    SendingState, "SendingState", json_schema!({
        "type": "string",
        "description": "State of a sending.",
        "enum": Self::ALL.map(Self::as_str),
    });
    EvidenceEvent, "EvidenceEvent", json_schema!({
        "type": "string",
        "description": "What a receipt is for.",
        "enum": Self::ALL.map(Self::as_str),
    });
    SendingId, "SendingId", json_schema!({
        "type": "string",
        "description": "Number of a sending (送信番号).",
        "format": "uuid",
        "pattern": UUID,
    });
    IdempotencyKey, "IdempotencyKey", json_schema!({
        "type": "string",
        "description": "Idempotency key (冪等キー): chosen for one sending, kept for every attempt at it.",
        "format": "uuid",
        "pattern": UUID,
    });
    Cursor, "Cursor", json_schema!({
        "type": "string",
        "description": "Where a page ended: the `next` of the page before.",
        "pattern": "^[0-9A-Za-z._-]{1,128}$",
    });
    PageSize, "PageSize", json_schema!({
        "type": "integer",
        "description": "How many entries a page has at most.",
        "minimum": 1,
        "maximum": Self::MAX.get(),
        "default": Self::default().get(),
    });
    Password, "Password", json_schema!({
        "type": "string",
        "description": "Password (パスワード): no control characters.",
        "format": "password",
        "minLength": 1,
        "maxLength": 128,
        "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$",
    });
    AccessToken, "AccessToken", json_schema!({
        "type": "string",
        "description": "Access token: good for 60 minutes.",
        "pattern": "^[0-9A-Za-z_-]{16,256}$",
    });
    RefreshToken, "RefreshToken", json_schema!({
        "type": "string",
        "description": "Refresh token: works once, until 8 hours after logging in.",
        "pattern": "^[0-9A-Za-z_-]{16,256}$",
    });
    Evidence, "Evidence", json_schema!({
        "type": "string",
        "description": "A signed document of the platform (ASiC-E), base64.",
        "contentEncoding": "base64",
    });
    CertificateBytes, "Certificate", json_schema!({
        "type": "string",
        "description": "An X.509 certificate, DER in base64.",
        "contentEncoding": "base64",
    });
}

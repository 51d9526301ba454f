//! The API as an OpenAPI 3.1 document, made from the declarations of this crate: the calls, the
//! messages, the problems.
//!
//! What one call brings and answers is said in [`operation`], by an exhaustive match: a call that
//! is not described does not compile.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::schema::OfficeNumberText;
use crate::{
    Authentication, CONTAINER_TYPE, ChangePasswordRequest, Confirmation, ConsistencyPath,
    ConsistencyQuery, DirectoryEntry, Endpoint, EvidenceEvent, IDEMPOTENCY_KEY, IdempotencyKey,
    ListQuery, LogInRequest, Page, Problem, ProblemCode, Receipt, ReceiptList, ReceiptProof,
    RefreshRequest, SEALED_TYPE, SendingId, SendingSummary, SessionGrant, Wording,
};

/// The OpenAPI 3.1 document of the interface.
///
/// Served at [`Endpoint::Description`] and kept in the repository as `docs/openapi.json`.
#[must_use]
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for &endpoint in Endpoint::ALL {
        let described = describe(endpoint, &mut schemas);
        let path = paths
            .entry(endpoint.template())
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(calls) = path {
            calls.insert(endpoint.method().as_str().to_lowercase(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "careplan-renkei",
            "summary": "Exchange of care plans between care offices (ケアプランデータ連携).",
            "description": "docs/protocol.md says what the calls mean. Every connection is TLS 1.3 and \
                            shows the office's certificate.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.generator.take_definitions(true),
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "The office's certificate in the TLS handshake.",
                },
                "session": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token of the certificate's office.",
                },
            },
        },
    })
}

/// Schemas that refer to each other as OpenAPI has them.
struct Schemas {
    generator: SchemaGenerator,
}

impl Schemas {
    fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self {
            generator: settings.into_generator(),
        }
    }

    /// A reference to the schema of a type.
    fn of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// The members of a type, each with its schema, and whether it must be there.
    fn members<T: JsonSchema>(&mut self) -> Vec<(String, Value, bool)> {
        let schema = T::json_schema(&mut self.generator).to_value();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let Some(members) = schema["properties"].as_object().cloned() else {
            return Vec::new();
        };
        members
            .into_iter()
            .map(|(name, schema)| {
                let needed = required.iter().any(|one| *one == name.as_str());
                (name, without_null(schema), needed)
            })
            .collect()
    }
}

/// A parameter that is optional is left out; it is never the word `null`.
fn without_null(mut schema: Value) -> Value {
    let description = schema.get("description").cloned();
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| *choice != json!({"type": "null"}));
        if let [only] = choices.as_slice() {
            let mut only = only.clone();
            if let (Value::Object(only), Some(description)) = (&mut only, description) {
                only.insert("description".to_owned(), description);
            }
            return only;
        }
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    schema
}

/// What a call brings and how it is answered.
struct Operation {
    /// Besides the path's: name, place, schema, whether it must be there.
    parameters: Vec<Value>,
    request: Option<Value>,
    status: u16,
    /// None if the answer is empty.
    answer: Option<Value>,
    headers: Value,
    /// Those of this call; [`common`] gives the others.
    problems: &'static [ProblemCode],
}

impl Operation {
    fn new(status: u16, answer: Option<Value>, problems: &'static [ProblemCode]) -> Self {
        Self {
            parameters: Vec::new(),
            request: None,
            status,
            answer,
            headers: json!({}),
            problems,
        }
    }

    fn taking(mut self, request: Value) -> Self {
        self.request = Some(json!({"required": true, "content": request}));
        self
    }

    fn with_query(mut self, members: Vec<(String, Value, bool)>) -> Self {
        self.parameters
            .extend(members.into_iter().map(|(name, schema, required)| {
                json!({"name": name, "in": "query", "required": required, "schema": schema})
            }));
        self
    }
}

fn in_json(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

/// A container as it is, open or sealed.
fn container(sealed_too: bool) -> Value {
    let mut content = Map::new();
    content.insert(CONTAINER_TYPE.to_owned(), json!({}));
    if sealed_too {
        // Without its parameter, which tools take for a part of the name.
        let (kind, _) = SEALED_TYPE.split_once(';').unwrap_or((SEALED_TYPE, ""));
        content.insert(kind.to_owned(), json!({}));
    }
    Value::Object(content)
}

fn operation(endpoint: Endpoint, schemas: &mut Schemas) -> Operation {
    use ProblemCode as P;
    match endpoint {
        Endpoint::LogIn => Operation::new(
            200,
            Some(in_json(&schemas.of::<SessionGrant>())),
            &[
                P::LogInFailed,
                P::AccountLocked,
                P::PasswordTemporary,
                P::PasswordExpired,
            ],
        )
        .taking(in_json(&schemas.of::<LogInRequest>())),
        Endpoint::Refresh => Operation::new(
            200,
            Some(in_json(&schemas.of::<SessionGrant>())),
            &[P::TokenInvalid, P::TokenExpired],
        )
        .taking(in_json(&schemas.of::<RefreshRequest>())),
        Endpoint::LogOut => Operation::new(204, None, &[]),
        Endpoint::ChangePassword => Operation::new(
            204,
            None,
            &[P::LogInFailed, P::AccountLocked, P::PasswordUnsuitable],
        )
        .taking(in_json(&schemas.of::<ChangePasswordRequest>())),
        Endpoint::Directory => Operation::new(
            200,
            Some(in_json(&schemas.of::<DirectoryEntry>())),
            &[P::OfficeUnknown],
        ),
        Endpoint::Send => {
            let mut send = Operation::new(
                201,
                Some(in_json(&schemas.of::<Receipt>())),
                &[
                    P::IdempotencyKeyInvalid,
                    P::IdempotencyConflict,
                    P::OfficeUnknown,
                    P::OwnNumber,
                    P::SenderNotLicensed,
                    P::ReceiverNotLicensed,
                    P::ContainerTooLarge,
                    P::ContainerInvalid,
                    P::SignerMismatch,
                    P::SetNotStandard,
                    P::SenderMismatch,
                    P::ReceiverMismatch,
                ],
            )
            .taking(container(true));
            send.parameters.push(json!({
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": true,
                "schema": schemas.of::<IdempotencyKey>(),
            }));
            send.headers = json!({"location": {
                "description": "The path of the sending.",
                "required": true,
                "schema": {"type": "string"},
            }});
            send
        }
        Endpoint::ListSent | Endpoint::ListReceived => Operation::new(
            200,
            Some(in_json(&schemas.of::<Page<SendingSummary>>())),
            &[],
        )
        .with_query(schemas.members::<ListQuery>()),
        Endpoint::Show => Operation::new(
            200,
            Some(in_json(&schemas.of::<SendingSummary>())),
            &[P::SendingNotFound],
        ),
        Endpoint::Fetch => Operation::new(
            200,
            Some(container(true)),
            &[
                P::SendingNotFound,
                P::SendingRemoved,
                P::NotLicensedToReceive,
                P::SendingNotYetAvailable,
                P::SendingWithdrawn,
                P::SendingExpired,
                P::SendingRefused,
            ],
        ),
        Endpoint::Confirm => Operation::new(
            200,
            Some(in_json(&schemas.of::<SendingSummary>())),
            &[
                P::SendingNotFound,
                P::DigestMismatch,
                P::SendingNotFetched,
                P::SendingNotYetAvailable,
                P::SendingWithdrawn,
                P::SendingExpired,
                P::SendingRefused,
            ],
        )
        .taking(in_json(&schemas.of::<Confirmation>())),
        Endpoint::Withdraw => Operation::new(
            200,
            Some(in_json(&schemas.of::<SendingSummary>())),
            &[
                P::SendingNotFound,
                P::SendingAlreadyFetched,
                P::SendingAlreadyConfirmed,
                P::SendingExpired,
                P::SendingRefused,
            ],
        ),
        Endpoint::ListReceipts => Operation::new(
            200,
            Some(in_json(&schemas.of::<ReceiptList>())),
            &[P::SendingNotFound],
        ),
        Endpoint::FetchReceipt => Operation::new(
            200,
            Some(container(false)),
            &[P::SendingNotFound, P::ReceiptNotFound],
        ),
        Endpoint::ProveReceipt => Operation::new(
            200,
            Some(in_json(&schemas.of::<ReceiptProof>())),
            &[P::SendingNotFound, P::ReceiptNotFound, P::ReceiptNotInLog],
        ),
        Endpoint::Checkpoint => Operation::new(200, Some(container(false)), &[]),
        Endpoint::ProveLog => Operation::new(
            200,
            Some(in_json(&schemas.of::<ConsistencyPath>())),
            &[P::LogSizeUnknown],
        )
        .with_query(schemas.members::<ConsistencyQuery>()),
        Endpoint::ProblemKind => {
            let words = schemas.of::<Wording>();
            Operation::new(
                200,
                Some(in_json(&json!({
                    "type": "object",
                    "required": ["code", "status", "retry", "ja", "en"],
                    "properties": {
                        "code": {"type": "string"},
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "retry": {"enum": ["never", "later", "after_log_in"]},
                        "ja": words,
                        "en": words,
                    },
                }))),
                &[P::NotFound],
            )
        }
        Endpoint::Description => Operation::new(
            200,
            Some(in_json(&json!({
                "type": "object",
                "required": ["openapi", "info", "paths", "components"],
            }))),
            &[],
        ),
    }
}

/// Problems that every call like this one can be answered with.
fn common(endpoint: Endpoint, operation: &Operation) -> Vec<ProblemCode> {
    use ProblemCode as P;
    let mut common = vec![P::CertificateRefused, P::TooManyRequests];
    if endpoint.authentication() == Authentication::Session {
        common.extend([P::TokenMissing, P::TokenInvalid, P::TokenExpired]);
    }
    let reads_text = endpoint.template().contains('{') || !operation.parameters.is_empty();
    if reads_text || operation.request.is_some() {
        common.push(P::MalformedRequest);
    }
    if operation.request.is_some() {
        common.extend([
            P::UploadInterrupted,
            P::RequestTimeout,
            P::UnsupportedMediaType,
        ]);
    }
    common.extend([P::InternalError, P::ServiceUnavailable]);
    common
}

fn describe(endpoint: Endpoint, schemas: &mut Schemas) -> Value {
    let operation = operation(endpoint, schemas);
    let mut parameters = path_parameters(endpoint, schemas);
    parameters.extend(operation.parameters.iter().cloned());
    let mut responses = Map::new();
    let mut done = json!({
        "description": "Done.",
        "headers": with_request_id(&operation.headers),
    });
    if let Some(answer) = &operation.answer {
        done["content"] = answer.clone();
    }
    responses.insert(operation.status.to_string(), done);
    let mut codes = common(endpoint, &operation);
    codes.extend(operation.problems);
    let problem = schemas.of::<Problem>();
    for status in statuses(&codes) {
        responses.insert(status.to_string(), refused(status, &codes, &problem));
    }
    let security = match endpoint.authentication() {
        Authentication::Certificate => json!([{"certificate": []}]),
        Authentication::Session => json!([{"certificate": [], "session": []}]),
    };
    let mut described = json!({
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary().replace('`', ""),
        "security": security,
        "responses": responses,
    });
    if !parameters.is_empty() {
        described["parameters"] = Value::Array(parameters);
    }
    if let Some(request) = operation.request {
        described["requestBody"] = request;
    }
    described
}

fn operation_id(endpoint: Endpoint) -> String {
    let name = format!("{endpoint:?}");
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

fn statuses(codes: &[ProblemCode]) -> Vec<u16> {
    let mut statuses: Vec<u16> = codes.iter().map(|code| code.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
}

/// The answer with the problems of a status.
fn refused(status: u16, codes: &[ProblemCode], problem: &Value) -> Value {
    let codes: Vec<&str> = codes
        .iter()
        .filter(|code| code.status() == status)
        .map(|code| code.as_str())
        .collect();
    let headers = if status == 429 {
        json!({"retry-after": {
            "description": "After how many seconds to try again.",
            "required": true,
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }})
    } else {
        json!({})
    };
    json!({
        "description": format!("One of: {}.", codes.join(", ")),
        "headers": with_request_id(&headers),
        "content": {ProblemCode::MEDIA_TYPE: {"schema": {
            "allOf": [problem, {"properties": {
                "status": {"const": status},
                "code": {"enum": codes},
            }}],
        }}},
    })
}

fn with_request_id(headers: &Value) -> Value {
    let mut headers = headers.clone();
    headers["request-id"] = json!({
        "description": "The call's number: quote it when asking.",
        "required": true,
        "schema": {"type": "string", "format": "uuid"},
    });
    headers
}

fn path_parameters(endpoint: Endpoint, schemas: &mut Schemas) -> Vec<Value> {
    endpoint
        .template()
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let schema = match name {
                "office" => schemas.of::<OfficeNumberText>(),
                "sending" => schemas.of::<SendingId>(),
                "event" => schemas.of::<EvidenceEvent>(),
                "code" => json!({
                    "type": "string",
                    "enum": ProblemCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
                }),
                _ => json!({"type": "string"}),
            };
            json!({"name": name, "in": "path", "required": true, "schema": schema})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        if let ("$ref", Some(target)) = (name.as_str(), value.as_str()) {
                            found.push(target);
                        }
                        walk(value, found);
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
                _ => {}
            }
        }
        let document = openapi();
        let mut references = Vec::new();
        walk(&document, &mut references);
        assert!(references.len() > 20, "{}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_call_is_there_with_its_parameters_and_who_may_make_it() {
        let document = openapi();
        for &endpoint in Endpoint::ALL {
            let method = endpoint.method().as_str().to_lowercase();
            let call = &document["paths"][endpoint.template()][&method];
            assert_eq!(call["operationId"], operation_id(endpoint));
            let parameters = call["parameters"].as_array();
            let in_path = parameters.map_or(0, |all| {
                all.iter().filter(|one| one["in"] == "path").count()
            });
            assert_eq!(in_path, endpoint.template().matches('{').count());
            let session = call["security"][0].get("session").is_some();
            let needs = endpoint.authentication() == Authentication::Session;
            assert_eq!(session, needs, "{endpoint:?}");
            assert!(call["responses"].get("401").is_some() || !needs);
        }
    }

    #[test]
    fn filters_are_parameters_of_the_query() {
        let document = openapi();
        let parameters = document["paths"]["/v1/sendings/sent"]["get"]["parameters"]
            .as_array()
            .unwrap();
        let names: Vec<&str> = parameters
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        for name in [
            "office",
            "state",
            "set",
            "month",
            "accepted_from",
            "after",
            "limit",
        ] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(parameters.iter().all(|one| one["required"] == false));
    }
}

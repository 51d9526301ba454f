//! Who may make which call: every call of the protocol by every kind of caller, as one table. A call
//! that is added to the protocol does not compile here until it has its row.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use careplan_envelope::RevocationReason;
use careplan_licence::EventKind;
use careplan_platform::{PasswordValidity, Trust};
use careplan_protocol::{
    Authentication, CONTAINER_TYPE, ChangePasswordRequest, Confirmation, ConsistencyQuery,
    Endpoint, EvidenceEvent, IDEMPOTENCY_KEY, LogInRequest, Page, Problem, ProblemCode, Receipt,
    RefreshRequest, SendingId, SendingSummary, SessionGrant, path,
};
use chrono::TimeDelta;
use common::{Call, MANAGER, OUTSIDER, Office, PASSWORD, Reply, SERVICE, World, key, month_set};

/// How a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// As asked.
    Passes,
    /// With this problem.
    Is(ProblemCode),
}

/// What is wrong with a caller; nothing with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallerIs {
    Right,
    /// With another office's token, or its account.
    UsingOthers,
    /// With tokens whose time is over.
    TooLate,
    /// Another office, with everything right, asking for a sending that is not its own.
    Foreign,
    /// With a certificate that was revoked meanwhile.
    Revoked,
    /// Without a licence any more.
    Unlicensed,
    /// Locked out after wrong passwords, logged in before.
    Locked,
    /// With a password it has to change first.
    Temporary,
}

use Answer::{Is, Passes};
use ProblemCode as P;

/// The table. Without a certificate there is not even a connection: a test of its own.
fn row(endpoint: Endpoint) -> [(CallerIs, Answer); 8] {
    use CallerIs::{Foreign, Locked, Revoked, Right, TooLate, Unlicensed, UsingOthers};
    let [others, late, foreign, unlicensed, locked, temporary] = match endpoint {
        Endpoint::LogIn => [
            Is(P::LogInFailed),
            Passes,
            Passes,
            Passes,
            Is(P::AccountLocked),
            Is(P::PasswordTemporary),
        ],
        Endpoint::ChangePassword => [
            Is(P::LogInFailed),
            Passes,
            Passes,
            Passes,
            Is(P::AccountLocked),
            Passes,
        ],
        Endpoint::Refresh => [
            Is(P::TokenInvalid),
            Is(P::TokenExpired),
            Passes,
            Passes,
            Passes,
            Is(P::TokenInvalid),
        ],
        Endpoint::ProblemKind | Endpoint::Description => [Passes; 6],
        Endpoint::LogOut
        | Endpoint::Directory
        | Endpoint::ListSent
        | Endpoint::ListReceived
        | Endpoint::Checkpoint
        | Endpoint::ProveLog => of_session(Passes, Passes),
        Endpoint::Send => of_session(Is(P::SignerMismatch), Is(P::SenderNotLicensed)),
        Endpoint::Fetch => of_session(Is(P::SendingNotFound), Is(P::NotLicensedToReceive)),
        Endpoint::Show
        | Endpoint::Confirm
        | Endpoint::Withdraw
        | Endpoint::ListReceipts
        | Endpoint::FetchReceipt
        | Endpoint::ProveReceipt => of_session(Is(P::SendingNotFound), Passes),
    };
    [
        (Right, Passes),
        (UsingOthers, others),
        (TooLate, late),
        (Foreign, foreign),
        (Revoked, Is(P::CertificateRefused)),
        (Unlicensed, unlicensed),
        (Locked, locked),
        (CallerIs::Temporary, temporary),
    ]
}

fn of_session(foreign: Answer, unlicensed: Answer) -> [Answer; 6] {
    [
        Is(P::TokenInvalid),
        Is(P::TokenExpired),
        foreign,
        unlicensed,
        Passes,
        // A new password ends the sessions of the old.
        Is(P::TokenInvalid),
    ]
}

/// Offices, and between two of them a sending for every call to be about.
struct Scene {
    world: World,
    sender: Office,
    receiver: Office,
    outsider: Office,
    sendings: Vec<(Endpoint, Receipt)>,
}

/// The tokens of an office's sessions: one for the call that ends its session, one for the call
/// that uses its refresh token up, one for all others.
struct Sessions {
    to_log_out: SessionGrant,
    to_refresh: SessionGrant,
    for_the_rest: SessionGrant,
}

impl Sessions {
    fn of(world: &World, office: &Office) -> Self {
        Self {
            to_log_out: world.log_in(office),
            to_refresh: world.log_in(office),
            for_the_rest: world.log_in(office),
        }
    }

    fn tokens(&self, endpoint: Endpoint) -> &SessionGrant {
        match endpoint {
            Endpoint::LogOut => &self.to_log_out,
            Endpoint::Refresh => &self.to_refresh,
            _ => &self.for_the_rest,
        }
    }
}

/// What a caller shows.
struct Shown<'a> {
    /// Whose connection it is.
    office: &'a Office,
    /// Whose account is named at the door.
    account: &'a Office,
    tokens: &'a SessionGrant,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new();
        let sender = world.office(MANAGER);
        let receiver = world.office(SERVICE);
        let outsider = world.office(OUTSIDER);
        // Changing the password ends sessions, so it comes last.
        let mut calls = Endpoint::ALL.to_vec();
        calls.sort_by_key(|endpoint| *endpoint == Endpoint::ChangePassword);
        let sendings = {
            let (sending, receiving) = (world.session(&sender), world.session(&receiver));
            let sending_for = |endpoint| {
                let receipt = sending.send_month_set();
                if endpoint == Endpoint::Confirm {
                    assert_eq!(receiving.fetch(&receipt).status, 200);
                }
                (endpoint, receipt)
            };
            calls.into_iter().map(sending_for).collect()
        };
        world.platform().take_in_evidence().unwrap();
        Self {
            world,
            sender,
            receiver,
            outsider,
            sendings,
        }
    }

    /// The office that may make the call.
    fn right_office(&self, endpoint: Endpoint) -> &Office {
        match endpoint {
            Endpoint::Fetch | Endpoint::Confirm => &self.receiver,
            _ => &self.sender,
        }
    }

    /// Makes the call, about a sending; `Err` if there is no connection.
    fn call(
        &self,
        endpoint: Endpoint,
        shown: &Shown<'_>,
        about: (SendingId, &Receipt),
    ) -> Result<Reply, ureq::Error> {
        let (sending, receipt) = about;
        let password = || PASSWORD.parse().unwrap();
        let user_id = shown.account.user;
        let event = EvidenceEvent::Accepted;
        let mut kind = "application/json";
        let (path, body) = match endpoint {
            Endpoint::LogIn => (
                path::log_in(),
                json(&LogInRequest {
                    user_id,
                    password: password(),
                }),
            ),
            Endpoint::Refresh => (
                path::refresh(),
                json(&RefreshRequest {
                    refresh_token: shown.tokens.refresh_token.clone(),
                }),
            ),
            Endpoint::ChangePassword => (
                path::change_password(),
                json(&ChangePasswordRequest {
                    user_id,
                    password: password(),
                    new_password: "another long password".parse().unwrap(),
                }),
            ),
            Endpoint::LogOut => (path::log_out(), None),
            Endpoint::Directory => (path::directory(self.receiver.number), None),
            Endpoint::Send => {
                kind = CONTAINER_TYPE;
                let container = self.sender.seal(&month_set(), self.world.now());
                (path::send(self.receiver.number), Some(container))
            }
            Endpoint::ListSent => (path::list_sent(), None),
            Endpoint::ListReceived => (path::list_received(), None),
            Endpoint::Show => (path::show(sending), None),
            Endpoint::Fetch => (path::fetch(sending), None),
            Endpoint::Confirm => (
                path::confirm(sending),
                json(&Confirmation {
                    sha256: receipt.sha256,
                }),
            ),
            Endpoint::Withdraw => (path::withdraw(sending), None),
            Endpoint::ListReceipts => (path::list_receipts(sending), None),
            Endpoint::FetchReceipt => (path::fetch_receipt(sending, event), None),
            Endpoint::ProveReceipt => (path::prove_receipt(sending, event), None),
            Endpoint::Checkpoint => (path::checkpoint(), None),
            Endpoint::ProveLog => {
                let query = ConsistencyQuery {
                    old_size: 0,
                    new_size: 1,
                };
                (
                    format!("{}?{}", path::prove_log(), query.to_query_string()),
                    None,
                )
            }
            Endpoint::ProblemKind => (path::problem_kind(ProblemCode::OwnNumber), None),
            Endpoint::Description => (path::description(), None),
        };
        let mut call = Call::new(endpoint.method().as_str(), &path);
        if endpoint.authentication() == Authentication::Session {
            call = call.token(&shown.tokens.access_token);
        }
        if let Some(body) = &body {
            call = call
                .header("content-type", kind)
                .header(IDEMPOTENCY_KEY, key())
                .body(body);
        }
        self.world.call(&shown.office.agent, call)
    }

    /// Makes every call by the office that may, with the tokens it has, and compares.
    fn every_call(&self, caller: CallerIs, (sender, receiver): (&Sessions, &Sessions)) {
        for (endpoint, receipt) in &self.sendings {
            let office = self.right_office(*endpoint);
            let sessions = if office.number == self.sender.number {
                sender
            } else {
                receiver
            };
            let shown = Shown {
                office,
                account: office,
                tokens: sessions.tokens(*endpoint),
            };
            let reply = self
                .call(*endpoint, &shown, (receipt.sending, receipt))
                .unwrap();
            assert_answer(*endpoint, caller, &reply);
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "beside bodies that are not there")]
fn json(body: &impl serde::Serialize) -> Option<Vec<u8>> {
    Some(serde_json::to_vec(body).unwrap())
}

#[track_caller]
fn assert_answer(endpoint: Endpoint, caller: CallerIs, reply: &Reply) {
    let found = if reply.status < 400 {
        Passes
    } else {
        Is(reply.code())
    };
    let row = row(endpoint);
    let (_, expected) = row.iter().find(|(who, _)| *who == caller).unwrap();
    assert_eq!(found, *expected, "{endpoint:?} by one who is {caller:?}");
}

/// Every call, after something was made wrong with the offices that may make them.
fn every_call_after(caller: CallerIs, change: impl Fn(&World, [&Office; 2])) {
    let scene = Scene::new();
    let sender = Sessions::of(&scene.world, &scene.sender);
    let receiver = Sessions::of(&scene.world, &scene.receiver);
    change(&scene.world, [&scene.sender, &scene.receiver]);
    scene.every_call(caller, (&sender, &receiver));
}

#[test]
fn the_right_caller_passes() {
    every_call_after(CallerIs::Right, |_, _| {});
}

#[test]
fn without_a_certificate_no_call_gets_an_answer() {
    let world = World::new();
    let nobody = world.agent(None);
    for endpoint in Endpoint::ALL {
        let call = Call::new(endpoint.method().as_str(), endpoint.template());
        let path = call.path.replace(['{', '}'], "");
        let call = Call {
            path: &path,
            ..call
        };
        assert!(world.call(&nobody, call).is_err(), "{endpoint:?}");
    }
}

#[test]
fn another_offices_token_or_account_is_of_no_use() {
    let scene = Scene::new();
    let others = Sessions::of(&scene.world, &scene.outsider);
    for (endpoint, receipt) in &scene.sendings {
        let shown = Shown {
            office: scene.right_office(*endpoint),
            account: &scene.outsider,
            tokens: others.tokens(*endpoint),
        };
        let reply = scene.call(*endpoint, &shown, (receipt.sending, receipt));
        assert_answer(*endpoint, CallerIs::UsingOthers, &reply.unwrap());
    }
}

#[test]
fn tokens_end() {
    every_call_after(CallerIs::TooLate, |world, _| {
        world.clock.advance(TimeDelta::hours(8));
    });
}

#[test]
fn others_sendings_are_as_absent_as_those_that_never_were() {
    let scene = Scene::new();
    let absent: SendingId = "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap();
    let sessions = Sessions::of(&scene.world, &scene.outsider);
    for (endpoint, receipt) in &scene.sendings {
        let shown = Shown {
            office: &scene.outsider,
            account: &scene.outsider,
            tokens: sessions.tokens(*endpoint),
        };
        let reply = scene
            .call(*endpoint, &shown, (receipt.sending, receipt))
            .unwrap();
        assert_answer(*endpoint, CallerIs::Foreign, &reply);
        match endpoint {
            Endpoint::ListSent | Endpoint::ListReceived => {
                let page: Page<SendingSummary> = reply.json();
                assert!(page.items.is_empty(), "{endpoint:?}");
            }
            _ if endpoint.template().contains("{sending}") => {
                let none = scene.call(*endpoint, &shown, (absent, receipt)).unwrap();
                assert_eq!(
                    without_number(&reply),
                    without_number(&none),
                    "{endpoint:?}"
                );
            }
            _ => {}
        }
    }
}

/// A problem, and the names of the answer's headers, without what differs from call to call.
fn without_number(reply: &Reply) -> (Problem, Vec<String>) {
    let mut problem = reply.problem();
    problem.instance = None;
    let mut names: Vec<String> = reply.headers.keys().map(ToString::to_string).collect();
    names.sort();
    (problem, names)
}

#[test]
fn each_side_of_a_sending_does_only_what_is_its_own() {
    let scene = Scene::new();
    for (endpoint, office) in [
        (Endpoint::Fetch, &scene.sender),
        (Endpoint::Confirm, &scene.sender),
        (Endpoint::Withdraw, &scene.receiver),
    ] {
        let (_, receipt) = scene
            .sendings
            .iter()
            .find(|(about, _)| *about == endpoint)
            .unwrap();
        let tokens = scene.world.log_in(office);
        let shown = Shown {
            office,
            account: office,
            tokens: &tokens,
        };
        let reply = scene.call(endpoint, &shown, (receipt.sending, receipt));
        assert_eq!(reply.unwrap().code(), P::SendingNotFound, "{endpoint:?}");
    }
}

#[test]
fn a_revoked_certificate_is_of_no_use_for_anything() {
    let mut scene = Scene::new();
    // The connections stay open.
    let sender = Sessions::of(&scene.world, &scene.sender);
    let receiver = Sessions::of(&scene.world, &scene.receiver);
    let now = scene.world.now();
    let authority = &mut scene.world.authority;
    for office in [&scene.sender, &scene.receiver] {
        authority
            .revoke(&office.serial, RevocationReason::KeyCompromise, now)
            .unwrap();
    }
    let list = authority.crl(now, now + TimeDelta::days(7)).unwrap();
    let mut trust = Trust::in_authority(authority.certificate().clone());
    trust.revocation_lists.push(list);
    scene.world.platform().replace_trust(trust).unwrap();
    scene.every_call(CallerIs::Revoked, (&sender, &receiver));
}

#[test]
fn without_a_licence_nothing_new_is_sent_or_received() {
    every_call_after(CallerIs::Unlicensed, |world, offices| {
        let operator = world.platform().administration();
        for office in offices {
            let reason = "test".to_owned();
            operator
                .record_licence_event(office.number, EventKind::Revoked { reason })
                .unwrap();
        }
    });
}

#[test]
fn a_lock_keeps_from_the_door_and_not_from_a_session_under_way() {
    every_call_after(CallerIs::Locked, |world, offices| {
        for office in offices {
            for _ in 0..5 {
                let reply = world.try_log_in(office, office.user, "wrong");
                assert_eq!(reply.code(), P::LogInFailed);
            }
        }
    });
}

#[test]
fn with_a_temporary_password_one_can_only_change_it() {
    every_call_after(CallerIs::Temporary, |world, offices| {
        let operator = world.platform().administration();
        for office in offices {
            operator
                .set_password(
                    office.number,
                    office.user,
                    &PASSWORD.parse().unwrap(),
                    PasswordValidity::Temporary,
                )
                .unwrap();
        }
    });
}

//! Who is let in: certificates, passwords, tokens.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use careplan_envelope::{CertificateKind, RevocationReason};
use careplan_platform::{AdministrationError, PasswordValidity, Trust};
use careplan_protocol::{
    Authentication, ChangePasswordRequest, Endpoint, Problem, ProblemCode, RefreshRequest,
    RefreshToken, SessionGrant, UserId, path,
};
use chrono::TimeDelta;
use common::{Call, MANAGER, OUTSIDER, PASSWORD, Reply, SERVICE, World};

fn refresh(world: &World, office: &common::Office, token: &RefreshToken) -> Reply {
    let request = RefreshRequest {
        refresh_token: token.clone(),
    };
    let path = path::refresh();
    let call = Call::post(&path).json(&request);
    world.call(&office.agent, call.as_call()).unwrap()
}

/// A problem without what differs from call to call.
fn kind(reply: &Reply) -> Problem {
    let mut problem = reply.problem();
    problem.instance = None;
    problem
}

/// Every call that needs a session, with something in place of the parameter.
fn calls_with_session() -> impl Iterator<Item = (Endpoint, String)> {
    Endpoint::ALL
        .iter()
        .filter(|endpoint| endpoint.authentication() == Authentication::Session)
        .map(|endpoint| {
            let path = endpoint
                .template()
                .replace("{office}", SERVICE)
                .replace("{sending}", "0192f0a0-7c00-7000-8000-000000000001")
                .replace("{event}", "accepted");
            assert!(!path.contains('{'), "{path}");
            (*endpoint, path)
        })
}

#[test]
fn without_a_certificate_of_the_authority_there_is_no_connection() {
    let mut world = World::new();
    let mut elsewhere = World::new();
    let none = world.agent(None);
    assert!(world.call(&none, Call::get("/v1/session")).is_err());
    let foreign = elsewhere.certified(MANAGER, CertificateKind::CareDx);
    // It trusts the platform, but the platform does not trust its authority.
    let agent = world.agent(Some((&foreign.certificate, foreign.signer.key())));
    assert!(world.call(&agent, Call::get("/v1/session")).is_err());
    let office = world.registered(MANAGER);
    assert_eq!(
        world
            .call(&office.agent, Call::get("/v1/session"))
            .unwrap()
            .code(),
        ProblemCode::MethodNotAllowed
    );
}

#[test]
fn an_expired_certificate_is_refused_in_the_handshake_and_afterwards() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let session = world.session(&office);
    let list = path::list_sent();
    assert_eq!(session.get(&list).status, 200);
    world.clock.advance(TimeDelta::days(701));
    // The connection is still open.
    assert_eq!(session.get(&list).code(), ProblemCode::CertificateRefused);
    let fresh = world.agent(Some((&office.certificate, office.signer.key())));
    assert!(world.call(&fresh, Call::get(&list)).is_err());
}

#[test]
fn certificates_of_agents_and_of_the_disability_system_are_refused() {
    let mut world = World::new();
    world.registered(MANAGER);
    for kind in [CertificateKind::Agent, CertificateKind::Disability] {
        let other = world.certified(MANAGER, kind);
        let reply = world.try_log_in(&other, other.user, PASSWORD);
        assert_eq!(reply.code(), ProblemCode::CertificateRefused, "{kind}");
    }
    let other = world.certified(MANAGER, CertificateKind::CareInsurance);
    assert_eq!(world.try_log_in(&other, other.user, PASSWORD).status, 200);
}

#[test]
fn a_revoked_certificate_is_refused_at_the_next_call() {
    let mut world = World::new();
    let (revoked, other) = (world.registered(MANAGER), world.registered(SERVICE));
    let list = path::list_sent();
    let now = world.now();
    let token = world.log_in(&revoked).access_token;
    let call = |world: &World, office: &common::Office, token| {
        world.call(&office.agent, Call::get(&list).token(token))
    };
    assert_eq!(call(&world, &revoked, &token).unwrap().status, 200);

    let reason = RevocationReason::KeyCompromise;
    world
        .authority
        .revoke(&revoked.serial, reason, now)
        .unwrap();
    let list_of_revoked = world.authority.crl(now, now + TimeDelta::days(7)).unwrap();
    let mut trust = Trust::in_authority(world.authority.certificate().clone());
    trust.revocation_lists.push(list_of_revoked);
    world.platform().replace_trust(trust).unwrap();

    assert_eq!(
        call(&world, &revoked, &token).unwrap().code(),
        ProblemCode::CertificateRefused
    );
    let fresh = world.agent(Some((&revoked.certificate, revoked.signer.key())));
    assert!(world.call(&fresh, Call::get(&list)).is_err());
    let session = world.session(&other);
    assert_eq!(session.get(&list).status, 200);
}

#[test]
fn wrong_password_unknown_user_and_other_offices_user_are_answered_alike() {
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    let unknown: UserId = "KJ000000000000".parse().unwrap();
    let wrong_password = world.try_log_in(&manager, manager.user, "wrong");
    let unknown_user = world.try_log_in(&manager, unknown, PASSWORD);
    let other_office = world.try_log_in(&manager, service.user, PASSWORD);
    assert_eq!(wrong_password.code(), ProblemCode::LogInFailed);
    assert_eq!(kind(&wrong_password), kind(&unknown_user));
    assert_eq!(kind(&wrong_password), kind(&other_office));
}

#[test]
fn guessing_many_at_once_gets_no_more_answers_than_one_after_the_other() {
    let mut world = World::new();
    let manager = world.registered(MANAGER);
    let codes: Vec<_> = std::thread::scope(|threads| {
        let guesses: Vec<_> = (0..16)
            .map(|_| threads.spawn(|| world.try_log_in(&manager, manager.user, "wrong").code()))
            .collect();
        guesses
            .into_iter()
            .map(|guess| guess.join().unwrap())
            .collect()
    });
    let answered = |code| codes.iter().filter(|found| **found == code).count();
    assert_eq!(answered(ProblemCode::LogInFailed), 5, "{codes:?}");
    assert_eq!(answered(ProblemCode::AccountLocked), 11, "{codes:?}");
    // Now not even the right one.
    let locked = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(locked.problem().retry_after_seconds, Some(60));
}

#[test]
fn repeated_failures_lock_the_office_and_nobody_else() {
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    for _ in 0..5 {
        let reply = world.try_log_in(&manager, manager.user, "wrong");
        assert_eq!(reply.code(), ProblemCode::LogInFailed);
    }
    let locked = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(locked.code(), ProblemCode::AccountLocked);
    assert_eq!(locked.headers["retry-after"], "60");
    assert_eq!(locked.problem().retry_after_seconds, Some(60));
    // Somebody else's failures with the same user ID did not lock that office, and do not.
    assert_eq!(
        world.try_log_in(&service, service.user, PASSWORD).status,
        200
    );
    world.clock.advance(TimeDelta::seconds(59));
    let locked = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(locked.code(), ProblemCode::AccountLocked);
    world.clock.advance(TimeDelta::seconds(1));
    // One more failure locks for twice as long.
    world.try_log_in(&manager, manager.user, "wrong");
    let locked = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(locked.problem().retry_after_seconds, Some(120));
    world.clock.advance(TimeDelta::seconds(120));
    let reply = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(reply.status, 200);
    // All forgotten.
    let reply = world.try_log_in(&manager, manager.user, "wrong");
    assert_eq!(reply.code(), ProblemCode::LogInFailed);
}

#[test]
fn temporary_and_expired_passwords_are_told_apart_from_wrong_ones() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let set = |validity| {
        world
            .platform()
            .administration()
            .set_password(
                office.number,
                office.user,
                &PASSWORD.parse().unwrap(),
                validity,
            )
            .unwrap();
    };
    let log_in = |password| world.try_log_in(&office, office.user, password);
    set(PasswordValidity::Temporary);
    assert_eq!(log_in(PASSWORD).code(), ProblemCode::PasswordTemporary);
    assert_eq!(log_in("wrong").code(), ProblemCode::LogInFailed);
    set(PasswordValidity::Until(world.now() + TimeDelta::days(1)));
    assert_eq!(log_in(PASSWORD).status, 200);
    world.clock.advance(TimeDelta::days(1));
    assert_eq!(log_in(PASSWORD).code(), ProblemCode::PasswordExpired);
    assert_eq!(log_in("wrong").code(), ProblemCode::LogInFailed);
}

#[test]
fn every_call_but_logging_in_needs_a_good_token_of_the_same_office() {
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    let others = world.log_in(&service).access_token;
    let expired = world.log_in(&manager).access_token;
    let over = world.log_in(&manager).access_token;
    let path = path::log_out();
    let log_out = Call::new("DELETE", &path).token(&over);
    assert_eq!(world.call(&manager.agent, log_out).unwrap().status, 204);
    world.clock.advance(TimeDelta::minutes(60));
    let made_up = "A".repeat(43).parse().unwrap();
    let mut calls = 0;
    for (endpoint, path) in calls_with_session() {
        let call = || Call::new(endpoint.method().as_str(), &path);
        let code = |call| world.call(&manager.agent, call).unwrap().code();
        assert_eq!(code(call()), ProblemCode::TokenMissing, "{endpoint:?}");
        for (token, expected) in [
            (&made_up, ProblemCode::TokenInvalid),
            (&others, ProblemCode::TokenInvalid),
            (&over, ProblemCode::TokenInvalid),
            (&expired, ProblemCode::TokenExpired),
        ] {
            assert_eq!(code(call().token(token)), expected, "{endpoint:?}");
        }
        for header in ["Bearer", "Basic abc", "Bearer not/base64url===="] {
            let call = call().header("authorization", header);
            assert_eq!(code(call), ProblemCode::TokenInvalid, "{endpoint:?}");
        }
        calls += 1;
    }
    assert_eq!(calls, 14);
}

#[test]
fn a_refused_upload_is_still_answered() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    // Larger than what fits into the buffers of a connection.
    let large = vec![0; 8 * 1024 * 1024];
    let path = path::send(SERVICE.parse().unwrap());
    let reply = world
        .call(&office.agent, Call::post(&path).body(&large))
        .unwrap();
    assert_eq!(reply.code(), ProblemCode::TokenMissing);
}

#[test]
fn refreshing_gives_new_tokens_once() {
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    let list = path::list_sent();
    let status = |grant: &SessionGrant| {
        let call = Call::get(&list).token(&grant.access_token);
        world.call(&manager.agent, call).unwrap().status
    };
    let first = world.log_in(&manager);
    assert_eq!(first.office.as_str(), MANAGER);
    assert_eq!(
        first.times.access_expires_at,
        world.now() + TimeDelta::minutes(60)
    );
    world.clock.advance(TimeDelta::minutes(90));
    assert_eq!(status(&first), 401);
    // Another office's certificate does not get at it, and does not use it up.
    assert_eq!(
        refresh(&world, &service, &first.refresh_token).code(),
        ProblemCode::TokenInvalid
    );
    let second: SessionGrant = refresh(&world, &manager, &first.refresh_token).json();
    assert_eq!(status(&second), 200);
    assert_eq!(
        second.times.refresh_expires_at,
        first.times.refresh_expires_at
    );
    // The first refresh token again: somebody copied it, so the session ends.
    assert_eq!(
        refresh(&world, &manager, &first.refresh_token).code(),
        ProblemCode::TokenInvalid
    );
    assert_eq!(status(&second), 401);
    assert_eq!(
        refresh(&world, &manager, &second.refresh_token).code(),
        ProblemCode::TokenInvalid
    );
}

#[test]
fn a_session_ends_after_eight_hours() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let mut grant = world.log_in(&office);
    for _ in 0..7 {
        world.clock.advance(TimeDelta::hours(1));
        grant = refresh(&world, &office, &grant.refresh_token).json();
    }
    world.clock.advance(TimeDelta::hours(1));
    let late = refresh(&world, &office, &grant.refresh_token);
    assert_eq!(late.code(), ProblemCode::TokenExpired);
    world.platform().sweep().unwrap();
    let late = refresh(&world, &office, &grant.refresh_token);
    assert_eq!(late.code(), ProblemCode::TokenInvalid);
}

#[test]
fn a_new_password_ends_the_sessions() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let session = world.session(&office);
    world
        .platform()
        .administration()
        .set_password(
            office.number,
            office.user,
            &"another password".parse().unwrap(),
            PasswordValidity::Unlimited,
        )
        .unwrap();
    let reply = session.get(&path::list_sent());
    assert_eq!(reply.code(), ProblemCode::TokenInvalid);
    let reply = world.try_log_in(&office, office.user, PASSWORD);
    assert_eq!(reply.code(), ProblemCode::LogInFailed);
}

#[test]
fn malformed_requests_are_refused_without_repeating_them() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let path = path::log_in();
    let log_in = |body: &str, kind: &str| {
        let call = Call::post(&path)
            .header("content-type", kind)
            .body(body.as_bytes());
        world.call(&office.agent, call).unwrap()
    };
    for body in [
        "",
        "{",
        "[]",
        r#"{"user_id":"KJ001370948774"}"#,
        r#"{"user_id":"KJ001370948774","password":"secret-1","more":1}"#,
        r#"{"user_id":"secret-1","password":"x"}"#,
        r#"{"user_id":"KJ001370948774","password":{"secret-1":1}}"#,
    ] {
        let reply = log_in(body, "application/json");
        assert_eq!(reply.code(), ProblemCode::MalformedRequest, "{body}");
        assert!(!String::from_utf8_lossy(&reply.body).contains("secret-1"));
    }
    assert_eq!(
        log_in("{}", "text/plain").code(),
        ProblemCode::UnsupportedMediaType
    );
    let long = format!("{{\"user_id\":\"{}\"}}", "x".repeat(20_000));
    assert_eq!(
        log_in(&long, "application/json").code(),
        ProblemCode::MalformedRequest
    );
    let session = world.session(&office);
    for path in ["/v1/sendings/1", "/v1/offices/1", "/v1/sendings/%FF"] {
        assert_eq!(
            session.get(path).code(),
            ProblemCode::MalformedRequest,
            "{path}"
        );
    }
    assert_eq!(session.get("/").code(), ProblemCode::NotFound);
    assert_eq!(session.get("/v2/session").code(), ProblemCode::NotFound);
    assert_eq!(
        session.put(&path::log_in()).code(),
        ProblemCode::MethodNotAllowed
    );
}

#[test]
fn problems_speak_the_callers_language_and_their_type_leads_to_the_table() {
    let mut world = World::new();
    let office = world.registered(OUTSIDER);
    let ask = |language: &str| {
        let call = Call::get("/v1/nothing").header("accept-language", language);
        world.call(&office.agent, call).unwrap().problem()
    };
    let english = ask("en-GB");
    assert_eq!(english.title, english.en.title);
    let japanese = ask("ja,en;q=0.5");
    assert_eq!(japanese.title, japanese.ja.title);
    assert_eq!(japanese.en, english.en);
    let row = world
        .call(&office.agent, Call::get(&english.type_uri))
        .unwrap();
    let row: serde_json::Value = row.json();
    assert_eq!(row["code"], "not_found");
    assert_eq!(row["status"], 404);
    assert_eq!(row["retry"], "never");
    let unknown = Call::get("/v1/problems/no_such_code");
    let unknown = world.call(&office.agent, unknown).unwrap();
    assert_eq!(unknown.code(), ProblemCode::NotFound);
}

#[test]
fn an_office_that_was_never_registered_gets_no_further_than_the_door() {
    let mut world = World::new();
    let office = world.certified(MANAGER, CertificateKind::CareDx);
    let reply = world.try_log_in(&office, office.user, PASSWORD);
    assert_eq!(reply.code(), ProblemCode::LogInFailed);
    let error = world
        .platform()
        .administration()
        .set_password(
            office.number,
            office.user,
            &PASSWORD.parse().unwrap(),
            PasswordValidity::Unlimited,
        )
        .unwrap_err();
    assert!(error.to_string().contains(MANAGER), "{error}");
    let operator = world.platform().administration();
    let error = operator.end_sessions(office.number).unwrap_err();
    assert!(error.to_string().contains(MANAGER), "{error}");
}

#[test]
fn a_user_id_does_not_move_to_another_office_by_a_slip() {
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    let session = world.session(&manager);
    let password = "a slip of the pen".parse().unwrap();
    let error = world
        .platform()
        .administration()
        .set_password(
            service.number,
            manager.user,
            &password,
            PasswordValidity::Unlimited,
        )
        .unwrap_err();
    assert!(matches!(error, AdministrationError::OtherOfficesAccount));
    // Whose it is, is not told.
    assert!(!error.to_string().contains(MANAGER), "{error}");
    assert_eq!(session.get(&path::list_sent()).status, 200);
    let log_in = world.try_log_in(&manager, manager.user, PASSWORD);
    assert_eq!(log_in.status, 200);
}

/// Changes the password of an office's own account.
fn change_password(world: &World, office: &common::Office, current: &str, new: &str) -> Reply {
    let request = ChangePasswordRequest {
        user_id: office.user,
        password: current.parse().unwrap(),
        new_password: new.parse().unwrap(),
    };
    let path = path::change_password();
    let call = Call::new("PUT", &path).json(&request);
    world.call(&office.agent, call.as_call()).unwrap()
}

#[test]
fn an_office_changes_its_own_password_and_its_sessions_end() {
    const NEW: &str = "短くない合言葉 8";
    let mut world = World::new();
    let (manager, service) = (world.registered(MANAGER), world.registered(SERVICE));
    let session = world.session(&manager);
    let others = world.session(&service);
    assert_eq!(change_password(&world, &manager, PASSWORD, NEW).status, 204);
    let list = path::list_sent();
    assert_eq!(session.get(&list).code(), ProblemCode::TokenInvalid);
    assert_eq!(others.get(&list).status, 200);
    let log_in = |password| world.try_log_in(&manager, manager.user, password);
    assert_eq!(log_in(PASSWORD).code(), ProblemCode::LogInFailed);
    assert_eq!(log_in(NEW).status, 200);
}

#[test]
fn a_temporary_or_expired_password_can_be_changed_and_only_that() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    for validity in [
        PasswordValidity::Temporary,
        PasswordValidity::Until(world.now()),
    ] {
        let password = PASSWORD.parse().unwrap();
        let operator = world.platform().administration();
        operator
            .set_password(office.number, office.user, &password, validity)
            .unwrap();
        let log_in = |password| world.try_log_in(&office, office.user, password);
        assert_eq!(log_in(PASSWORD).status, 403);
        let reply = change_password(&world, &office, PASSWORD, "password of my own");
        assert_eq!(reply.status, 204);
        assert_eq!(log_in("password of my own").status, 200);
    }
}

#[test]
fn a_new_password_is_long_and_new_and_no_user_id() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    let user = office.user.to_string();
    for unsuitable in ["seven 7", PASSWORD, &user, &user.to_lowercase()] {
        let reply = change_password(&world, &office, PASSWORD, unsuitable);
        assert_eq!(reply.code(), ProblemCode::PasswordUnsuitable);
    }
    assert_eq!(world.try_log_in(&office, office.user, PASSWORD).status, 200);
}

#[test]
fn guessing_the_present_password_locks_as_logging_in_does() {
    let mut world = World::new();
    let office = world.registered(MANAGER);
    for _ in 0..5 {
        // Whether the new one would do is not told to who does not know the present one.
        let reply = change_password(&world, &office, "wrong", "short");
        assert_eq!(reply.code(), ProblemCode::LogInFailed);
    }
    let reply = change_password(&world, &office, PASSWORD, "password of my own");
    assert_eq!(reply.code(), ProblemCode::AccountLocked);
    let reply = world.try_log_in(&office, office.user, PASSWORD);
    assert_eq!(reply.code(), ProblemCode::AccountLocked);
}

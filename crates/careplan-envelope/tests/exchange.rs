//! What is signed verifies, with every kind of key, and only for whom and when it should.

mod common;

use std::io::{Cursor, Read};

use aws_lc_rs::digest::{SHA256, digest};
use careplan_core::{Explain, Lang, OfficeNumber, Sha256Digest};
use careplan_envelope::*;
use chrono::TimeDelta;
use common::*;
use rustls_pki_types::CertificateDer;

#[test]
fn every_key_kind_signs_and_verifies() {
    let mut authority = authority();
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
    ] {
        for padding in [RsaPadding::Pkcs1, RsaPadding::Pss] {
            let signer = signer_of(&mut authority, algorithm, CertificateKind::CareInsurance)
                .with_rsa_padding(padding);
            let (signed, bytes) = container_with(&signer, Compression::Deflate, &FILES);
            assert_eq!(signed.size, bytes.len() as u64);
            let mut envelope = verifier(&authority)
                .verify(Cursor::new(&bytes), now())
                .unwrap_or_else(|error| panic!("{algorithm:?} {padding:?}: {error}"));
            assert_eq!(envelope.signer().office, office());
            assert_eq!(envelope.signer().kind, CertificateKind::CareInsurance);
            assert_eq!(envelope.signed_at(), now());
            assert_eq!(envelope.files(), signed.files);
            for (name, contents) in FILES {
                assert_eq!(envelope.read_file(name).unwrap(), contents);
            }
            let whole = digest(&SHA256, &bytes);
            let whole = Sha256Digest::new(whole.as_ref().try_into().unwrap());
            assert_eq!(envelope.digest().unwrap(), whole);
            assert_eq!(container_digest(&mut Cursor::new(&bytes)).unwrap(), whole);
        }
    }
}

#[test]
fn the_authority_may_have_any_key() {
    for algorithm in [KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
        let mut authority = Authority::create("Authority", algorithm, year()).unwrap();
        let signer = signer(&mut authority);
        let list = authority.crl(now(), now() + TimeDelta::days(1)).unwrap();
        Verifier::builder()
            .trust_anchor(authority.certificate())
            .unwrap()
            .crl(&list)
            .unwrap()
            .build()
            .unwrap()
            .verify(Cursor::new(container(&signer)), now())
            .unwrap();
    }
}

#[test]
fn kinds_that_may_not_exchange_are_refused_with_that_reason() {
    let mut authority = authority();
    for (kind, code) in [
        (CertificateKind::Agent, "agent-certificate"),
        (CertificateKind::Disability, "disability-certificate"),
    ] {
        let signer = signer_of(&mut authority, KeyAlgorithm::EcdsaP256, kind);
        let error = verifier(&authority)
            .verify(Cursor::new(container(&signer)), now())
            .unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.explain(Lang::Ja).contains(kind.name(Lang::Ja)));
        let certificate = &signer.certificate_chain()[0];
        let error = CertificateProfile::default()
            .office_of(certificate)
            .unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[test]
fn the_platform_reads_the_office_from_a_client_certificate() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let certificate = &signer.certificate_chain()[0];
    let office = CertificateProfile::default()
        .office_of(certificate)
        .unwrap();
    assert_eq!(office.office, common::office());
    assert_eq!(office.kind, CertificateKind::CareDx);
    assert_eq!(office.serial, authority.register()[0].serial);
    assert_eq!(office.not_after, time("2027-04-01T00:00:00Z"));

    // A server's certificate is no office's.
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let server = authority
        .issue_server(&key, &["localhost"], year())
        .unwrap();
    let error = CertificateProfile::default()
        .office_of(&server.certificate)
        .unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::KindUnknown));
    let garbage = b"not a certificate".as_slice().into();
    let error = CertificateProfile::default()
        .office_of(&garbage)
        .unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::CertificateMalformed));
}

#[test]
fn a_certificate_holds_only_in_its_time() {
    let mut authority = authority();
    let bytes = container(&signer(&mut authority));
    let at = |text: &str| {
        let result = verifier(&authority).verify(Cursor::new(&bytes), time(text));
        result.map(drop).map_err(|error| error.code())
    };
    assert_eq!(at("2027-04-01T00:00:00Z"), Ok(()));
    assert_eq!(at("2027-04-01T00:00:01Z"), Err("certificate-expired"));
    assert_eq!(at("2026-03-31T23:59:59Z"), Err("certificate-not-yet-valid"));
    // Five minutes are forgiven the sender's clock.
    assert_eq!(at("2026-11-02T01:55:00Z"), Ok(()));
    assert_eq!(at("2026-11-02T01:54:59Z"), Err("signed-in-future"));
    assert_eq!(at("1969-12-31T23:59:59Z"), Err("time-out-of-range"));
}

#[test]
fn signing_outside_the_validity_is_refused_on_the_spot() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let mut writer =
        EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default()).unwrap();
    writer.add("a.csv", &mut &b"a"[..]).unwrap();
    let error = writer
        .finish(&signer, time("2027-05-01T00:00:00Z"))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CertificateNotValid);
}

#[test]
fn revoked_is_refused_once_the_list_says_so() {
    let mut authority = authority();
    let good = signer(&mut authority);
    let bad = signer(&mut authority);
    let verify = |authority: &mut Authority, signer: &SoftwareSigner, at| {
        let list = authority.crl(now(), now() + TimeDelta::days(7)).unwrap();
        let verifier = Verifier::builder()
            .trust_anchor(authority.certificate())
            .unwrap()
            .crl(&list)
            .unwrap()
            .build()
            .unwrap();
        let result = verifier.verify(Cursor::new(container(signer)), at);
        result.map(drop).map_err(|error| error.code())
    };
    assert_eq!(verify(&mut authority, &bad, now()), Ok(()));
    let serial = authority.register()[1].serial.clone();
    authority
        .revoke(&serial, RevocationReason::KeyCompromise, now())
        .unwrap();
    assert_eq!(
        verify(&mut authority, &bad, now()),
        Err("certificate-revoked")
    );
    assert_eq!(verify(&mut authority, &good, now()), Ok(()));
    assert_eq!(
        verify(&mut authority, &good, now() + TimeDelta::days(8)),
        Err("revocation-list-expired")
    );
    let again = authority.revoke(&serial, RevocationReason::Superseded, now());
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyRevoked);
    let unknown = "0102".parse().unwrap();
    let never = authority.revoke(&unknown, RevocationReason::Superseded, now());
    assert_eq!(never.unwrap_err().kind(), ErrorKind::UnknownSerial);
}

#[test]
fn lists_of_others_do_not_count() {
    let mut one = authority();
    let mut other = Authority::create("Other authority", KeyAlgorithm::EcdsaP256, year()).unwrap();
    // Same name, other key: its list must not pass as the first one's.
    let mut double = authority();
    let bytes = container(&signer(&mut one));
    for (list_of, code) in [
        (&mut other, "revocation-unknown"),
        (&mut double, "revocation-list-invalid"),
    ] {
        let list = list_of.crl(now(), now() + TimeDelta::days(7)).unwrap();
        let error = Verifier::builder()
            .trust_anchor(one.certificate())
            .unwrap()
            .crl(&list)
            .unwrap()
            .build()
            .unwrap()
            .verify(Cursor::new(&bytes), now())
            .unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[test]
fn certificates_of_other_authorities_are_not_trusted() {
    let mut one = authority();
    let double = authority();
    // The same name again, with a key of another kind.
    let kind = Authority::create("Test authority", KeyAlgorithm::Rsa2048, year()).unwrap();
    let other = Authority::create("Other authority", KeyAlgorithm::EcdsaP256, year()).unwrap();
    let bytes = container(&signer(&mut one));
    for trusted in [&double, &kind, &other] {
        let error = verifier(trusted)
            .verify(Cursor::new(&bytes), now())
            .unwrap_err();
        assert_eq!(error.refusal(), Some(Refusal::UntrustedIssuer));
    }
}

#[test]
fn the_authority_survives_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("authority");
    let mut first = authority();
    let signer = signer(&mut first);
    first.save(&home).unwrap();
    let serial = first.register()[0].serial.clone();
    first
        .revoke(&serial, RevocationReason::Superseded, now())
        .unwrap();
    first.crl(now(), now() + TimeDelta::days(1)).unwrap();
    drop(first);

    let mut second = Authority::open(&home).unwrap();
    assert!(second.register()[0].revoked.is_some());
    let list = second.crl(now(), now() + TimeDelta::days(1)).unwrap();
    let error = Verifier::builder()
        .trust_anchor(second.certificate())
        .unwrap()
        .crl(&list)
        .unwrap()
        .build()
        .unwrap()
        .verify(Cursor::new(container(&signer)), now())
        .unwrap_err();
    assert_eq!(error.refusal(), Some(Refusal::CertificateRevoked));

    let busy = Authority::open(&home).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::AuthorityBusy);
    drop(second);
    let again = authority().save(&home).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AuthorityExists);
    let missing = Authority::open(folder.path()).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    std::fs::write(home.join("register.json"), "{").unwrap();
    let damaged = Authority::open(&home).unwrap_err();
    assert_eq!(damaged.kind(), ErrorKind::AuthorityFolder);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = home.join("authority.key.pem").metadata().unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn requests_are_checked() {
    let mut authority = authority();
    let key = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
    let request = key.request_pem(office()).unwrap();
    let mut issue = |request: &[u8], office: OfficeNumber| {
        let kind = CertificateKind::CareDx;
        let result = authority.issue_office(request, office, kind, year());
        result.map(drop).map_err(|error| error.kind())
    };
    assert_eq!(issue(request.as_bytes(), office()), Ok(()));
    let other = "1375169671".parse().unwrap();
    assert_eq!(
        issue(request.as_bytes(), other),
        Err(ErrorKind::RequestOffice)
    );
    assert_eq!(issue(b"", office()), Err(ErrorKind::Request));
    let der = pem::request(request.as_bytes()).unwrap();
    assert_eq!(issue(&der, office()), Ok(()));
    let mut forged = der.to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(issue(&forged, office()), Err(ErrorKind::RequestSignature));

    let long = Validity::new(now(), time("2037-01-01T00:00:00Z")).unwrap();
    let error = authority
        .issue_office(request.as_bytes(), office(), CertificateKind::CareDx, long)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValidityBeyondAuthority);
    for names in [&[][..], &["not a name"], &["localhost", ""]] {
        let error = authority.issue_server(&key, names, year()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ServerName);
    }
}

#[test]
fn an_issue_password_is_good_for_one_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    authority.save(folder.path()).unwrap();
    let request = |algorithm| {
        let key = PrivateKey::generate(algorithm).unwrap();
        key.request_pem(office()).unwrap()
    };
    let pem = request(KeyAlgorithm::EcdsaP256);
    let issue = |authority: &mut Authority, request: &str, password: &str| {
        let result =
            authority.issue_with_password(request.as_bytes(), office(), password, year(), now());
        result.map_err(|error| error.kind())
    };
    let until = now() + TimeDelta::days(30);
    assert_eq!(
        issue(&mut authority, &pem, "").unwrap_err(),
        ErrorKind::IssuePassword
    );
    for kind in [CertificateKind::Agent, CertificateKind::Operator] {
        let error = authority.invite(office(), kind, until).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Kind);
    }

    let first = authority
        .invite(office(), CertificateKind::CareDx, until)
        .unwrap();
    let second = authority
        .invite(office(), CertificateKind::CareDx, until)
        .unwrap();
    assert_eq!(
        issue(&mut authority, &pem, &first).unwrap_err(),
        ErrorKind::IssuePassword
    );
    // A bad request does not use the password up, and the invitation survives on disk.
    assert_eq!(
        issue(&mut authority, "", &second).unwrap_err(),
        ErrorKind::Request
    );
    drop(authority);
    let register = std::fs::read_to_string(folder.path().join("register.json")).unwrap();
    assert!(!register.contains(&second.replace('-', "")) && !register.contains(second.as_str()));
    let mut authority = Authority::open(folder.path()).unwrap();
    let issued = issue(&mut authority, &pem, &second).unwrap();
    let certificate = CertificateProfile::default()
        .office_of(&issued.certificate)
        .unwrap();
    assert_eq!(certificate.office, office());
    assert_eq!(certificate.kind, CertificateKind::CareDx);
    assert_eq!(
        issue(&mut authority, &pem, &second).unwrap_err(),
        ErrorKind::IssuePassword
    );

    // One certificate per office.
    let third = authority
        .invite(office(), CertificateKind::CareDx, until)
        .unwrap();
    assert_eq!(
        issue(&mut authority, &pem, &third).unwrap_err(),
        ErrorKind::CertificateExists
    );
    authority
        .revoke(&issued.serial, RevocationReason::KeyCompromise, now())
        .unwrap();
    issue(&mut authority, &pem, &third).unwrap();
}

#[test]
fn wrong_issue_passwords_are_counted_beyond_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut authority = authority();
    authority.save(folder.path()).unwrap();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = key.request_pem(office()).unwrap();
    let until = now() + TimeDelta::days(30);
    let password = authority
        .invite(office(), CertificateKind::CareDx, until)
        .unwrap();
    for _ in 0..5 {
        let wrong = "0000-0000-0000-0000";
        let error = authority
            .issue_with_password(request.as_bytes(), office(), wrong, year(), now())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IssuePassword);
        drop(authority);
        authority = Authority::open(folder.path()).unwrap();
    }
    let error = authority
        .issue_with_password(request.as_bytes(), office(), &password, year(), now())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IssuePassword);
}

#[test]
fn a_certificate_is_renewed_once_while_it_is_usable() {
    let mut authority = authority();
    signer(&mut authority);
    let old = authority.register()[0].serial.clone();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = key.request_pem(office()).unwrap();
    let renew = |authority: &mut Authority, serial: &CertificateSerial, at| {
        let result = authority.renew(request.as_bytes(), serial, year(), at);
        result.map_err(|error| error.kind())
    };
    let expired = renew(&mut authority, &old, time("2027-05-01T00:00:00Z"));
    assert_eq!(expired.unwrap_err(), ErrorKind::NotRenewable);
    let unknown = renew(&mut authority, &"0102".parse().unwrap(), now());
    assert_eq!(unknown.unwrap_err(), ErrorKind::UnknownSerial);

    let new = renew(&mut authority, &old, now()).unwrap();
    assert_eq!(authority.register()[1].renews, Some(old.clone()));
    let again = renew(&mut authority, &old, now());
    assert_eq!(again.unwrap_err(), ErrorKind::NotRenewable);
    // Both are usable until the old one ends.
    assert!(authority.register()[0].is_usable(now()));
    let signer = SoftwareSigner::new(key, vec![new.certificate]).unwrap();
    verifier(&authority)
        .verify(Cursor::new(container(&signer)), now())
        .unwrap();

    authority
        .revoke(&new.serial, RevocationReason::KeyCompromise, now())
        .unwrap();
    let revoked = authority
        .renew(request.as_bytes(), &new.serial, year(), now())
        .unwrap_err();
    assert_eq!(revoked.kind(), ErrorKind::NotRenewable);
    let server_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let server = authority
        .issue_server(&server_key, &["localhost"], year())
        .unwrap();
    let error = authority
        .renew(request.as_bytes(), &server.serial, year(), now())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRenewable);

    // What people read of it.
    let lines = |at, lang| -> Vec<String> {
        let entries = authority.register().iter();
        entries.map(|entry| entry.line(at, lang)).collect()
    };
    let (new, server) = (new.serial, server.serial);
    assert_eq!(
        lines(now(), Lang::En),
        [
            format!("{old}  2027-04-01T00:00:00Z  usable  1370948774 care DX certificate"),
            format!(
                "{new}  2027-04-01T00:00:00Z  revoked 2026-11-02T02:00:00Z  1370948774 care DX certificate"
            ),
            format!("{server}  2027-04-01T00:00:00Z  usable  localhost"),
        ]
    );
    let late = lines(time("2027-05-01T00:00:00Z"), Lang::Ja);
    assert_eq!(
        late[0],
        format!("{old}  2027-04-01T00:00:00Z  期限外  1370948774 介護DX証明書")
    );
}

#[test]
fn keys_are_read_in_every_form_and_never_shown() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Rsa2048,
    ] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let pem = key.to_pem().unwrap();
        let read = PrivateKey::from_pem(pem.as_bytes()).unwrap();
        assert_eq!(
            read.public_key_info().unwrap(),
            key.public_key_info().unwrap()
        );
        let shown = format!("{read:?}");
        assert!(shown.len() < 80, "{shown}");
        PrivateKey::from_der(&key.to_rustls().unwrap()).unwrap();
    }
    let empty = PrivateKey::from_pem(b"").unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::Pem);
    let folder = tempfile::tempdir().unwrap();
    for (arguments, readable) in [
        (
            &["genrsa", "-traditional", "-out", "key.pem", "2048"][..],
            true,
        ),
        (&["genrsa", "-out", "key.pem", "1024"], false),
        (
            &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"],
            false,
        ),
        (
            &[
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                "key.pem",
            ],
            true,
        ),
        (
            &[
                "ecparam",
                "-name",
                "secp384r1",
                "-genkey",
                "-noout",
                "-out",
                "key.pem",
            ],
            true,
        ),
        (
            &[
                "ecparam",
                "-name",
                "secp521r1",
                "-genkey",
                "-noout",
                "-out",
                "key.pem",
            ],
            false,
        ),
    ] {
        run(folder.path(), "openssl", arguments);
        let pem = std::fs::read(folder.path().join("key.pem")).unwrap();
        let result = PrivateKey::from_pem(&pem).map(drop);
        let expected = if readable {
            Ok(())
        } else {
            Err(ErrorKind::Key)
        };
        assert_eq!(
            result.map_err(|error| error.kind()),
            expected,
            "{arguments:?}"
        );
    }
}

#[test]
fn a_signer_needs_its_own_certificate() {
    let mut authority = authority();
    let chain = signer(&mut authority).certificate_chain().to_vec();
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let error = SoftwareSigner::new(key, chain).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyMismatch);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let error = SoftwareSigner::new(key, Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ChainEmpty);
}

/// Shows one certificate and signs with another's key, as a token with several keys may.
struct WrongSlot {
    shown: SoftwareSigner,
    used: SoftwareSigner,
}

impl Signer for WrongSlot {
    fn certificate_chain(&self) -> &[CertificateDer<'static>] {
        self.shown.certificate_chain()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.shown.algorithm()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.used.sign(message)
    }
}

#[test]
fn a_token_that_signs_with_another_key_is_found_out_before_anything_is_sent() {
    let mut authority = authority();
    let (shown, used) = (signer(&mut authority), signer(&mut authority));
    let mut writer =
        EnvelopeWriter::new(Cursor::new(Vec::new()), WriterOptions::default()).unwrap();
    writer.add("UPPLAN.CSV", &mut &b"1"[..]).unwrap();
    let error = writer
        .finish(&WrongSlot { shown, used }, now())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlgorithmMismatch);
}

#[test]
fn files_that_cannot_be_sent_are_refused_before_signing() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let limits = {
        let mut limits = Limits::default();
        limits.file = 10;
        limits.total = 15;
        limits.entries = 6;
        limits
    };
    let new = || {
        let options = WriterOptions::default().with_limits(limits);
        EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap()
    };
    let mut writer = new();
    let add = |writer: &mut EnvelopeWriter<_>, name: &str, len: usize| {
        let result = writer.add(name, &mut vec![0; len].as_slice());
        result.map(drop).map_err(|error| error.kind())
    };
    assert_eq!(add(&mut writer, "a/b.csv", 1), Err(ErrorKind::FileName));
    assert_eq!(add(&mut writer, "a.csv", 10), Ok(()));
    assert_eq!(add(&mut writer, "A.CSV", 1), Err(ErrorKind::DuplicateFile));
    assert_eq!(add(&mut writer, "b.csv", 5), Ok(()));
    assert_eq!(add(&mut writer, "c.csv", 0), Ok(()));
    assert_eq!(add(&mut writer, "d.csv", 0), Err(ErrorKind::TooManyFiles));
    writer.finish(&signer, now()).unwrap();

    let mut writer = new();
    assert_eq!(add(&mut writer, "a.csv", 11), Err(ErrorKind::TooLarge));
    // Half an entry is written: nothing good can come of this writer any more.
    assert_eq!(add(&mut writer, "b.csv", 1), Err(ErrorKind::TooLarge));
    let error = writer.finish(&signer, now()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);

    let error = new().finish(&signer, now()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoFiles);
    let used = EnvelopeWriter::new(Cursor::new(vec![0]), WriterOptions::default()).unwrap_err();
    assert_eq!(used.kind(), ErrorKind::Io);
}

#[test]
fn what_receivers_would_take_for_a_bomb_is_not_sent() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let finish = |compression, size: u64| {
        let options = WriterOptions::default().with_compression(compression);
        let mut writer = EnvelopeWriter::new(Cursor::new(Vec::new()), options).unwrap();
        writer
            .add("ZEROS.CSV", &mut std::io::repeat(b'0').take(size))
            .unwrap();
        writer.finish(&signer, now()).map(|(_, output)| output)
    };
    let error = finish(Compression::Deflate, 1 << 20).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ShrinksTooMuch);
    for (compression, size) in [
        (Compression::Stored, 1 << 20),
        (Compression::Deflate, 1 << 16),
    ] {
        let output = finish(compression, size).unwrap();
        verifier(&authority).verify(output, now()).unwrap();
    }
}

#[test]
fn files_are_taken_out_only_unchanged() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    let (_, mut bytes) = container_with(&signer, Compression::Stored, &FILES);
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let mut envelope = verifier(&authority)
        .verify(file.try_clone().unwrap(), now())
        .unwrap();
    assert!(matches!(
        envelope.read_file("other.csv"),
        Err(ExtractError::NoSuchFile)
    ));
    assert!(matches!(
        envelope.copy_file(FILES[0].0, &mut [0; 3].as_mut_slice()),
        Err(ExtractError::Sink(_))
    ));
    assert_eq!(envelope.read_file(FILES[0].0).unwrap(), FILES[0].1);

    // Somebody writes into the file behind our back.
    let at = bytes
        .windows(8)
        .position(|bytes| bytes == b"%PDF-1.7")
        .unwrap();
    bytes[at] ^= 1;
    std::io::Seek::rewind(&mut file).unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    match envelope.read_file(FILES[1].0) {
        Err(ExtractError::Container(error)) => assert_eq!(error.code(), "checksum-mismatch"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn reading_trouble_is_not_a_refusal() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    impl std::io::Seek for Broken {
        fn seek(&mut self, _: std::io::SeekFrom) -> std::io::Result<u64> {
            Ok(1000)
        }
    }
    let error = verifier(&authority()).verify(Broken, now()).unwrap_err();
    assert!(error.is_io());
    assert_eq!((error.code(), error.refusal()), ("io", None));
}

/// The library's own way to encrypted keys; what the program does with them is tested there.
#[cfg(feature = "encrypted-keys")]
#[test]
fn encrypted_keys_are_told_apart_and_read_with_their_password() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| run(folder.path(), "openssl", arguments);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    for (key, algorithm) in [
        ("p256", KeyAlgorithm::EcdsaP256),
        ("rsa", KeyAlgorithm::Rsa2048),
    ] {
        let plain = PrivateKey::generate(algorithm).unwrap();
        std::fs::write(folder.path().join(key), plain.to_pem().unwrap().as_bytes()).unwrap();
        for (name, options) in [
            ("aes256", &["-v2", "aes-256-cbc"][..]),
            (
                "aes128",
                &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
            ),
            ("scrypt", &["-scrypt"]),
        ] {
            for form in ["PEM", "DER"] {
                let out = format!("{key}-{name}-{form}");
                let common = [
                    "pkcs8",
                    "-topk8",
                    "-in",
                    key,
                    "-out",
                    &out,
                    "-outform",
                    form,
                    "-passout",
                    "pass:あいことば",
                ];
                openssl(&[&common[..], options].concat());
                let file = read(&out);
                assert_eq!(
                    load::private_key(&file).unwrap_err().kind(),
                    ErrorKind::KeyEncrypted
                );
                let opened = load::encrypted_private_key(&file, "あいことば").unwrap();
                assert_eq!(
                    opened.public_key_info().unwrap(),
                    plain.public_key_info().unwrap()
                );
                for wrong in ["", "あいことは"] {
                    let error = load::encrypted_private_key(&file, wrong).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::KeyPassword);
                }
                // Cut off or changed: never a key.
                for cut in [0, 20, file.len() / 2, file.len() - 30] {
                    assert!(load::encrypted_private_key(&file[..cut], "あいことば").is_err());
                }
            }
        }
        // PBES1, which has been broken for long.
        openssl(&[
            "pkcs8",
            "-topk8",
            "-in",
            key,
            "-out",
            "old",
            "-v1",
            "PBE-SHA1-3DES",
            "-passout",
            "pass:x",
        ]);
        assert_eq!(
            load::encrypted_private_key(&read("old"), "x")
                .unwrap_err()
                .kind(),
            ErrorKind::KeyEncrypted
        );
        // A key that is not encrypted is not read as one that is.
        assert!(load::encrypted_private_key(&read(key), "x").is_err());
    }
}

//! Which revocation list counts when a verifier has several: of other dates, of another key of the
//! same name, for a part of the certificates.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::fs;
use std::io::Cursor;

use careplan_envelope::{
    Authority, ErrorKind, PrivateKey, RevocationReason, SoftwareSigner, Verifier,
};
use chrono::{DateTime, TimeDelta, Utc};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use common::openssl::{OFFICE, OpenSsl, P256, SUBJECT};
use common::{authority, container, now, signer};

type List = CertificateRevocationListDer<'static>;

/// What a verifier with some anchors and lists says of a container.
fn judge(
    anchors: &[&CertificateDer<'_>],
    lists: &[&List],
    container: &[u8],
    at: DateTime<Utc>,
) -> String {
    let mut builder = Verifier::builder();
    for anchor in anchors {
        builder = builder.trust_anchor(anchor).unwrap();
    }
    for list in lists {
        builder = builder.crl(list).unwrap();
    }
    let verifier = builder.build().unwrap();
    match verifier.verify(Cursor::new(container), at) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

fn revoke_last(authority: &mut Authority) {
    let serial = authority.register().last().unwrap().serial.clone();
    authority
        .revoke(&serial, RevocationReason::KeyCompromise, now())
        .unwrap();
}

#[test]
fn the_newest_list_counts_in_whatever_order_they_come() {
    let mut authority = authority();
    let bytes = container(&signer(&mut authority));
    let day = TimeDelta::days(1);
    let expired = authority.crl(now() - day * 9, now() - day).unwrap();
    let before = authority.crl(now() - day, now() + day * 6).unwrap();
    revoke_last(&mut authority);
    let after = authority.crl(now(), now() + day * 7).unwrap();
    let judge = |lists: &[&List]| judge(&[authority.certificate()], lists, &bytes, now());

    assert_eq!(judge(&[&expired]), "revocation-list-expired");
    assert_eq!(judge(&[&before]), "accepted");
    for lists in [[&expired, &before], [&before, &expired]] {
        assert_eq!(judge(&lists), "accepted");
    }
    for lists in [
        [&before, &after, &expired],
        [&after, &before, &expired],
        [&expired, &after, &before],
        [&after, &after, &after],
    ] {
        assert_eq!(judge(&lists), "certificate-revoked");
    }
}

/// An authority that changed its key has two certificates, and signs a list with each.
#[test]
fn of_two_keys_of_one_name_the_issuers_list_counts() {
    let (mut old, mut new) = (authority(), authority());
    let containers = [&mut old, &mut new].map(|authority| container(&signer(authority)));
    let day = TimeDelta::days(1);
    let good = [&mut old, &mut new].map(|one| one.crl(now() - day, now() + day).unwrap());
    let anchors = [old.certificate().clone(), new.certificate().clone()];
    let judge = |lists: &[&List], container: &[u8]| {
        judge(&[&anchors[0], &anchors[1]], lists, container, now())
    };
    for container in &containers {
        assert_eq!(judge(&[&good[0], &good[1]], container), "accepted");
        assert_eq!(judge(&[&good[1], &good[0]], container), "accepted");
    }
    // With the other key's list only, nothing is known of a certificate.
    assert_eq!(
        judge(&[&good[1]], &containers[0]),
        "revocation-list-invalid"
    );

    revoke_last(&mut old);
    let revoked = old.crl(now(), now() + day).unwrap();
    for lists in [[&revoked, &good[1]], [&good[1], &revoked]] {
        assert_eq!(judge(&lists, &containers[0]), "certificate-revoked");
        assert_eq!(judge(&lists, &containers[1]), "accepted");
    }
}

/// A list of OpenSSL's authority, of no certificates, with these extensions.
fn openssl_list(openssl: &OpenSsl, extensions: &str) -> List {
    fs::write(openssl.file("index"), "").unwrap();
    fs::write(openssl.file("number"), "01\n").unwrap();
    fs::write(
        openssl.file("ca.conf"),
        format!(
            "[ca]\ndatabase=index\ncrlnumber=number\n\
             [list]\nauthorityKeyIdentifier=keyid\n{extensions}\n"
        ),
    )
    .unwrap();
    openssl.run(&[
        "ca", "-gencrl", "-config", "ca.conf", "-name", "ca", "-cert", "root.crt", "-keyfile",
        "root.key", "-md", "sha256", "-crldays", "5", "-crlexts", "list", "-out", "list.crl",
    ]);
    careplan_envelope::pem::revocation_lists(&openssl.read("list.crl"))
        .unwrap()
        .remove(0)
}

#[test]
fn a_list_of_one_distribution_point_counts_where_the_certificate_names_it() {
    let openssl = OpenSsl::new();
    let signed = |name: &str, points: &str| {
        let extensions = format!("{OFFICE}{points}");
        openssl.issue(name, P256, SUBJECT, &extensions, "root", &["-sha256"]);
        let key = PrivateKey::from_pem(&openssl.read(&format!("{name}.key"))).unwrap();
        let signer = SoftwareSigner::new(key, vec![openssl.certificate(name)]).unwrap();
        let output = Cursor::new(Vec::new());
        let mut writer =
            careplan_envelope::EnvelopeWriter::new(output, Default::default()).unwrap();
        writer.add("file", &mut &b"contents"[..]).unwrap();
        writer.finish(&signer, Utc::now()).unwrap().1.into_inner()
    };
    let here = signed(
        "here",
        "crlDistributionPoints=URI:http://example.jp/1.crl\n",
    );
    let there = signed(
        "there",
        "crlDistributionPoints=URI:http://example.jp/2.crl\n",
    );
    let nowhere = signed("nowhere", "");

    let whole = openssl_list(&openssl, "");
    let part = openssl_list(
        &openssl,
        "issuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://example.jp/1.crl\n",
    );
    let root = openssl.certificate("root");
    let judge = |lists: &[&List], container: &[u8]| judge(&[&root], lists, container, Utc::now());
    for container in [&here, &there, &nowhere] {
        assert_eq!(judge(&[&whole], container), "accepted");
        assert_eq!(judge(&[&part, &whole], container), "accepted");
    }
    assert_eq!(judge(&[&part], &here), "accepted");
    assert_eq!(judge(&[&part], &there), "revocation-unknown");
    assert_eq!(judge(&[&part], &nowhere), "revocation-unknown");
}

#[test]
fn lists_that_are_not_understood_are_refused_at_once() {
    let openssl = OpenSsl::new();
    for extensions in [
        // A delta list.
        "2.5.29.27=critical,DER:020101\n",
        "1.3.6.1.4.1.32473.9=critical,ASN1:NULL\n",
        "issuingDistributionPoint=critical,@point\n[point]\nonlyuser=TRUE\n",
        "issuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://example.jp/1.crl\nindirectCRL=TRUE\n",
        "issuingDistributionPoint=critical,@point\n[point]\nfullname=URI:http://example.jp/1.crl\nonlysomereasons=keyCompromise\n",
    ] {
        let list = openssl_list(&openssl, extensions);
        let error = Verifier::builder().crl(&list).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Crl, "{extensions}");
    }
    for garbage in [&b""[..], b"\x30\x00", b"garbage", &[0x30; 500]] {
        let list = CertificateRevocationListDer::from(garbage.to_vec());
        let error = Verifier::builder().crl(&list).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Crl);
    }
}

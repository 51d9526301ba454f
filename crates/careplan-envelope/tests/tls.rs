//! An office's certificate serves as TLS client certificate too, and the authority's server
//! certificates are good for rustls. TLS 1.3 in memory.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::sync::Arc;

use careplan_envelope::*;
use common::{office, time};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, ConfigSide, RootCertStore, ServerConfig,
    ServerConnection, WantsVersions,
};

/// rustls checks certificates at the real time: these outlast it.
fn decades() -> Validity {
    Validity::new(time("2020-01-01T00:00:00Z"), time("2099-01-01T00:00:00Z")).unwrap()
}

struct Sides {
    roots: Arc<RootCertStore>,
    server: (Vec<CertificateDer<'static>>, PrivateKey),
    client: (Vec<CertificateDer<'static>>, PrivateKey),
}

fn sides(algorithm: KeyAlgorithm) -> Sides {
    let mut authority = Authority::create("Authority", algorithm, decades()).unwrap();
    let server_key = PrivateKey::generate(algorithm).unwrap();
    let names = ["localhost", "127.0.0.1", "::1"];
    let server = authority
        .issue_server(&server_key, &names, decades())
        .unwrap();
    let key = PrivateKey::generate(algorithm).unwrap();
    let request = key.request_pem(office()).unwrap();
    let kind = CertificateKind::CareInsurance;
    let issued = authority
        .issue_office(request.as_bytes(), office(), kind, decades())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    Sides {
        roots: Arc::new(roots),
        server: (vec![server.certificate], server_key),
        client: (vec![issued.certificate], key),
    }
}

fn tls13<S: ConfigSide>(
    builder: ConfigBuilder<S, WantsVersions>,
) -> ConfigBuilder<S, rustls::WantsVerifier> {
    builder
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
}

/// Shakes hands in memory; gives the certificate that the server saw.
fn handshake(
    sides: &Sides,
    name: &str,
    client: &(Vec<CertificateDer<'static>>, PrivateKey),
) -> Result<CertificateDer<'static>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(sides.roots.clone(), provider.clone())
            .build()
            .unwrap();
    let (chain, key) = &sides.server;
    let server = tls13(ServerConfig::builder_with_provider(provider.clone()))
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain.clone(), key.to_rustls().unwrap())?;
    let (chain, key) = client;
    let client = tls13(ClientConfig::builder_with_provider(provider))
        .with_root_certificates(sides.roots.clone())
        .with_client_auth_cert(chain.clone(), key.to_rustls().unwrap())?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    while client.is_handshaking() || server.is_handshaking() {
        let mut flight = Vec::new();
        client.write_tls(&mut flight).unwrap();
        server.read_tls(&mut flight.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut flight = Vec::new();
        server.write_tls(&mut flight).unwrap();
        client.read_tls(&mut flight.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(server.peer_certificates().unwrap()[0].clone().into_owned())
}

#[test]
fn offices_log_in_with_what_they_sign_with() {
    for algorithm in [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::Rsa2048,
    ] {
        let sides = sides(algorithm);
        for name in ["localhost", "127.0.0.1", "::1"] {
            let seen = handshake(&sides, name, &sides.client).unwrap();
            let seen = CertificateProfile::default().office_of(&seen).unwrap();
            assert_eq!(seen.office, office());
            assert_eq!(seen.kind, CertificateKind::CareInsurance);
        }
    }
}

#[test]
fn other_names_and_other_certificates_are_refused() {
    let here = sides(KeyAlgorithm::EcdsaP256);
    handshake(&here, "example.com", &here.client).unwrap_err();
    handshake(&here, "127.0.0.2", &here.client).unwrap_err();
    // A server's certificate is none for clients, and an office's none for servers.
    handshake(&here, "localhost", &here.server).unwrap_err();
    let other = sides(KeyAlgorithm::EcdsaP256);
    handshake(&here, "localhost", &other.client).unwrap_err();
}

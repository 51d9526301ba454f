//! Certificates and signatures made by OpenSSL, for what our own code would not make.

use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;

use super::run;

/// A folder with an authority made by OpenSSL.
pub(crate) struct OpenSsl {
    folder: tempfile::TempDir,
}

/// Extensions of a good office certificate; the default profile's care DX policy.
pub(crate) const OFFICE: &str = "basicConstraints=critical,CA:FALSE\n\
    keyUsage=critical,digitalSignature\n\
    extendedKeyUsage=clientAuth\n\
    certificatePolicies=1.3.6.1.4.1.32473.1.2\n";

/// Subject of a good office certificate.
pub(crate) const SUBJECT: &str = "/C=JP/CN=1370948774/serialNumber=1370948774";

/// Arguments of `openssl genpkey` for keys.
pub(crate) const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const RSA2048: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

impl OpenSsl {
    pub(crate) fn new() -> Self {
        let openssl = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        openssl.key("root", P256);
        openssl.run(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "root.key",
            "-subj",
            "/C=JP/CN=OpenSSL authority",
            "-days",
            "3650",
            "-sha256",
            "-out",
            "root.crt",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        openssl
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        run(self.path(), "openssl", arguments)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    pub(crate) fn certificate(&self, name: &str) -> CertificateDer<'static> {
        let pem = self.read(&format!("{name}.crt"));
        careplan_envelope::pem::certificates(&pem)
            .unwrap()
            .remove(0)
    }

    pub(crate) fn key(&self, name: &str, algorithm: &[&str]) {
        let file = format!("{name}.key");
        self.run(&[&["genpkey", "-out", &file][..], algorithm].concat());
    }

    /// A certificate `name`.crt with its key, issued by `issuer`.
    pub(crate) fn issue(
        &self,
        name: &str,
        algorithm: &[&str],
        subject: &str,
        extensions: &str,
        issuer: &str,
        more: &[&str],
    ) {
        self.key(name, algorithm);
        self.request(name, subject);
        fs::write(self.file("extensions"), extensions).unwrap();
        let [key, request, certificate] =
            ["key", "csr", "crt"].map(|extension| format!("{name}.{extension}"));
        let _ = key;
        let [issuer_key, issuer_certificate] =
            ["key", "crt"].map(|extension| format!("{issuer}.{extension}"));
        let mut arguments = vec![
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &issuer_certificate,
            "-CAkey",
            &issuer_key,
            "-CAcreateserial",
            "-days",
            "365",
            "-out",
            &certificate,
        ];
        if !extensions.is_empty() {
            arguments.extend(["-extfile", "extensions"]);
        }
        arguments.extend(more);
        self.run(&arguments);
    }

    fn request(&self, name: &str, subject: &str) {
        let [key, request] = ["key", "csr"].map(|extension| format!("{name}.{extension}"));
        self.run(&[
            "req", "-new", "-key", &key, "-subj", subject, "-out", &request,
        ]);
    }

    /// A good office certificate of a kind of key.
    pub(crate) fn office(&self, name: &str, algorithm: &[&str]) {
        self.issue(name, algorithm, SUBJECT, OFFICE, "root", &["-sha256"]);
    }

    /// `openssl cms -sign` over a message, detached, DER.
    pub(crate) fn sign(&self, signer: &str, message: &[u8], more: &[&str]) -> Vec<u8> {
        fs::write(self.file("message"), message).unwrap();
        let [key, certificate] = ["key", "crt"].map(|extension| format!("{signer}.{extension}"));
        let mut arguments = vec![
            "cms",
            "-sign",
            "-binary",
            "-in",
            "message",
            "-outform",
            "DER",
            "-out",
            "signature",
            "-signer",
            &certificate,
            "-inkey",
            &key,
        ];
        arguments.extend(more);
        self.run(&arguments);
        self.read("signature")
    }

    /// As [`sign`](Self::sign), as CAdES.
    pub(crate) fn sign_cades(&self, signer: &str, message: &[u8]) -> Vec<u8> {
        self.sign(signer, message, &["-cades", "-md", "sha256", "-nosmimecap"])
    }
}

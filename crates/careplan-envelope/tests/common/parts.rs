//! The parts of a container, written independently of the library.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::zip::Entry;

pub(crate) const MIMETYPE: &[u8] = b"application/vnd.etsi.asic-e+zip";
pub(crate) const MANIFEST: &str = "META-INF/ASiCManifest001.xml";
pub(crate) const SIGNATURE: &str = "META-INF/signature001.p7s";

pub(crate) const SIG_REFERENCE: &str = r#"<asic:SigReference URI="META-INF/signature001.p7s" MimeType="application/pkcs7-signature"/>"#;

/// Base64 of a SHA-256.
pub(crate) fn digest(contents: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, contents);
    BASE64_STANDARD.encode(digest)
}

/// A `DataObjectReference`; `uri` is percent-encoded already.
pub(crate) fn reference(uri: &str, digest: &str) -> String {
    format!(
        r#"<asic:DataObjectReference URI="{uri}" MimeType="text/csv"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{digest}</ds:DigestValue></asic:DataObjectReference>"#
    )
}

/// A manifest around its elements.
pub(crate) fn manifest(elements: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">{elements}</asic:ASiCManifest>"#
    )
}

/// A manifest of files whose names need no encoding.
pub(crate) fn manifest_of(files: &[(&str, &[u8])]) -> String {
    let references: String = files
        .iter()
        .map(|(name, contents)| reference(name, &digest(contents)))
        .collect();
    manifest(&format!("{SIG_REFERENCE}{references}"))
}

/// The entries of a container: `mimetype`, the files, manifest, signature.
pub(crate) fn entries(files: &[(&str, &[u8])], manifest: &[u8], signature: &[u8]) -> Vec<Entry> {
    let mut entries = vec![Entry::stored("mimetype", MIMETYPE)];
    entries.extend(
        files
            .iter()
            .map(|(name, contents)| Entry::deflated(name, contents)),
    );
    entries.push(Entry::stored(MANIFEST, manifest));
    entries.push(Entry::stored(SIGNATURE, signature));
    entries
}

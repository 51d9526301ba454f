//! The ASiC manifest (EN 319 162-1 annex A.4): which files are signed, with their digests.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use careplan_core::Sha256Digest;
use quick_xml::NsReader;
use quick_xml::Writer;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::Refusal;
use crate::name;

/// Where the manifest stands in the container.
pub(crate) const MANIFEST_NAME: &str = "META-INF/ASiCManifest001.xml";
/// Where the signature stands in the container.
pub(crate) const SIGNATURE_NAME: &str = "META-INF/signature001.p7s";

const ASIC: &str = "http://uri.etsi.org/02918/v1.2.1#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SIGNATURE_TYPE: &str = "application/pkcs7-signature";

/// More attributes than any element of a manifest has, with bindings of prefixes.
const MAX_ATTRIBUTES: usize = 16;

/// White space of XML 1.0.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Identifiers of broken digests, to say so rather than "unknown".
const WEAK: [&str; 3] = [
    "http://www.w3.org/2000/09/xmldsig#sha1",
    "http://www.w3.org/2001/04/xmldsig-more#md5",
    "http://www.w3.org/2007/05/xmldsig-more#md5",
];

/// A signed file as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) digest: Sha256Digest,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The signature's name in the container.
    pub(crate) signature: String,
    /// The signed files, in order; at least one.
    pub(crate) references: Vec<Reference>,
}

/// The media type written for a file, by its extension.
fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => "text/csv",
        Some("pdf") => "application/pdf",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        _ => "application/octet-stream",
    }
}

/// Writes a manifest: UTF-8, no white space between elements.
pub(crate) fn write(references: &[Reference]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(
        BytesStart::new("asic:ASiCManifest")
            .with_attributes([("xmlns:asic", ASIC), ("xmlns:ds", DS)]),
    ))?;
    writer.write_event(Event::Empty(
        BytesStart::new("asic:SigReference")
            .with_attributes([("URI", SIGNATURE_NAME), ("MimeType", SIGNATURE_TYPE)]),
    ))?;
    for reference in references {
        let uri = name::to_uri(&reference.name);
        let digest = BASE64_STANDARD.encode(reference.digest.as_bytes());
        writer.write_event(Event::Start(
            BytesStart::new("asic:DataObjectReference").with_attributes([
                ("URI", uri.as_str()),
                ("MimeType", media_type(&reference.name)),
            ]),
        ))?;
        writer.write_event(Event::Empty(
            BytesStart::new("ds:DigestMethod").with_attributes([("Algorithm", SHA256)]),
        ))?;
        writer.write_event(Event::Start(BytesStart::new("ds:DigestValue")))?;
        writer.write_event(Event::Text(BytesText::new(&digest)))?;
        writer.write_event(Event::End(BytesEnd::new("ds:DigestValue")))?;
        writer.write_event(Event::End(BytesEnd::new("asic:DataObjectReference")))?;
    }
    writer.write_event(Event::End(BytesEnd::new("asic:ASiCManifest")))?;
    Ok(writer.into_inner())
}

/// Reads a manifest. Only what [`write`] can express is accepted, with white space between
/// elements and other namespace prefixes.
///
/// More than `max_references` files are refused before they are kept.
pub(crate) fn read(bytes: &[u8], max_references: usize) -> Result<Manifest, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::ManifestMalformed)?;
    let mut parser = Parser::new(text);
    let [] = parser.start(Space::Asic, "ASiCManifest", &[])?;

    let [uri, media_type] = parser.start(Space::Asic, "SigReference", &["URI", "MimeType"])?;
    if media_type.is_some_and(|found| found != SIGNATURE_TYPE) {
        return Err(Refusal::ManifestMalformed);
    }
    let signature = uri
        .and_then(|uri| name::from_uri(&uri))
        .ok_or(Refusal::ManifestMalformed)?;
    parser.end()?;

    let mut references = Vec::new();
    while parser.more()? {
        if references.len() == max_references {
            return Err(Refusal::TooManyEntries);
        }
        references.push(reference(&mut parser)?);
    }
    parser.end()?;
    parser.end_of_document()?;
    if references.is_empty() {
        return Err(Refusal::NoFiles);
    }
    Ok(Manifest {
        signature,
        references,
    })
}

fn reference(parser: &mut Parser<'_>) -> Result<Reference, Refusal> {
    let [uri, _media_type, root] = parser.start(
        Space::Asic,
        "DataObjectReference",
        &["URI", "MimeType", "Rootfile"],
    )?;
    if root.is_some_and(|root| !matches!(root.as_str(), "true" | "false" | "1" | "0")) {
        return Err(Refusal::ManifestMalformed);
    }
    let name = uri
        .and_then(|uri| name::from_uri(&uri))
        .ok_or(Refusal::ManifestMalformed)?;

    let [algorithm] = parser.start(Space::Ds, "DigestMethod", &["Algorithm"])?;
    match algorithm.as_deref() {
        Some(SHA256) => {}
        Some(weak) if WEAK.contains(&weak) => return Err(Refusal::WeakAlgorithm),
        Some(_) => return Err(Refusal::UnsupportedAlgorithm),
        None => return Err(Refusal::ManifestMalformed),
    }
    parser.end()?;

    let [] = parser.start(Space::Ds, "DigestValue", &[])?;
    let digest = BASE64_STANDARD
        .decode(parser.text()?)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .map(Sha256Digest::new)
        .ok_or(Refusal::ManifestMalformed)?;
    parser.end()?;
    parser.end()?;
    Ok(Reference { name, digest })
}

/// Pulls exactly the expected tags out of the XML; anything else is malformed.
struct Parser<'a> {
    reader: NsReader<&'a [u8]>,
    /// The next event, if it was looked at already.
    next: Option<Token<'a>>,
}

/// The namespaces of a manifest.
#[derive(PartialEq, Eq)]
enum Space {
    Asic,
    Ds,
}

enum Token<'a> {
    Start(Space, BytesStart<'a>),
    End,
    Text(Cow<'a, str>),
    Eof,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_end_names = true;
        Self { reader, next: None }
    }

    /// A start tag; gives the values of its attributes in the order of `allowed`.
    fn start<const N: usize>(
        &mut self,
        space: Space,
        name: &str,
        allowed: &[&str; N],
    ) -> Result<[Option<String>; N], Refusal> {
        match self.token()? {
            Token::Start(found, start) if found == space && start.local_name().as_ref() == name => {
                attributes(&start, allowed)
            }
            _ => Err(Refusal::ManifestMalformed),
        }
    }

    fn end(&mut self) -> Result<(), Refusal> {
        match self.token()? {
            Token::End => Ok(()),
            _ => Err(Refusal::ManifestMalformed),
        }
    }

    fn text(&mut self) -> Result<String, Refusal> {
        match self.token()? {
            Token::Text(text) => Ok(text.trim_matches(WHITE_SPACE).to_owned()),
            _ => Err(Refusal::ManifestMalformed),
        }
    }

    /// Whether another element starts before the current one ends.
    fn more(&mut self) -> Result<bool, Refusal> {
        let token = self.token()?;
        let more = matches!(token, Token::Start(..));
        self.next = Some(token);
        Ok(more)
    }

    fn end_of_document(&mut self) -> Result<(), Refusal> {
        match self.token()? {
            Token::Eof => Ok(()),
            _ => Err(Refusal::ManifestMalformed),
        }
    }

    /// The next event; white space alone does not count.
    fn token(&mut self) -> Result<Token<'a>, Refusal> {
        if let Some(token) = self.next.take() {
            return Ok(token);
        }
        let malformed = Refusal::ManifestMalformed;
        loop {
            let at_start = self.reader.buffer_position() == 0;
            let (namespace, event) = self.reader.read_resolved_event().map_err(|_| malformed)?;
            match event {
                Event::Start(start) => {
                    let space = match namespace {
                        ResolveResult::Bound(Namespace(ASIC)) => Space::Asic,
                        ResolveResult::Bound(Namespace(DS)) => Space::Ds,
                        _ => return Err(malformed),
                    };
                    return Ok(Token::Start(space, start));
                }
                Event::End(_) => return Ok(Token::End),
                Event::Text(text) => {
                    let text = text.xml10_content();
                    if !text.trim_matches(WHITE_SPACE).is_empty() {
                        return Ok(Token::Text(text));
                    }
                }
                Event::Decl(declaration) if at_start => declared_utf8(&declaration)?,
                Event::Eof => return Ok(Token::Eof),
                // Comments, CDATA, entities, instructions and document types say nothing here,
                // and are where readers of XML disagree.
                _ => return Err(malformed),
            }
        }
    }
}

/// XML 1.0 in UTF-8 (or nothing said, which means the same).
fn declared_utf8(declaration: &BytesDecl<'_>) -> Result<(), Refusal> {
    let version = declaration
        .version()
        .map_err(|_| Refusal::ManifestMalformed)?;
    let utf8 = match declaration.encoding() {
        None => true,
        Some(Ok(encoding)) => encoding.eq_ignore_ascii_case("UTF-8"),
        Some(Err(_)) => false,
    };
    if version != "1.0" || !utf8 {
        return Err(Refusal::ManifestMalformed);
    }
    Ok(())
}

/// The values of a tag's attributes in the order of `allowed`, without those that bind prefixes;
/// none may have a prefix or stand there twice.
fn attributes<const N: usize>(
    start: &BytesStart<'_>,
    allowed: &[&str; N],
) -> Result<[Option<String>; N], Refusal> {
    let mut values = [const { None }; N];
    for (count, attribute) in start.attributes().enumerate() {
        // The reader compares every attribute with those before it.
        if count == MAX_ATTRIBUTES {
            return Err(Refusal::ManifestMalformed);
        }
        let attribute = attribute.map_err(|_| Refusal::ManifestMalformed)?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let slot = allowed
            .iter()
            .zip(&mut values)
            .find_map(|(allowed, slot)| (*allowed == attribute.key.as_ref()).then_some(slot))
            .ok_or(Refusal::ManifestMalformed)?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| Refusal::ManifestMalformed)?;
        *slot = Some(value.into_owned());
    }
    Ok(values)
}

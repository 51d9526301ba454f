//! The CMS message around the ciphertext: `ContentInfo` (RFC 5652) with `AuthEnvelopedData`
//! (RFC 5083).
//!
//! The ciphertext itself is never copied: writing makes what stands before and after it, reading
//! says where it is. Strict DER; no attributes, which this format does not use.

use std::ops::Range;

use cms::content_info::CmsVersion;
use cms::enveloped_data::{RecipientInfo, RecipientInfos};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, OctetString, OctetStringRef};
use der::{
    Decode, Encode, EncodingRules, Header, Length, Reader, Sequence, SliceReader, Tag, TagNumber,
};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::error::{SealError, SealErrorKind as Kind};

/// id-ct-authEnvelopedData (RFC 5083 section 2).
const AUTH_ENVELOPED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23");
/// id-data (RFC 5652 section 4).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// id-aes256-GCM (RFC 5084 section 3.2).
const AES256_GCM: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.46");

/// The tag's length in bytes.
const TAG: u8 = 16;
/// The length of what stands after the ciphertext: the tag with its header.
pub(super) const AFTER: u64 = 2 + TAG as u64;

/// `GCMParameters` (RFC 5084 section 3.2).
#[derive(Sequence)]
struct GcmParameters {
    nonce: OctetString,
    #[asn1(default = "default_tag")]
    tag_length: u8,
}

fn default_tag() -> u8 {
    12
}

/// What stands before and after the ciphertext.
pub(super) struct Frame {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// The parts of a message; the ciphertext by its place.
pub(super) struct Parts {
    pub(super) recipients: Vec<RecipientInfo>,
    pub(super) nonce: [u8; 12],
    pub(super) content: Range<usize>,
    pub(super) tag: [u8; TAG as usize],
}

const fn context(number: u32, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: TagNumber(number),
    }
}

/// The header of an element of so many bytes.
fn header(tag: Tag, length: usize) -> Result<Vec<u8>, der::Error> {
    Header::new(tag, Length::try_from(length)?).to_der()
}

pub(super) fn frame(
    recipients: Vec<RecipientInfo>,
    nonce: &[u8; 12],
    content: usize,
    tag: &[u8],
) -> Result<Frame, SealError> {
    encode(recipients, nonce, content, tag).map_err(|_| Kind::Crypto.into())
}

fn encode(
    recipients: Vec<RecipientInfo>,
    nonce: &[u8; 12],
    content: usize,
    tag: &[u8],
) -> Result<Frame, der::Error> {
    let after = OctetStringRef::new(tag)?.to_der()?;

    // From the ciphertext outwards: each element's header needs the length of what it holds.
    let algorithm = AlgorithmIdentifierOwned {
        oid: AES256_GCM,
        parameters: Some(Any::encode_from(&GcmParameters {
            nonce: OctetString::new(nonce.as_slice())?,
            tag_length: TAG,
        })?),
    };
    let mut info = DATA.to_der()?;
    algorithm.encode_to_vec(&mut info)?;
    info.extend(header(context(0, false), content)?);

    let mut data = CmsVersion::V0.to_der()?;
    RecipientInfos::try_from(recipients)?.encode_to_vec(&mut data)?;
    data.extend(header(Tag::Sequence, info.len() + content)?);
    data.extend(info);

    let data_length = data.len() + content + after.len();
    let data_header = header(Tag::Sequence, data_length)?;
    let explicit_length = data_header.len() + data_length;
    let mut message = AUTH_ENVELOPED_DATA.to_der()?;
    message.extend(header(context(0, true), explicit_length)?);
    let message_length = message.len() + explicit_length;

    let mut before = header(Tag::Sequence, message_length)?;
    before.extend(message);
    before.extend(data_header);
    before.extend(data);
    Ok(Frame { before, after })
}

/// Reads elements one inside the other, checking that each ends where its contents do.
struct Nested<'a> {
    reader: SliceReader<'a>,
}

impl Nested<'_> {
    /// Enters an element; gives where it ends.
    fn enter(&mut self, tag: Tag) -> Result<u64, SealError> {
        let header = Header::decode(&mut self.reader).map_err(malformed)?;
        if header.tag() != tag {
            return Err(Kind::Malformed.into());
        }
        Ok(self.position() + u64::from(u32::from(header.length())))
    }

    fn position(&self) -> u64 {
        u64::from(u32::from(self.reader.position()))
    }
}

fn malformed(_: der::Error) -> SealError {
    Kind::Malformed.into()
}

pub(super) fn looks_sealed(beginning: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(beginning) else {
        return false;
    };
    Header::decode(&mut reader).is_ok_and(|header| header.tag() == Tag::Sequence)
        && <ObjectIdentifier>::decode(&mut reader).is_ok_and(|oid| oid == AUTH_ENVELOPED_DATA)
}

pub(super) fn parse(sealed: &[u8]) -> Result<Parts, SealError> {
    let before = parse_before(sealed, sealed.len() as u64)?;
    let place = |position: u64| usize::try_from(position).map_err(|_| Kind::TooLarge);
    let content = place(before.content.start)?..place(before.content.end)?;
    let tag = parse_after(sealed.get(content.end..).ok_or(Kind::Malformed)?)?;
    Ok(Parts {
        recipients: before.recipients,
        nonce: before.nonce,
        content,
        tag,
    })
}

/// What stands before the ciphertext, and where in the message that is.
pub(super) struct Before {
    pub(super) recipients: Vec<RecipientInfo>,
    pub(super) nonce: [u8; 12],
    pub(super) content: Range<u64>,
}

/// Reads the beginning of a message of `size` bytes, up to the ciphertext at least. The lengths
/// all around it must agree that after the ciphertext there is the tag and nothing else.
pub(super) fn parse_before(beginning: &[u8], size: u64) -> Result<Before, SealError> {
    if !looks_sealed(beginning) {
        return Err(Kind::NotSealed.into());
    }
    let reader = SliceReader::new_with_encoding_rules(beginning, EncodingRules::Der);
    let mut nested = Nested {
        reader: reader.map_err(malformed)?,
    };

    let message_end = nested.enter(Tag::Sequence)?;
    if message_end > size {
        // What is missing was cut off.
        return Err(Kind::NotSealed.into());
    }
    // Its value has been looked at already.
    <ObjectIdentifier>::decode(&mut nested.reader).map_err(malformed)?;
    let explicit_end = nested.enter(context(0, true))?;
    let data_end = nested.enter(Tag::Sequence)?;
    let version = CmsVersion::decode(&mut nested.reader).map_err(malformed)?;
    if version != CmsVersion::V0 {
        return Err(Kind::Malformed.into());
    }
    let recipients = RecipientInfos::decode(&mut nested.reader).map_err(malformed)?;

    let info_end = nested.enter(Tag::Sequence)?;
    let content_type = ObjectIdentifier::decode(&mut nested.reader).map_err(malformed)?;
    if content_type != DATA {
        return Err(Kind::Malformed.into());
    }
    let algorithm = AlgorithmIdentifierOwned::decode(&mut nested.reader).map_err(malformed)?;
    let nonce = gcm_nonce(&algorithm)?;
    let content_end = nested.enter(context(0, false))?;

    let tag_end = content_end + AFTER;
    let ends = [data_end, explicit_end, message_end, size];
    if info_end != content_end || ends.iter().any(|end| *end != tag_end) {
        return Err(Kind::Malformed.into());
    }
    Ok(Before {
        recipients: recipients.0.into_vec(),
        nonce,
        content: nested.position()..content_end,
    })
}

/// Reads what stands after the ciphertext: the tag.
pub(super) fn parse_after(after: &[u8]) -> Result<[u8; TAG as usize], SealError> {
    let tag = <&OctetStringRef>::from_der(after).map_err(malformed)?;
    <[u8; TAG as usize]>::try_from(tag.as_bytes()).map_err(|_| Kind::Malformed.into())
}

/// The nonce of AES-256-GCM with a tag of 16 bytes; nothing else is of this format.
fn gcm_nonce(algorithm: &AlgorithmIdentifierOwned) -> Result<[u8; 12], SealError> {
    if algorithm.oid != AES256_GCM {
        return Err(Kind::UnsupportedAlgorithm.into());
    }
    let parameters: GcmParameters = algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| parameters.decode_as().ok())
        .ok_or(Kind::Malformed)?;
    if parameters.tag_length != TAG {
        return Err(Kind::UnsupportedAlgorithm.into());
    }
    <[u8; 12]>::try_from(parameters.nonce.as_bytes()).map_err(|_| Kind::UnsupportedAlgorithm.into())
}

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
    pub(super) tag: [u8; 16],
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

    fn leave(&self, end: u64) -> Result<(), SealError> {
        if self.position() != end {
            return Err(Kind::Malformed.into());
        }
        Ok(())
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
    if !looks_sealed(sealed) {
        return Err(Kind::NotSealed.into());
    }
    let reader = SliceReader::new_with_encoding_rules(sealed, EncodingRules::Der);
    let mut nested = Nested {
        reader: reader.map_err(malformed)?,
    };
    let end = sealed.len() as u64;

    let message_end = nested.enter(Tag::Sequence)?;
    if message_end > end {
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
    let content_start = nested.position();
    let length =
        Length::try_from(usize::try_from(content_end - content_start).unwrap_or(usize::MAX));
    nested
        .reader
        .read_slice(length.map_err(malformed)?)
        .map_err(malformed)?;
    nested.leave(info_end)?;

    let tag = <&OctetStringRef>::decode(&mut nested.reader).map_err(malformed)?;
    let tag = <[u8; 16]>::try_from(tag.as_bytes()).map_err(|_| Kind::Malformed)?;
    nested.leave(data_end)?;
    nested.leave(explicit_end)?;
    nested.leave(message_end)?;
    nested.leave(end)?;
    let place = |position: u64| usize::try_from(position).map_err(|_| Kind::TooLarge);
    Ok(Parts {
        recipients: recipients.0.into_vec(),
        nonce,
        content: place(content_start)?..place(content_end)?,
        tag,
    })
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

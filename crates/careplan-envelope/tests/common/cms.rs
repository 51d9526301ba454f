//! Signatures taken apart, changed and signed again.

use careplan_envelope::Signer;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerInfo, SignerInfos};
use const_oid::ObjectIdentifier;
use der::asn1::{Any, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;

pub(crate) const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
pub(crate) const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
pub(crate) const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";
pub(crate) const SIGNING_CERTIFICATE_V1: &str = "1.2.840.113549.1.9.16.2.12";
pub(crate) const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";

pub(crate) fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

/// A signature with its signed data edited, not signed again.
pub(crate) fn edited(signature: &[u8], edit: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let content = ContentInfo::from_der(signature).unwrap();
    let mut signed_data = content.content.decode_as::<SignedData>().unwrap();
    edit(&mut signed_data);
    ContentInfo {
        content_type: content.content_type,
        content: Any::encode_from(&signed_data).unwrap(),
    }
    .to_der()
    .unwrap()
}

/// A signature with its one signer edited, not signed again.
pub(crate) fn edited_signer(signature: &[u8], edit: impl FnOnce(&mut SignerInfo)) -> Vec<u8> {
    edited(signature, |signed_data| {
        let mut signer = signed_data.signer_infos.0.get(0).unwrap().clone();
        edit(&mut signer);
        signed_data.signer_infos = SignerInfos(SetOfVec::try_from(vec![signer]).unwrap());
    })
}

/// A signature with its signed attributes edited, and signed again.
pub(crate) fn resigned(
    signature: &[u8],
    signer: &dyn Signer,
    edit: impl FnOnce(&mut Vec<Attribute>),
) -> Vec<u8> {
    edited_signer(signature, |info| {
        let mut attributes = info.signed_attrs.take().unwrap().into_vec();
        edit(&mut attributes);
        let attributes = SetOfVec::try_from(attributes).unwrap();
        let signature = signer.sign(&attributes.to_der().unwrap()).unwrap();
        info.signature = der::asn1::OctetString::new(signature).unwrap();
        info.signed_attrs = Some(attributes);
    })
}

/// An attribute of one value.
pub(crate) fn attribute(oid_text: &str, value: Any) -> Attribute {
    Attribute {
        oid: oid(oid_text),
        values: SetOfVec::try_from(vec![value]).unwrap(),
    }
}

/// Replaces the values of an attribute.
pub(crate) fn set_values(attributes: &mut [Attribute], oid_text: &str, values: Vec<Any>) {
    let attribute = attributes
        .iter_mut()
        .find(|attribute| attribute.oid == oid(oid_text))
        .unwrap();
    attribute.values = SetOfVec::try_from(values).unwrap();
}

//! Why a container or a certificate is refused: the stable reason codes and what to tell people.

use std::io;

use careplan_core::{Explain, Lang};

/// What the reader of a refusal can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Advice {
    /// Something went wrong on the way, or somebody changed it.
    SendAgain,
    /// The sender's software writes containers of another form.
    SenderSoftware,
    /// The sender needs another certificate.
    SenderCertificate,
    /// This side's configuration or revocation lists.
    OwnOperator,
}

impl Advice {
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::SendAgain => (
                "取り込まずに、送信元に再送を依頼してください。",
                "do not import it, and ask the sender to send it again",
            ),
            Self::SenderSoftware => (
                "取り込まずに、理由コードを添えて送信元のソフトウェアの提供元に連絡してください。",
                "do not import it, and report the reason code to the vendor of the sender's software",
            ),
            Self::SenderCertificate => (
                "取り込まずに、送信元に証明書の確認と再送を依頼してください。",
                "do not import it, and ask the sender to check its certificate and send again",
            ),
            Self::OwnOperator => (
                "システム管理者に、認証局の証明書と失効リストの設定を確認してもらってください。",
                "have the system's operator check the configured authorities and revocation lists",
            ),
        }
    }
}

/// Declares the reasons: variant, code, advice, Japanese, English; one place for everything a
/// reason has, from which the documentation's table is made.
macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident, $code:literal, $advice:ident, $ja:literal, $en:literal;)+) => {
        /// Why a container or a certificate is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Refusal {
            /// All reasons, in the order in which they are checked, roughly.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The reason's code: it stays the same from release to release.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            const fn advice(self) -> Advice {
                match self { $(Self::$name => Advice::$advice,)+ }
            }

            /// What is wrong: Japanese, English.
            const fn text(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($ja, $en),)+ }
            }
        }
    };
}

refusals! {
    // The container (ZIP).
    /// The bytes do not end with a ZIP end record, or are too few.
    NotAContainer, "not-a-container", SendAgain,
        "署名付きコンテナ（ASiC-E）ではないか、途中で切れています。", "not a signed container (ASiC-E), or cut off";
    /// Larger than [`Limits::container`](crate::Limits::container).
    ContainerTooLarge, "container-too-large", SenderSoftware,
        "コンテナが大きさの上限を超えています。", "the container is larger than the limit";
    /// More entries than [`Limits::entries`](crate::Limits::entries).
    TooManyEntries, "too-many-entries", SenderSoftware,
        "コンテナ内のファイル数が上限を超えています。", "the container has more entries than the limit";
    /// An archive comment, Zip64 records, several disks: forms that are not used.
    UnsupportedArchive, "unsupported-archive", SenderSoftware,
        "使用できないZIPの形式（コメント、Zip64、分割）です。", "the archive uses a comment, Zip64 or several disks";
    /// Bytes before, between or after the entries, or entries that overlap.
    StrayBytes, "stray-bytes", SenderSoftware,
        "コンテナに余分なデータがあるか、項目が重なっています。", "the container has stray bytes, or its entries overlap";
    /// A record of the archive is damaged.
    DamagedArchive, "damaged-archive", SendAgain,
        "コンテナの構造が壊れています。", "the container's structure is damaged";
    /// A local header says something else than the central directory.
    HeaderMismatch, "header-mismatch", SendAgain,
        "コンテナの目次と項目の内容が一致しません。", "a local header differs from the central directory";
    /// An encrypted entry.
    EncryptedEntry, "encrypted-entry", SenderSoftware,
        "暗号化された項目があります。", "an entry is encrypted";
    /// Flags other than the one for UTF-8 names.
    EntryFlags, "entry-flags", SenderSoftware,
        "項目のフラグが規定外です（データ記述子など）。", "an entry has flags that are not used, such as a data descriptor";
    /// A method other than stored and deflated, or deflated where stored is asked for.
    CompressionMethod, "compression-method", SenderSoftware,
        "項目の圧縮方式が規定外です。", "an entry's compression method is not allowed there";
    /// Extra fields, comments or attributes.
    EntryAttributes, "entry-attributes", SenderSoftware,
        "項目に規定外の属性（追加情報、リンク、フォルダ）があります。", "an entry has extra fields or attributes, or is a folder or link";
    /// A name that is not UTF-8 or not marked as such.
    NameEncoding, "name-encoding", SenderSoftware,
        "ファイル名がUTF-8ではありません。", "an entry's name is not UTF-8, or not marked as UTF-8";
    /// A name with a path.
    NameWithPath, "name-with-path", SenderSoftware,
        "ファイル名にフォルダが含まれています。", "an entry's name has a path";
    /// A name that a file must not have.
    NameForbidden, "name-forbidden", SenderSoftware,
        "使用できないファイル名です。", "an entry has a name that is not allowed";
    /// Two entries of one name; letter case does not count.
    DuplicateEntry, "duplicate-entry", SenderSoftware,
        "同じ名前の項目が2つあります。", "two entries have the same name";
    /// `mimetype` is not the first entry.
    MimetypeMissing, "mimetype-missing", SenderSoftware,
        "先頭にmimetypeがありません。", "the first entry is not mimetype";
    /// `mimetype` says something else.
    MimetypeWrong, "mimetype-wrong", SenderSoftware,
        "mimetypeがASiC-Eのものではありません。", "mimetype is not that of ASiC-E";
    /// No `META-INF/ASiCManifest*.xml`.
    ManifestMissing, "manifest-missing", SenderSoftware,
        "署名対象の一覧（ASiCManifest）がありません。", "there is no manifest";
    /// Several of them.
    SeveralManifests, "several-manifests", SenderSoftware,
        "署名対象の一覧（ASiCManifest）が複数あります。", "there are several manifests";
    /// No `META-INF/*signature*.p7s`.
    SignatureMissing, "signature-missing", SenderSoftware,
        "署名がありません。", "there is no signature";
    /// Several of them.
    SeveralSignatures, "several-signatures", SenderSoftware,
        "署名が複数あります。", "there are several signatures";
    /// Another entry under `META-INF/`.
    UnexpectedMetadata, "unexpected-metadata", SenderSoftware,
        "META-INFに規定外の項目があります。", "there is an unexpected entry under META-INF";
    /// No files besides the metadata.
    NoFiles, "no-files", SenderSoftware,
        "ファイルが1つもありません。", "the container holds no files";
    /// Manifest, signature or `mimetype` larger than any real one.
    MetadataTooLarge, "metadata-too-large", SenderSoftware,
        "署名または一覧が大きさの上限を超えています。", "manifest or signature is larger than the limit";
    /// A file larger than [`Limits::file`](crate::Limits::file), or all together larger than
    /// [`Limits::total`](crate::Limits::total).
    FileTooLarge, "file-too-large", SenderSoftware,
        "ファイルまたは合計が大きさの上限を超えています。", "a file, or all together, is larger than the limit";
    /// A size that grows more than [`Limits::ratio`](crate::Limits::ratio) times when inflated.
    ExpansionTooLarge, "expansion-too-large", SenderSoftware,
        "展開後の大きさが圧縮前と比べて異常です。", "an entry expands beyond the limit";
    /// Inflated, an entry is longer or shorter than it says, or its data is longer than its
    /// compressed form.
    SizeMismatch, "size-mismatch", SendAgain,
        "項目の大きさが記載と一致しません。", "an entry's size is not what it says";
    /// The CRC-32 is wrong.
    ChecksumMismatch, "checksum-mismatch", SendAgain,
        "項目のチェックサム（CRC-32）が一致しません。", "an entry's checksum (CRC-32) is wrong";
    /// Deflated data that cannot be inflated.
    DamagedCompression, "damaged-compression", SendAgain,
        "圧縮データが壊れています。", "an entry's compressed data is damaged";

    // The manifest.
    /// The manifest is not the XML it has to be.
    ManifestMalformed, "manifest-malformed", SenderSoftware,
        "署名対象の一覧（ASiCManifest）の形式が正しくありません。", "the manifest is not as it has to be";
    /// The manifest names another signature file.
    ManifestSignatureReference, "manifest-signature-reference", SenderSoftware,
        "一覧が指す署名ファイルが異なります。", "the manifest names another signature file";
    /// A file is listed twice.
    DuplicateReference, "duplicate-reference", SenderSoftware,
        "一覧に同じファイルが2回あります。", "the manifest lists a file twice";
    /// An entry that the manifest does not list.
    UnlistedEntry, "unlisted-entry", SendAgain,
        "署名対象の一覧にないファイルが入っています。", "the container holds a file that the signed manifest does not list";
    /// A listed file that is not there.
    MissingFile, "missing-file", SendAgain,
        "署名対象の一覧にあるファイルがありません。", "a file that the signed manifest lists is missing";
    /// A file's SHA-256 is not the manifest's.
    DigestMismatch, "digest-mismatch", SendAgain,
        "ファイルの内容が署名時と異なります。", "a file is not what was signed";

    // The signature (CMS).
    /// Not the DER of a CMS structure.
    SignatureMalformed, "signature-malformed", SenderSoftware,
        "署名の形式（CMS、DER）が正しくありません。", "the signature is not the DER of a CMS structure";
    /// A CMS structure other than `SignedData`.
    NotSignedData, "not-signed-data", SenderSoftware,
        "署名データ（SignedData）ではありません。", "the signature is not CMS SignedData";
    /// Version numbers other than RFC 5652's.
    CmsVersion, "cms-version", SenderSoftware,
        "署名データのバージョンが正しくありません。", "the signature's version numbers are wrong";
    /// The signed content is inside the signature.
    EmbeddedContent, "embedded-content", SenderSoftware,
        "署名の中に署名対象が含まれています。", "the signature holds its content instead of being detached";
    /// The signature is over a type of content other than data.
    ContentType, "content-type", SenderSoftware,
        "署名対象の種類（content-type）が正しくありません。", "the signature's content type is not data";
    /// No `SignerInfo`.
    NoSigner, "no-signer", SenderSoftware,
        "署名者がありません。", "the signature has no signer";
    /// Several `SignerInfos`.
    SeveralSigners, "several-signers", SenderSoftware,
        "署名者が複数あります。", "the signature has several signers";
    /// Revocation lists or responses inside the signature.
    EmbeddedRevocation, "embedded-revocation", SenderSoftware,
        "署名に失効情報が含まれています。", "the signature carries revocation information";
    /// No signed attributes.
    NoSignedAttributes, "no-signed-attributes", SenderSoftware,
        "署名属性がありません。", "the signature has no signed attributes";
    /// Attributes that the signature does not cover.
    UnsignedAttributes, "unsigned-attributes", SenderSoftware,
        "署名されていない属性があります。", "the signature carries unsigned attributes";
    /// content-type, message-digest, signing-time or signing-certificate-v2 is missing.
    AttributeMissing, "attribute-missing", SenderSoftware,
        "必要な署名属性がありません。", "a signed attribute that has to be there is missing";
    /// An attribute twice, or with several values.
    AttributeRepeated, "attribute-repeated", SenderSoftware,
        "署名属性が重複しています。", "a signed attribute is there twice or has several values";
    /// A signed attribute that is not part of this format.
    AttributeUnexpected, "attribute-unexpected", SenderSoftware,
        "規定外の署名属性があります。", "there is a signed attribute that this format does not use";
    /// An attribute whose value is not of its type.
    AttributeMalformed, "attribute-malformed", SenderSoftware,
        "署名属性の値が正しくありません。", "a signed attribute's value is malformed";
    /// SHA-1, MD5 and older.
    WeakAlgorithm, "weak-algorithm", SenderSoftware,
        "安全でない方式（SHA-1、MD5など）が使われています。", "a broken algorithm (SHA-1, MD5 or older) is used";
    /// An algorithm that is not of this format.
    UnsupportedAlgorithm, "unsupported-algorithm", SenderSoftware,
        "規定外の署名方式です。", "an algorithm is used that is not part of this format";
    /// The algorithms of digest, signature and key do not go together.
    AlgorithmMismatch, "algorithm-mismatch", SenderSoftware,
        "署名方式と鍵またはハッシュ方式が一致しません。", "digest, signature algorithm and key do not go together";
    /// An RSA key below 2048 or above 4096 bits.
    KeySize, "key-size", SenderCertificate,
        "証明書の鍵の長さが規定外です（RSA 2048～4096ビット）。", "the key's size is not allowed (RSA 2048 to 4096 bits)";
    /// The signature does not carry the certificate it names.
    SignerCertificateMissing, "signer-certificate-missing", SenderSoftware,
        "署名に署名者の証明書が含まれていません。", "the signature does not carry its signer's certificate";
    /// A certificate that is not part of the path.
    UnusedCertificate, "unused-certificate", SenderSoftware,
        "署名に関係のない証明書が含まれています。", "the signature carries a certificate that is not on its path";
    /// signing-certificate-v2 names another certificate.
    SigningCertificateMismatch, "signing-certificate-mismatch", SendAgain,
        "署名属性の証明書と署名者の証明書が一致しません。", "signing-certificate-v2 is not the signer's certificate";
    /// message-digest is not the manifest's digest.
    MessageDigestMismatch, "message-digest-mismatch", SendAgain,
        "署名対象の一覧が署名時と異なります。", "the manifest is not what was signed";
    /// The signature is not the signer's.
    SignatureInvalid, "signature-invalid", SendAgain,
        "署名が正しくありません。", "the signature is not valid";

    // The certificate and its path.
    /// A certificate that cannot be read.
    CertificateMalformed, "certificate-malformed", SenderCertificate,
        "証明書の形式が正しくありません。", "a certificate is malformed";
    /// Issued by nobody who is trusted here.
    UntrustedIssuer, "untrusted-issuer", SenderCertificate,
        "信頼できる認証局の証明書ではありません。", "the certificate is not issued by a trusted authority";
    /// Path rules broken: names, lengths, constraints.
    PathInvalid, "path-invalid", SenderCertificate,
        "証明書の発行経路が正しくありません。", "the certificate's path is not valid";
    /// After its last day.
    CertificateExpired, "certificate-expired", SenderCertificate,
        "証明書の有効期限が切れています。", "a certificate has expired";
    /// Before its first day.
    CertificateNotYetValid, "certificate-not-yet-valid", SenderCertificate,
        "証明書の有効期間が始まっていません。", "a certificate is not valid yet";
    /// A critical extension that is not understood.
    CriticalExtension, "critical-extension", SenderCertificate,
        "証明書に解釈できない重要な拡張があります。", "a certificate has a critical extension that is not understood";
    /// The key may not sign, or an issuer's key may not sign certificates.
    KeyUsage, "key-usage", SenderCertificate,
        "証明書の鍵の用途が署名ではありません。", "the certificate's key usage does not allow it";
    /// The extended key usage names other purposes only.
    ExtendedKeyUsage, "extended-key-usage", SenderCertificate,
        "証明書の拡張鍵用途が対象外です。", "the certificate's extended key usage does not allow it";
    /// Revoked.
    CertificateRevoked, "certificate-revoked", SenderCertificate,
        "証明書は失効しています。", "a certificate is revoked";
    /// No revocation list of its issuer.
    RevocationUnknown, "revocation-unknown", OwnOperator,
        "証明書の失効状態を確認できません。", "no revocation list covers a certificate";
    /// The revocation list is out of date.
    RevocationListExpired, "revocation-list-expired", OwnOperator,
        "失効リスト（CRL）の期限が切れています。", "the revocation list is out of date";
    /// The revocation list is not its issuer's, or of a form that is not understood.
    RevocationListInvalid, "revocation-list-invalid", OwnOperator,
        "失効リスト（CRL）が正しくありません。", "the revocation list is not valid";
    /// The given time lies outside the years 1970 to 9999.
    TimeOutOfRange, "time-out-of-range", OwnOperator,
        "検証する日時が正しくありません。", "the time to verify at is out of range";
    /// Signed outside the certificate's validity.
    SignedOutsideValidity, "signed-outside-validity", SenderCertificate,
        "署名日時が証明書の有効期間外です。", "it was signed outside the certificate's validity";
    /// Signed later than the time of verification.
    SignedInFuture, "signed-in-future", SendAgain,
        "署名日時が未来です。送信元のパソコンの日時が誤っている可能性があります。", "it was signed in the future; the sender's clock may be wrong";

    // The profile.
    /// No mark of a known kind.
    KindUnknown, "kind-unknown", SenderCertificate,
        "証明書の種類を判別できません。", "the certificate is of no known kind";
    /// Marks of several kinds.
    KindAmbiguous, "kind-ambiguous", SenderCertificate,
        "証明書の種類が複数示されています。", "the certificate is marked as several kinds";
    /// An agent's certificate (代理人証明書).
    AgentCertificate, "agent-certificate", SenderCertificate,
        "代理人証明書は使用できません。事業所の介護保険証明書または介護DX証明書が必要です。", "an agent's certificate cannot be used; the office's care insurance or care DX certificate is needed";
    /// A certificate of the disability system (障害総合支援証明書).
    DisabilityCertificate, "disability-certificate", SenderCertificate,
        "障害総合支援証明書は使用できません。介護保険証明書または介護DX証明書が必要です。", "a certificate of the disability system cannot be used; a care insurance or care DX certificate is needed";
    /// An operator's certificate where an office's is wanted.
    OperatorCertificate, "operator-certificate", SenderCertificate,
        "運用者証明書は事業所の証明書として使用できません。", "an operator's certificate cannot be used as an office's";
    /// Evidence that is not signed by an operator.
    NotOperatorCertificate, "not-operator-certificate", OwnOperator,
        "運用者の証明書で署名されていません。", "it is not signed with an operator's certificate";
    /// No office number in the subject.
    OfficeNumberMissing, "office-number-missing", SenderCertificate,
        "証明書に事業所番号がありません。", "the certificate carries no office number";
    /// Several office numbers, or none that is valid.
    OfficeNumberMalformed, "office-number-malformed", SenderCertificate,
        "証明書の事業所番号が正しくありません。", "the certificate's office number is not valid";
}

impl Explain for Refusal {
    fn explain(&self, lang: Lang) -> String {
        let (ja, en) = self.text();
        let (advice_ja, advice_en) = self.advice().text();
        match lang {
            Lang::Ja => format!("{ja}{advice_ja}"),
            Lang::En => format!("{en}; {advice_en}"),
        }
    }
}

/// Where in a container the trouble is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// The container as a whole.
    Container,
    /// An entry of the archive, counted from 1 in the archive's order; `mimetype` is 1.
    Entry(usize),
    /// The manifest.
    Manifest,
    /// The signature and its certificates.
    Signature,
}

impl Place {
    fn text(self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Container, Lang::Ja) => "コンテナ".to_owned(),
            (Self::Container, Lang::En) => "container".to_owned(),
            (Self::Entry(number), Lang::Ja) => format!("{number}番目の項目"),
            (Self::Entry(number), Lang::En) => format!("entry {number}"),
            (Self::Manifest, Lang::Ja) => "署名対象の一覧".to_owned(),
            (Self::Manifest, Lang::En) => "manifest".to_owned(),
            (Self::Signature, Lang::Ja) => "署名".to_owned(),
            (Self::Signature, Lang::En) => "signature".to_owned(),
        }
    }
}

#[derive(Debug)]
enum Cause {
    Refused(Refusal),
    Io(io::Error),
}

/// A container or certificate that is refused, or could not be read at all.
///
/// Never holds file names or contents: names of attachments may be personal data.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct VerifyError {
    cause: Cause,
    place: Option<Place>,
}

impl VerifyError {
    pub(crate) fn at(place: Place) -> impl Fn(Refusal) -> Self + Copy {
        move |refusal| Self {
            cause: Cause::Refused(refusal),
            place: Some(place),
        }
    }

    /// Why it is refused; `None` if reading failed, which says nothing about the container.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match self.cause {
            Cause::Refused(refusal) => Some(refusal),
            Cause::Io(_) => None,
        }
    }

    /// Whether reading failed: try again, nothing is refused.
    #[must_use]
    pub const fn is_io(&self) -> bool {
        matches!(self.cause, Cause::Io(_))
    }

    /// The reason's code, or `io`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.cause {
            Cause::Refused(refusal) => refusal.code(),
            Cause::Io(_) => "io",
        }
    }

    /// Where the trouble is, if it is in a container.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        self.place
    }
}

impl From<Refusal> for VerifyError {
    fn from(refusal: Refusal) -> Self {
        Self {
            cause: Cause::Refused(refusal),
            place: None,
        }
    }
}

impl From<io::Error> for VerifyError {
    fn from(error: io::Error) -> Self {
        Self {
            cause: Cause::Io(error),
            place: None,
        }
    }
}

impl Explain for VerifyError {
    fn explain(&self, lang: Lang) -> String {
        let text = match &self.cause {
            Cause::Refused(refusal) => refusal.explain(lang),
            Cause::Io(error) => match lang {
                Lang::Ja => format!(
                    "ファイルを読み込めません（{error}）。アクセス権を確認し、もう一度実行してください。"
                ),
                Lang::En => {
                    format!(
                        "the container cannot be read ({error}); check permissions and try again"
                    )
                }
            },
        };
        match (self.place, lang) {
            (None, _) => text,
            (Some(place), _) => format!("{}: {text}", place.text(lang)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_written_alike() {
        let codes: HashSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for code in codes {
            assert!(
                code.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{code}"
            );
        }
    }

    #[test]
    fn says_what_where_and_what_to_do_in_both_languages() {
        let error = VerifyError::at(Place::Entry(3))(Refusal::DigestMismatch);
        assert_eq!(
            error.to_string(),
            "entry 3: a file is not what was signed; do not import it, and ask the sender to send it again"
        );
        assert_eq!(
            error.explain(Lang::Ja),
            "3番目の項目: ファイルの内容が署名時と異なります。取り込まずに、送信元に再送を依頼してください。"
        );
    }
}

//! What can go wrong on one's own side: keys, certificates, signing, the authority.
//!
//! Why somebody else's container is refused is in [`refusal`](crate::refusal).

use std::io;

use careplan_core::{Explain, Lang};

use crate::VerifyError;

/// What went wrong with a key, a certificate, a signing or the authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing failed.
    Io,
    /// The operating system's random numbers or the crypto library failed.
    Crypto,
    /// The text is not PEM, or holds nothing of the wanted kind.
    Pem,
    /// The private key cannot be read, or is not RSA 2048 to 4096, P-256 or P-384.
    Key,
    /// The private key is encrypted, in a way that is not read, or without a password given.
    KeyEncrypted,
    /// The password of the private key is wrong.
    KeyPassword,
    /// The certificate cannot be read.
    Certificate,
    /// A chain without a certificate.
    ChainEmpty,
    /// The private key does not belong to the certificate.
    KeyMismatch,
    /// The certificate is not valid at the time of signing.
    CertificateNotValid,
    /// The signer's certificate is not one that offices sign with.
    CertificateNotOffice,
    /// The signing algorithm does not go with the certificate's key.
    AlgorithmMismatch,
    /// A file name that may not stand in a container.
    FileName,
    /// The same file name twice.
    DuplicateFile,
    /// No files to sign.
    NoFiles,
    /// A file or the container is larger than the limits allow.
    TooLarge,
    /// A file shrinks so much that receivers would take it for a decompression bomb.
    ShrinksTooMuch,
    /// More files than the limits allow.
    TooManyFiles,
    /// The certification request (PKCS#10) cannot be read.
    Request,
    /// The certification request is not signed by its own key.
    RequestSignature,
    /// The certification request names another office.
    RequestOffice,
    /// A period that ends before it begins, or outside the years 1970 to 9999.
    Validity,
    /// A period that reaches beyond the authority's own certificate.
    ValidityBeyondAuthority,
    /// A certificate kind that this authority does not issue.
    Kind,
    /// No reason for which a certificate is revoked.
    RevocationReason,
    /// A server name that is neither a DNS name nor an IP address.
    ServerName,
    /// A name that may not stand in a certificate.
    SubjectName,
    /// The authority never issued a certificate of that serial number.
    UnknownSerial,
    /// The certificate is revoked already.
    AlreadyRevoked,
    /// The issue password is wrong, used or out of date, or there is none for the office.
    IssuePassword,
    /// The office has a usable certificate already.
    CertificateExists,
    /// The certificate is revoked, expired, renewed already or no office's.
    NotRenewable,
    /// The authority's folder holds no authority, or a damaged one.
    AuthorityFolder,
    /// The authority's folder already holds an authority.
    AuthorityExists,
    /// The authority's folder is in use by another program.
    AuthorityBusy,
    /// A verifier without a trust anchor.
    NoTrustAnchor,
    /// A revocation list (CRL) cannot be read.
    Crl,
    /// Not a PKCS#12 file of one private key, or protected by RC2 or triple DES.
    Pkcs12,
    /// The password of the PKCS#12 file is wrong.
    Pkcs12Password,
    /// The token (PKCS#11) or its module is not there, or refuses.
    Token,
    /// The token's PIN is wrong, expired or locked.
    TokenPin,
    /// The token does not have exactly one private key of that label.
    TokenKey,
    /// The certificate profile contradicts itself.
    Profile,
}

impl ErrorKind {
    /// A short name that stays the same from release to release.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.text().0
    }

    /// Code, Japanese, English.
    const fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Io => (
                "io",
                "ファイルの読み書きに失敗しました。空き容量とアクセス権を確認してください。",
                "reading or writing failed; check free space and permissions",
            ),
            Self::Crypto => (
                "crypto",
                "暗号処理に失敗しました。もう一度実行し、続く場合はシステム管理者に連絡してください。",
                "a cryptographic operation failed; try again, and tell the system's operator if it persists",
            ),
            Self::Pem => (
                "pem",
                "PEM形式として読めないか、必要な項目がありません。正しいファイルを指定してください。",
                "not PEM, or nothing of the wanted kind in it; give the right file",
            ),
            Self::Key => (
                "key",
                "秘密鍵を読み込めません。RSA 2048～4096ビット、またはECDSA P-256／P-384の鍵を指定してください。",
                "the private key cannot be read; give an RSA key of 2048 to 4096 bits or an ECDSA key on P-256 or P-384",
            ),
            Self::KeyEncrypted => (
                "key-encrypted",
                "秘密鍵が暗号化されています。パスワードを指定するか、PKCS#8形式（AES）に変換してください（openssl pkcs8 -topk8）。",
                "the private key is encrypted; give its password, or convert it to PKCS#8 with AES (openssl pkcs8 -topk8)",
            ),
            Self::KeyPassword => (
                "key-password",
                "秘密鍵のパスワードが違うか、ファイルが壊れています。確認してください。",
                "the password of the private key is wrong, or the file is damaged; check both",
            ),
            Self::Certificate => (
                "certificate",
                "証明書を読み込めません。X.509証明書（PEMまたはDER）を指定してください。",
                "the certificate cannot be read; give an X.509 certificate in PEM or DER",
            ),
            Self::ChainEmpty => (
                "chain-empty",
                "証明書が1枚も指定されていません。事業所の証明書を指定してください。",
                "no certificate was given; give the office's certificate",
            ),
            Self::KeyMismatch => (
                "key-mismatch",
                "秘密鍵と証明書の組み合わせが一致しません。同じ申請で作成した鍵と証明書を指定してください。",
                "the private key does not belong to the certificate; give the key its request was made with",
            ),
            Self::CertificateNotValid => (
                "certificate-not-valid",
                "署名日時が証明書の有効期間外です。パソコンの日時を確認し、期限切れの場合は証明書を更新してください。",
                "the certificate is not valid at the time of signing; check the computer's clock, and renew the certificate if it has expired",
            ),
            Self::CertificateNotOffice => (
                "certificate-not-office",
                "この証明書では署名できません。介護保険証明書または介護DX証明書を指定してください。",
                "this certificate cannot sign; give a care insurance certificate or a care DX certificate",
            ),
            Self::AlgorithmMismatch => (
                "algorithm-mismatch",
                "署名方式が証明書の鍵と一致しません。署名装置の設定を確認してください。",
                "the signature algorithm does not go with the certificate's key; check the signer's settings",
            ),
            Self::FileName => (
                "file-name",
                "使用できないファイル名です。フォルダ名や記号（\\ / : * ? \" < > |）を含まない名前に変更してください。",
                "the file name cannot be used; rename the file without folders and without \\ / : * ? \" < > |",
            ),
            Self::DuplicateFile => (
                "duplicate-file",
                "同じ名前のファイルが2つあります（大文字・小文字は区別しません）。名前を変更してください。",
                "two files have the same name (letter case does not count); rename one",
            ),
            Self::NoFiles => (
                "no-files",
                "署名するファイルがありません。1つ以上のファイルを指定してください。",
                "there are no files to sign; give at least one",
            ),
            Self::TooLarge => (
                "too-large",
                "ファイルまたは全体の大きさが上限を超えています。分けて送信してください。",
                "a file or the whole is larger than the limit; send it in parts",
            ),
            Self::ShrinksTooMuch => (
                "shrinks-too-much",
                "ファイルの圧縮率が高すぎ、受信側で拒否されます。圧縮せずに送信してください。",
                "a file shrinks so much that receivers would refuse it; send it without compression",
            ),
            Self::TooManyFiles => (
                "too-many-files",
                "ファイル数が上限を超えています。分けて送信してください。",
                "more files than the limit; send them in parts",
            ),
            Self::Request => (
                "request",
                "証明書発行要求（PKCS#10）を読み込めません。作成し直してください。",
                "the certification request (PKCS#10) cannot be read; make a new one",
            ),
            Self::RequestSignature => (
                "request-signature",
                "証明書発行要求の署名が正しくありません。作成し直してください。",
                "the certification request is not signed by its own key; make a new one",
            ),
            Self::RequestOffice => (
                "request-office",
                "証明書発行要求の事業所番号が発行先と異なります。事業所番号を確認してください。",
                "the certification request names another office; check the office number",
            ),
            Self::Validity => (
                "validity",
                "有効期間が正しくありません。開始日時より後の終了日時を指定してください。",
                "the period is not valid; its end must lie after its beginning",
            ),
            Self::ValidityBeyondAuthority => (
                "validity-beyond-authority",
                "有効期間が認証局の証明書の有効期間を超えています。短い期間を指定するか、認証局を更新してください。",
                "the period reaches beyond the authority's own certificate; shorten it or renew the authority",
            ),
            Self::Kind => (
                "kind",
                "この種類の証明書は発行できません。証明書プロファイルの設定を確認してください。",
                "certificates of this kind cannot be issued; check the certificate profile",
            ),
            Self::RevocationReason => (
                "revocation-reason",
                "失効の理由は unspecified、key-compromise、affiliation-changed、superseded、cessation-of-operation のいずれかです。",
                "a reason is unspecified, key-compromise, affiliation-changed, superseded or cessation-of-operation",
            ),
            Self::ServerName => (
                "server-name",
                "サーバー名が正しくありません。DNS名またはIPアドレスを指定してください。",
                "not a server name; give DNS names or IP addresses",
            ),
            Self::SubjectName => (
                "subject-name",
                "証明書に使用できない名称です。1～64文字の名称を指定してください。",
                "the name cannot stand in a certificate; give 1 to 64 characters",
            ),
            Self::UnknownSerial => (
                "unknown-serial",
                "このシリアル番号の証明書は発行されていません。番号を確認してください。",
                "no certificate of this serial number was issued; check the number",
            ),
            Self::AlreadyRevoked => (
                "already-revoked",
                "この証明書はすでに失効しています。",
                "the certificate is revoked already; there is nothing to do",
            ),
            Self::IssuePassword => (
                "issue-password",
                "発行用パスワードが正しくないか、使用済みまたは期限切れです。確認し、続く場合は運用者に再発行を依頼してください。",
                "the issue password is wrong, used or out of date; check it, or ask the operator for a new one",
            ),
            Self::CertificateExists => (
                "certificate-exists",
                "この事業所には有効な証明書があります。更新するか、失効させてから発行してください。",
                "the office has a usable certificate; renew it, or have it revoked first",
            ),
            Self::NotRenewable => (
                "not-renewable",
                "この証明書は更新できません（失効、期限切れ、または更新済み）。発行用パスワードで新しく申請してください。",
                "the certificate cannot be renewed (revoked, expired or renewed already); request a new one with an issue password",
            ),
            Self::AuthorityFolder => (
                "authority-folder",
                "認証局のフォルダを読み込めません。フォルダを確認し、バックアップから復元してください。",
                "the folder holds no authority or a damaged one; check the folder or restore it from a backup",
            ),
            Self::AuthorityExists => (
                "authority-exists",
                "フォルダにはすでに認証局があります。別のフォルダを指定してください。",
                "the folder holds an authority already; give another folder",
            ),
            Self::AuthorityBusy => (
                "authority-busy",
                "認証局のフォルダは別のプログラムが使用中です。終了してからもう一度実行してください。",
                "another program is using the authority's folder; end it and try again",
            ),
            Self::NoTrustAnchor => (
                "no-trust-anchor",
                "信頼する認証局の証明書が設定されていません。設定してください。",
                "no trusted authority is configured; configure at least one certificate",
            ),
            Self::Crl => (
                "crl",
                "失効リスト（CRL）を読み込めません。認証局から取得し直してください。",
                "the revocation list (CRL) cannot be read; fetch it again from the authority",
            ),
            Self::Pkcs12 => (
                "pkcs12",
                "PKCS#12ファイルとして読み込めません。秘密鍵を1つ含み、AESで保護されたファイルを指定してください。",
                "not a PKCS#12 file that can be used; give one with one private key, protected by AES",
            ),
            Self::Pkcs12Password => (
                "pkcs12-password",
                "PKCS#12ファイルのパスワードが違うか、ファイルが壊れています。確認してください。",
                "the password of the PKCS#12 file is wrong, or the file is damaged; check both",
            ),
            Self::Token => (
                "token",
                "トークン（PKCS#11）を使用できません。接続、ドライバー、トークンの名称を確認してください。",
                "the token (PKCS#11) cannot be used; check that it is connected, its module and its label",
            ),
            Self::TokenPin => (
                "token-pin",
                "トークンのPINが違うか、ロックされています。続けて間違えるとロックされます。",
                "the token's PIN is wrong, expired or locked; further mistakes may lock it",
            ),
            Self::TokenKey => (
                "token-key",
                "トークンにその名称の秘密鍵がないか、複数あります。名称を確認してください。",
                "the token has no private key of that label, or several; check the label",
            ),
            Self::Profile => (
                "profile",
                "証明書プロファイルの設定に矛盾があります。種類ごとに異なる条件を設定してください。",
                "the certificate profile contradicts itself; give each kind a condition of its own",
            ),
        }
    }
}

/// An error on one's own side: keys, certificates, signing, the authority.
///
/// Never holds key material, file names or file contents.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct Error {
    kind: ErrorKind,
    #[source]
    source: Option<io::Error>,
}

impl Error {
    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// [`ErrorKind::code`] of its kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self {
            kind: ErrorKind::Io,
            source: Some(error),
        }
    }
}

impl Explain for Error {
    fn explain(&self, lang: Lang) -> String {
        let (_, ja, en) = self.kind.text();
        let text = lang.pick(ja, en);
        match &self.source {
            // The operating system's own words; the path is the caller's to add.
            Some(source) => format!("{text} ({source})"),
            None => text.to_owned(),
        }
    }
}

/// Why a file could not be taken out of a verified container.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("{}", self.explain(Lang::En))]
pub enum ExtractError {
    /// The container has no file of that name.
    NoSuchFile,
    /// Writing to the sink failed; the container is as good as before.
    Sink(#[source] io::Error),
    /// The container changed since it was verified, or cannot be read.
    Container(#[from] VerifyError),
}

impl Explain for ExtractError {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::NoSuchFile => lang
                .pick(
                    "指定した名前のファイルは含まれていません。一覧にある名前を指定してください。",
                    "there is no file of that name in the container; use a name of its list",
                )
                .to_owned(),
            Self::Sink(error) => format!(
                "{} ({error})",
                lang.pick(
                    "ファイルの書き込みに失敗しました。空き容量とアクセス権を確認してください。",
                    "writing the file failed; check free space and permissions",
                )
            ),
            Self::Container(error) => error.explain(lang),
        }
    }
}

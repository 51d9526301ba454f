//! What can go wrong with sealing and opening.

use std::io;

use careplan_core::{Explain, Lang};

use crate::kinds::error_kinds;

error_kinds! {
    /// What went wrong with sealing or opening.
    SealErrorKind;

    /// Reading or writing failed.
    Io, "io",
        "ファイルの読み書きに失敗しました。空き容量とアクセス権を確認してください。",
        "reading or writing failed; check free space and permissions";
    /// The crypto library failed.
    Crypto, "crypto",
        "暗号処理に失敗しました。もう一度実行し、続く場合はシステム管理者に連絡してください。",
        "a cryptographic operation failed; try again, and tell the system's operator if it persists";
    /// Larger than the limit.
    TooLarge, "too-large",
        "暗号化できる大きさの上限を超えています。分けて送信してください。",
        "larger than the limit for sealing; send it in parts";

    // Sealing.
    /// No receiver, or more than a hundred.
    Receivers, "receivers",
        "受信者の証明書を1枚以上100枚以下で指定してください。",
        "give the certificates of 1 to 100 receivers";
    /// A receiver's certificate cannot be read.
    Certificate, "certificate",
        "受信者の証明書を読み込めません。X.509証明書（PEMまたはDER）を指定してください。",
        "a receiver's certificate cannot be read; give an X.509 certificate in PEM or DER";
    /// A receiver's certificate whose key may not be used for sealing.
    KeyUsage, "key-usage",
        "受信者の証明書の鍵用途に暗号化（鍵暗号化または鍵共有）が含まれていません。受信者に証明書の再発行を依頼してください。",
        "the key usage of a receiver's certificate does not allow sealing (key encipherment or key agreement); ask the receiver for another certificate";
    /// A receiver's key that is not RSA 2048 to 4096, P-256 or P-384.
    KeyKind, "key-kind",
        "受信者の鍵の種類に対応していません。RSA 2048～4096ビット、P-256、P-384の証明書が必要です。",
        "a receiver's key is of no kind that can be sealed to; RSA 2048 to 4096, P-256 or P-384 is needed";

    // Opening.
    /// The private key does not belong to the certificate.
    KeyMismatch, "key-mismatch",
        "秘密鍵と証明書の組み合わせが一致しません。同じ申請で作成した鍵と証明書を指定してください。",
        "the private key does not belong to the certificate; give the key its request was made with";
    /// Not CMS `AuthEnvelopedData`.
    NotSealed, "not-sealed",
        "暗号化されたコンテナ（CMS AuthEnvelopedData）ではないか、途中で切れています。",
        "not a sealed container (CMS AuthEnvelopedData), or cut off";
    /// Not DER, or parts that do not belong there.
    Malformed, "malformed",
        "暗号化されたコンテナの形式が正しくありません。送信元に再送を依頼してください。",
        "the sealed container is malformed; ask the sender to send it again";
    /// Algorithms other than those of this format.
    UnsupportedAlgorithm, "unsupported-algorithm",
        "規定外の暗号方式が使われています。送信元のソフトウェアの提供元に連絡してください。",
        "sealed with algorithms that are not part of this format; tell the vendor of the sender's software";
    /// Sealed to other receivers.
    NotForThisCertificate, "not-for-this-certificate",
        "この証明書あてに暗号化されたものではありません。証明書を更新した場合は、以前の鍵と証明書を指定してください。",
        "not sealed to this certificate; if it was renewed, give the former key and certificate";
    /// The seal is broken: contents, key or both were changed.
    Broken, "broken-seal",
        "暗号化された内容が壊れているか、改ざんされています。取り込まずに、送信元に再送を依頼してください。",
        "the sealed contents are damaged or were changed; do not import them, and ask the sender to send them again";
}

/// An error of sealing or opening.
///
/// Never holds keys or contents.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct SealError {
    kind: SealErrorKind,
    #[source]
    source: Option<io::Error>,
}

impl SealError {
    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> SealErrorKind {
        self.kind
    }

    /// [`SealErrorKind::code`] of its kind.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// Whether reading or writing failed, which says nothing about the sealed container.
    #[must_use]
    pub const fn is_io(&self) -> bool {
        matches!(self.kind, SealErrorKind::Io)
    }
}

impl From<SealErrorKind> for SealError {
    fn from(kind: SealErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<io::Error> for SealError {
    fn from(error: io::Error) -> Self {
        Self {
            kind: SealErrorKind::Io,
            source: Some(error),
        }
    }
}

impl Explain for SealError {
    fn explain(&self, lang: Lang) -> String {
        let (ja, en) = self.kind.text();
        let text = lang.pick(ja, en);
        match &self.source {
            Some(source) => format!("{text} ({source})"),
            None => text.to_owned(),
        }
    }
}

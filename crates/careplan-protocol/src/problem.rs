//! Problems (RFC 9457): what the platform answers when it does not do what it was asked.
//!
//! The codes are declared in one table below: name, HTTP status, whether trying again helps, and
//! the words in Japanese and English. Adding a code is one entry there; client, platform and the
//! table in `docs/protocol.md` follow.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether asking again can help, for programs that queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request will be refused again: a person has to change something.
    Never,
    /// The same request may pass later; after [`Problem::retry_after_seconds`], if it is given.
    Later,
    /// Refresh the session or log in, then ask again.
    AfterLogIn,
}

impl Retry {
    /// The word in the documentation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Later => "later",
            Self::AfterLogIn => "after_log_in",
        }
    }
}

/// Declares the codes.
macro_rules! problem_codes {
    ($(
        $name:ident, $code:literal, $status:literal, $retry:ident,
        title: $title_ja:literal / $title_en:literal,
        detail: $detail_ja:literal / $detail_en:literal,
        action: $action_ja:literal / $action_en:literal;
    )+) => {
        /// Stable code of a problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ProblemCode {
            $(
                #[doc = concat!("`", $code, "` (", stringify!($status), "): ", $detail_en)]
                $name,
            )+
        }

        impl ProblemCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The path a problem's `type` is: `/v1/problems/` and the code.
            #[must_use]
            pub const fn type_uri(self) -> &'static str {
                match self { $(Self::$name => concat!("/v1/problems/", $code),)+ }
            }

            /// The HTTP status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Whether asking again can help.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry,)+ }
            }

            /// Title, detail and what to do, in a language.
            const fn words(self, lang: Lang) -> [&'static str; 3] {
                match (lang, self) {
                    $(
                        (Lang::Ja, Self::$name) => [$title_ja, $detail_ja, $action_ja],
                        (Lang::En, Self::$name) => [$title_en, $detail_en, $action_en],
                    )+
                }
            }
        }
    };
}

problem_codes! {
    MalformedRequest, "malformed_request", 400, Never,
    title: "要求の形式が正しくありません" / "Malformed request",
    detail: "パス、問い合わせ、ヘッダーまたは本文を読み取れません。"
        / "The path, query, a header or the body could not be read.",
    action: "ソフトウェアの提供元に連絡してください。" / "Tell the vendor of your software.";

    IdempotencyKeyInvalid, "idempotency_key_invalid", 400, Never,
    title: "冪等キーが正しくありません" / "No valid idempotency key",
    detail: "Idempotency-Keyヘッダーがないか、UUIDではありません。"
        / "The Idempotency-Key header is missing or is no UUID.",
    action: "ソフトウェアの提供元に連絡してください。" / "Tell the vendor of your software.";

    UploadInterrupted, "upload_interrupted", 400, Later,
    title: "送信が途中で切れました" / "The upload was cut off",
    detail: "コンテナの最後まで届かなかったため、何も保存していません。"
        / "The container did not arrive to its end, so nothing was stored.",
    action: "同じ冪等キーでもう一度送信してください。" / "Send again with the same idempotency key.";

    LogInFailed, "log_in_failed", 401, Never,
    title: "ログインできません" / "Log-in failed",
    detail: "ユーザIDまたはパスワードが正しくないか、証明書の事業所のものではありません。"
        / "User ID or password is wrong, or not of the certificate's office.",
    action: "ユーザIDとパスワードを確かめてください。誤りが続くと一時的にログインできなくなります。"
        / "Check user ID and password. Repeated failures lock the office out for a while.";

    AccountLocked, "account_locked", 403, Later,
    title: "現在ログインできません" / "Locked for now",
    detail: "ログインの失敗が続いたため、または運用センターが停止したため、現在ログインできません。"
        / "Logging in is locked for now, after repeated failures or by the operations centre.",
    action: "時間をおいて、パスワードを確かめてからログインしてください。続くときは運用センターにお問い合わせください。"
        / "Wait, check the password, then log in. If it stays locked, ask the operations centre.";

    PasswordTemporary, "password_temporary", 403, Never,
    title: "仮パスワードです" / "Temporary password",
    detail: "パスワードは正しいですが、仮パスワードのためログインできません。"
        / "The password is right, but temporary: it does not log in.",
    action: "新しいパスワードを設定してからログインしてください。"
        / "Set a password of your own, then log in.";

    PasswordExpired, "password_expired", 403, Never,
    title: "パスワードの有効期限が切れています" / "Password expired",
    detail: "パスワードは正しいですが、有効期限が切れています。"
        / "The password is right, but its time is over.",
    action: "新しいパスワードを設定してからログインしてください。"
        / "Set a new password, then log in.";

    TokenMissing, "token_missing", 401, AfterLogIn,
    title: "アクセストークンがありません" / "No access token",
    detail: "この呼び出しにはアクセストークンが必要です。" / "This call needs an access token.",
    action: "ログインしてから、Authorizationヘッダーにトークンを付けてください。"
        / "Log in and put the token into the Authorization header.";

    TokenInvalid, "token_invalid", 401, AfterLogIn,
    title: "トークンが無効です" / "Invalid token",
    detail: "トークンが正しくないか、取り消されたか、別の事業所のものです。"
        / "The token is wrong, revoked, or another office's.",
    action: "ログインし直してください。" / "Log in again.";

    TokenExpired, "token_expired", 401, AfterLogIn,
    title: "トークンの有効期限が切れています" / "Token expired",
    detail: "トークンの有効期限が切れています。" / "The token's time is over.",
    action: "リフレッシュトークンで更新するか、ログインし直してください。"
        / "Use the refresh token, or log in again.";

    CertificateRefused, "certificate_refused", 403, Never,
    title: "証明書を使用できません" / "Certificate not accepted",
    detail: "接続に使われた証明書は、このシステムで使用できる事業所の証明書ではありません。"
        / "The connection's certificate is not one of an office that may be used here.",
    action: "有効な介護DX証明書または介護保険証明書を使用してください。"
        / "Use the office's valid certificate.";

    NotFound, "not_found", 404, Never,
    title: "見つかりません" / "Not found",
    detail: "このパスには何もありません。" / "There is nothing at this path.",
    action: "ソフトウェアの提供元に連絡してください。" / "Tell the vendor of your software.";

    SendingNotFound, "sending_not_found", 404, Never,
    title: "送信が見つかりません" / "No such sending",
    detail: "この番号の送信はないか、この事業所のものではありません。"
        / "There is no sending with this number, or it is not this office's.",
    action: "送信番号を一覧で確かめてください。" / "Check the number in the list.";

    ReceiptNotFound, "receipt_not_found", 404, Never,
    title: "受領証がありません" / "No such receipt",
    detail: "この送信について、この種類の受領証は発行されていません。"
        / "No receipt of this kind was made for the sending.",
    action: "受領証の一覧を確かめてください。" / "Look at the list of its receipts.";

    LogSizeUnknown, "log_size_unknown", 404, Never,
    title: "証拠ログの件数が正しくありません" / "No such size of the log",
    detail: "証拠ログの署名済みの件数より大きいか、前後が逆です。"
        / "The evidence log has no signed checkpoint so large, or the sizes are in the wrong order.",
    action: "最新のチェックポイントの件数を確かめてください。"
        / "Look at the size in the latest checkpoint.";

    SendingRemoved, "sending_removed", 410, Never,
    title: "保存期間が過ぎています" / "No longer kept",
    detail: "このデータは保存期間が過ぎたため削除されました。送信の記録は残っています。"
        / "The data of this sending was removed after its time; the record of the sending stays.",
    action: "必要な場合は送信元の事業所に再送を依頼してください。"
        / "If you need it, ask the sending office to send it again.";

    OfficeUnknown, "office_unknown", 404, Never,
    title: "事業所が登録されていません" / "Office not registered",
    detail: "この事業所番号は登録されていません。" / "No office with this number is registered.",
    action: "事業所番号を確かめるか、相手の事業所に利用申請を依頼してください。"
        / "Check the office number, or ask the other office to apply for use.";

    MethodNotAllowed, "method_not_allowed", 405, Never,
    title: "このメソッドは使用できません" / "Method not allowed",
    detail: "このパスではこのメソッドを使用できません。" / "This path does not take this method.",
    action: "ソフトウェアの提供元に連絡してください。" / "Tell the vendor of your software.";

    RequestTimeout, "request_timeout", 408, Later,
    title: "時間内に受信できませんでした" / "The request took too long",
    detail: "要求が時間内に届かなかったため、何も保存していません。"
        / "The request did not arrive in time, so nothing was stored.",
    action: "通信環境を確かめて、もう一度試してください。" / "Check the connection and try again.";

    IdempotencyConflict, "idempotency_conflict", 409, Never,
    title: "冪等キーが別の送信で使われています" / "Idempotency key used for another sending",
    detail: "同じ冪等キーで、内容または宛先の異なる送信を既に受け付けています。"
        / "A sending with other content or another receiver was accepted with this key.",
    action: "新しい送信には新しい冪等キーを使用してください。" / "Use a new key for a new sending.";

    SendingAlreadyReleased, "sending_already_released", 409, Never,
    title: "既に受信できる状態です" / "Already released",
    detail: "送信は既に相手が受信できる状態です。" / "The receiver can already have the sending.",
    action: "状態を一覧で確かめてください。" / "Look at its state in the list.";

    SendingNotYetAvailable, "sending_not_yet_available", 409, Later,
    title: "まだ受信できません" / "Not yet available",
    detail: "受付後の確認が終わっていないため、まだ受信できません。"
        / "The platform has not finished its checks.",
    action: "しばらくしてからもう一度試してください。" / "Try again later.";

    SendingNotFetched, "sending_not_fetched", 409, Never,
    title: "まだ受信していません" / "Not fetched yet",
    detail: "受信していない送信の受信確認はできません。" / "What was not fetched cannot be confirmed.",
    action: "コンテナを受信して保存してから、受信確認をしてください。"
        / "Fetch and store the container, then confirm.";

    SendingAlreadyFetched, "sending_already_fetched", 409, Never,
    title: "相手が受信済みです" / "Already fetched",
    detail: "相手の事業所が受信したため、取り消せません。"
        / "The other office has fetched it, so it cannot be withdrawn.",
    action: "訂正する場合は、正しい内容を改めて送信してください。"
        / "To correct it, send the right content anew.";

    SendingAlreadyConfirmed, "sending_already_confirmed", 409, Never,
    title: "受信確認済みです" / "Already confirmed",
    detail: "相手の事業所が受信を確認しています。" / "The other office has confirmed it.",
    action: "訂正する場合は、正しい内容を改めて送信してください。"
        / "To correct it, send the right content anew.";

    SendingWithdrawn, "sending_withdrawn", 409, Never,
    title: "取り消された送信です" / "Withdrawn",
    detail: "送信した事業所が取り消したため、受信できません。" / "The sender took it back.",
    action: "必要な場合は送信した事業所に問い合わせてください。" / "Ask the sender if you need it.";

    SendingExpired, "sending_expired", 409, Never,
    title: "期限切れの送信です" / "Expired",
    detail: "期限までに受信確認されなかったため、受信できません。"
        / "It was not fetched and confirmed in time.",
    action: "送信した事業所に再送を依頼してください。" / "Ask the sender to send it again.";

    SendingRefused, "sending_refused", 409, Never,
    title: "配信できない送信です" / "Refused",
    detail: "受付後の確認で配信できないことが分かった送信です。"
        / "The platform's checks found that it may not be delivered.",
    action: "理由を確かめ、直してから改めて送信してください。" / "Look for the reason, mend it, send anew.";

    ReceiptNotInLog, "receipt_not_in_log", 409, Later,
    title: "まだ証拠ログに記録されていません" / "Not yet in the log",
    detail: "受領証は保存されていますが、まだ証拠ログに追加されていません。"
        / "The receipt is kept, but the evidence log has not taken it in yet.",
    action: "しばらくしてからもう一度試してください。" / "Try again in a moment.";

    DigestMismatch, "digest_mismatch", 409, Later,
    title: "ハッシュ値が一致しません" / "Digest does not match",
    detail: "受信したコンテナのハッシュ値が送信されたものと異なります。"
        / "The digest of the container received is not that of the one sent.",
    action: "もう一度受信してから確認してください。" / "Fetch it again, then confirm.";

    ContainerTooLarge, "container_too_large", 413, Never,
    title: "コンテナが大きすぎます" / "Container too large",
    detail: "一度に送信できる大きさを超えています。" / "It is larger than one sending may be.",
    action: "添付ファイルを減らすか、分けて送信してください。"
        / "Send fewer attachments, or in several sendings.";

    UnsupportedMediaType, "unsupported_media_type", 415, Never,
    title: "本文の種類が正しくありません" / "Unsupported media type",
    detail: "本文の種類（Content-Type）がこの呼び出しのものではありません。"
        / "The body's type (Content-Type) is not the one of this call.",
    action: "ソフトウェアの提供元に連絡してください。" / "Tell the vendor of your software.";

    PasswordUnsuitable, "password_unsuitable", 422, Never,
    title: "新しいパスワードを使用できません" / "New password not suitable",
    detail: "新しいパスワードは8文字以上で、現在のパスワードともユーザIDとも異なる必要があります。"
        / "A new password has at least 8 characters and is neither the present one nor the user ID.",
    action: "別のパスワードを選んでください。" / "Choose another password.";

    ContainerInvalid, "container_invalid", 422, Never,
    title: "コンテナを検証できません" / "Container does not verify",
    detail: "コンテナの形式または署名が正しくないか、内容が署名後に変わっています。"
        / "The container or its signature is not valid, or its content changed after signing.",
    action: "元のファイルからもう一度作成して送信してください。"
        / "Make it again from the original files and send it.";

    SignerMismatch, "signer_mismatch", 422, Never,
    title: "署名した事業所が異なります" / "Signed by another office",
    detail: "コンテナは、ログインしている事業所の証明書で署名されていません。"
        / "The container is not signed with the certificate of the office logged in.",
    action: "送信する事業所の証明書で署名してください。" / "Sign with the sending office's certificate.";

    SetNotStandard, "set_not_standard", 422, Never,
    title: "送信できない組み合わせです" / "Not a set that may travel",
    detail: "ファイルの組み合わせが、標準仕様の送信単位のいずれでもありません。"
        / "The files are none of the sets of the standard.",
    action: "ファイル名と組み合わせを確かめてください。" / "Check the files' names and what goes together.";

    SenderMismatch, "sender_mismatch", 422, Never,
    title: "ファイル名の送信元が異なります" / "File names have another sender",
    detail: "ファイル名の送信元事業所番号が、ログインしている事業所と異なります。"
        / "The sender in the files' names is not the office logged in.",
    action: "送信元の事業所番号を確かめて、ファイルを出力し直してください。"
        / "Check the sender's office number and export the files again.";

    ReceiverMismatch, "receiver_mismatch", 422, Never,
    title: "ファイル名の送信先が異なります" / "File names have another receiver",
    detail: "ファイル名の送信先事業所番号が、送信先に指定した事業所と異なります。"
        / "The receiver in the files' names is not the office it was sent to.",
    action: "送信先を確かめてください。" / "Check whom to send to.";

    OwnNumber, "own_number", 422, Never,
    title: "自事業所には送信できません" / "Not to one's own number",
    detail: "送信先が自事業所の番号です。" / "The receiver is the sender's own office number.",
    action: "送信先の事業所番号を確かめてください。" / "Check the receiver's office number.";

    SenderNotLicensed, "sender_not_licensed", 403, Never,
    title: "利用できません（自事業所のライセンス）" / "Sender has no valid licence",
    detail: "自事業所の有効なライセンスがありません。" / "This office has no valid licence today.",
    action: "利用申請または更新をしてください。" / "Apply for use, or renew.";

    ReceiverNotLicensed, "receiver_not_licensed", 403, Never,
    title: "送信できません（相手のライセンス）" / "Receiver has no valid licence",
    detail: "送信先の事業所に有効なライセンスがありません。"
        / "The receiving office has no valid licence today.",
    action: "相手の事業所に利用申請または更新を依頼してください。"
        / "Ask the other office to apply for use, or to renew.";

    NotLicensedToReceive, "not_licensed_to_receive", 403, Never,
    title: "新しく受信できません（自事業所のライセンス）" / "No valid licence to receive",
    detail: "自事業所の有効なライセンスがないため、新しく受信できません。"
        / "This office has no valid licence today, so it receives nothing new.",
    action: "利用申請または更新をしてください。" / "Apply for use, or renew.";

    TooManyRequests, "too_many_requests", 429, Later,
    title: "要求が多すぎます" / "Too many requests",
    detail: "短い時間に送られた要求が多すぎます。" / "There were too many requests in a short time.",
    action: "Retry-Afterの秒数が過ぎてから、もう一度試してください。"
        / "Try again after the seconds in Retry-After.";

    InternalError, "internal_error", 500, Later,
    title: "システムの内部で問題が起きました" / "Internal error",
    detail: "処理できませんでした。受付票が届いていない送信は受け付けていません。"
        / "It could not be done. A sending without a receipt was not accepted.",
    action: "しばらくしてからもう一度試し、続く場合は番号（instance）を添えて連絡してください。"
        / "Try again later; if it goes on, report it with the number in `instance`.";

    ServiceUnavailable, "service_unavailable", 503, Later,
    title: "一時的に利用できません" / "Unavailable for a while",
    detail: "混雑または保守のため、一時的に処理できません。"
        / "Too busy, or being maintained.",
    action: "しばらくしてからもう一度試してください。" / "Try again later.";
}

impl ProblemCode {
    /// The media type of a problem on the wire.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ProblemCode {
    type Err = UnknownProblemCode;

    fn from_str(text: &str) -> Result<Self, UnknownProblemCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(UnknownProblemCode)
    }
}

/// A code this version does not know; a later version's platform may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a problem code of this version")]
pub struct UnknownProblemCode;

/// A problem's words in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wording {
    /// The kind of problem, the same each time.
    pub title: Cow<'static, str>,
    /// What happened this time.
    pub detail: Cow<'static, str>,
    /// What to do.
    pub action: Cow<'static, str>,
}

impl Wording {
    /// The words of the table.
    #[must_use]
    pub const fn of(code: ProblemCode, lang: Lang) -> Self {
        let [title, detail, action] = code.words(lang);
        Self {
            title: Cow::Borrowed(title),
            detail: Cow::Borrowed(detail),
            action: Cow::Borrowed(action),
        }
    }

    /// What happened and what to do, as running text.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        format!("{}{}{}", self.detail, lang.pick("", " "), self.action)
    }
}

/// A problem document (RFC 9457), with the words in both languages.
///
/// `title` and `detail` at the top are in the language asked for (`Accept-Language`, Japanese if
/// none), so that any RFC 9457 library can show them; [`ja`](Self::ja) and [`en`](Self::en) are
/// there always. Nothing of the platform's insides, no secret and no personal data is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What kind of problem: [`ProblemCode::type_uri`].
    #[serde(rename = "type")]
    pub type_uri: Cow<'static, str>,
    /// The kind in words.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: Cow<'static, str>,
    /// This occurrence, as `urn:uuid:` and the request's ID: what to quote when asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The stable code; a later version's platform may send codes this one does not know, so it
    /// is kept as text. See [`Problem::known_code`].
    pub code: Cow<'static, str>,
    /// After how many seconds trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// The words in Japanese.
    pub ja: Wording,
    /// The words in English.
    pub en: Wording,
}

impl Problem {
    /// A problem with the words of the table, Japanese at the top.
    #[must_use]
    pub const fn new(code: ProblemCode) -> Self {
        let [title, detail, _] = code.words(Lang::Ja);
        Self {
            type_uri: Cow::Borrowed(code.type_uri()),
            title: Cow::Borrowed(title),
            status: code.status(),
            detail: Cow::Borrowed(detail),
            instance: None,
            code: Cow::Borrowed(code.as_str()),
            retry_after_seconds: None,
            ja: Wording::of(code, Lang::Ja),
            en: Wording::of(code, Lang::En),
        }
    }

    /// Says what happened this time in more detail: why exactly, which file.
    ///
    /// The error explained must not hold secrets, personal data or the platform's insides.
    #[must_use]
    pub fn because(mut self, error: &impl Explain) -> Self {
        self.ja.detail = Cow::Owned(error.explain(Lang::Ja));
        self.en.detail = Cow::Owned(error.explain(Lang::En));
        self.detail = self.ja.detail.clone();
        self
    }

    /// Says what happened this time and what to do about it, in place of the code's usual words.
    ///
    /// As with [`because`](Self::because), without secrets, personal data or the platform's
    /// insides.
    #[must_use]
    pub fn in_words(mut self, words: impl Fn(Lang) -> (String, String)) -> Self {
        for (lang, wording) in [(Lang::Ja, &mut self.ja), (Lang::En, &mut self.en)] {
            let (detail, action) = words(lang);
            wording.detail = Cow::Owned(detail);
            wording.action = Cow::Owned(action);
        }
        self.detail = self.ja.detail.clone();
        self
    }

    /// After how many seconds trying again makes sense.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Puts the words of a language at the top, and the request's ID.
    #[must_use]
    pub fn for_request(mut self, lang: Lang, request: uuid::Uuid) -> Self {
        let words = self.wording(lang).clone();
        self.title = words.title;
        self.detail = words.detail;
        self.instance = Some(request.urn().to_string());
        self
    }

    /// The words in a language.
    #[must_use]
    pub const fn wording(&self, lang: Lang) -> &Wording {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }

    /// The code, if this version knows it.
    #[must_use]
    pub fn known_code(&self) -> Option<ProblemCode> {
        self.code.parse().ok()
    }

    /// Whether asking again can help: the table's word for known codes; for others a server's
    /// fault (5xx) may pass, everything else will not.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self.known_code() {
            Some(code) => code.retry(),
            None if self.status == 401 => Retry::AfterLogIn,
            None if self.status >= 500 || self.status == 429 => Retry::Later,
            None => Retry::Never,
        }
    }
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl Explain for Problem {
    fn explain(&self, lang: Lang) -> String {
        self.wording(lang).sentence(lang)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.explain(Lang::En))
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_stable_words_with_client_or_server_statuses() {
        let mut seen = HashSet::new();
        for &code in ProblemCode::ALL {
            assert!(seen.insert(code.as_str()), "{code}");
            assert!(
                code.as_str()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '_'),
                "{code}"
            );
            assert!((400..=599).contains(&code.status()), "{code}");
            assert_eq!(code.as_str().parse::<ProblemCode>().unwrap(), code);
            if code.status() == 401 && code != ProblemCode::LogInFailed {
                assert_eq!(code.retry(), Retry::AfterLogIn, "{code}");
            }
            if code.status() >= 500 {
                assert_eq!(code.retry(), Retry::Later, "{code}");
            }
        }
    }

    #[test]
    fn every_code_has_words_in_both_languages() {
        for &code in ProblemCode::ALL {
            for words in code.words(Lang::Ja) {
                assert!(!words.is_ascii(), "{code}: {words}");
            }
            for words in code.words(Lang::En) {
                assert!(!words.is_empty() && words.is_ascii(), "{code}: {words}");
            }
        }
    }

    #[test]
    fn own_words_stand_in_both_languages_and_at_the_top() {
        let code = ProblemCode::ReceiverNotLicensed;
        let problem = Problem::new(code).in_words(|lang| {
            let name = lang.pick("ja", "en");
            (format!("what, {name}"), format!("do, {name}"))
        });
        assert_eq!(problem.detail, "what, ja");
        for (lang, detail, action) in [
            (Lang::Ja, "what, ja", "do, ja"),
            (Lang::En, "what, en", "do, en"),
        ] {
            let words = problem.wording(lang);
            assert_eq!((&*words.detail, &*words.action), (detail, action));
            assert_eq!(words.title, Problem::new(code).wording(lang).title);
            let answered = problem.clone().for_request(lang, uuid::Uuid::nil());
            assert_eq!(answered.detail, detail);
        }
    }

    #[test]
    fn the_document_is_that_of_rfc_9457() {
        let request = "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap();
        let problem = Problem::new(ProblemCode::OwnNumber).for_request(Lang::En, request);
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "/v1/problems/own_number");
        assert_eq!(json["title"], "Not to one's own number");
        assert_eq!(json["status"], 422);
        assert_eq!(
            json["instance"],
            "urn:uuid:0192f0a0-7c00-7000-8000-000000000001"
        );
        assert_eq!(json["ja"]["title"], "自事業所には送信できません");
        assert_eq!(serde_json::from_value::<Problem>(json).unwrap(), problem);
    }

    #[test]
    fn a_reason_replaces_the_detail_in_both_languages() {
        let reason = "x".parse::<careplan_core::OfficeNumber>().unwrap_err();
        let problem = Problem::new(ProblemCode::MalformedRequest).because(&reason);
        assert_eq!(problem.en.detail, reason.explain(Lang::En));
        assert_eq!(problem.detail, reason.explain(Lang::Ja));
    }

    #[test]
    fn codes_of_later_versions_are_judged_by_their_status() {
        let mut problem = Problem::new(ProblemCode::OwnNumber);
        problem.code = "of_a_later_version".into();
        for (status, retry) in [
            (400, Retry::Never),
            (401, Retry::AfterLogIn),
            (429, Retry::Later),
            (503, Retry::Later),
        ] {
            problem.status = status;
            assert_eq!(problem.retry(), retry, "{status}");
        }
    }
}

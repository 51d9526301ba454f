//! The certificate page (電子証明書): state, issue with an issue password, renewal.
//!
//! The private key stays at the office: what is handed in is a certification request (PKCS#10), and
//! for a renewal a container with such a request, signed with the certificate that is renewed.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use careplan_core::{Explain, Lang, OfficeNumber, japan_date};
use careplan_envelope::{
    Authority, CertificateSerial, Error, ErrorKind, Issued, IssuedTo, RegisterEntry, Validity,
};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Page, Place, Step, Tone, day, go, notice, steps, token_field};
use super::refusal::Refusal;
use super::upload::MembersUpload;
use super::visit::Member;
use super::{Secrets, Site};

/// How often and how long to try an authority that another program has open.
const TRIES: u32 = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);
/// The largest request in a container, in bytes.
const LARGEST_REQUEST: u64 = 64 * 1024;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Done {
    issued: Option<String>,
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    Query(done): Query<Done>,
    member: Member,
) -> Result<Response, Refusal> {
    let message = done
        .issued
        .map(|serial| issued_notice(&serial, member.visit.lang));
    page(&site, &member, message).await
}

fn issued_notice(serial: &str, lang: Lang) -> Markup {
    notice(
        Tone::Ok,
        lang.pick("電子証明書が発行されました。", "The certificate is issued."),
        &html! {
            (lang.pick(
                "下のボタンでファイルを保存し、鍵を作ったパソコンのクライアントに取り込んでください。",
                "Save the file with the button below and install it on the computer where the key was made.",
            ))
            div.actions {
                a.button href={ "/certificate/" (serial) } download {
                    (lang.pick("電子証明書をダウンロード", "Download the certificate"))
                }
                a.button.second href="/client" {
                    (lang.pick("次へ: クライアントの導入", "Next: client software"))
                }
            }
        },
    )
}

async fn page(
    site: &Arc<Site>,
    member: &Member,
    message: Option<Markup>,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let now = site.now();
    let title = lang.pick("電子証明書", "Certificate");
    let entries = match &site.authority {
        Some(folder) => Some(entries(folder.clone(), member.office).await?),
        None => None,
    };
    let usable = entries.iter().flatten().any(|entry| entry.is_usable(now));
    let kept = match &entries {
        Some(entries) => site.kept_serials(member.office, entries).await?,
        None => Vec::new(),
    };
    let content = html! {
        h1 { (title) }
        (steps(Step::Certificate, lang))
        @if let Some(message) = message { (message) }
        (notice(Tone::Info, lang.pick("電子請求の証明書をお持ちの事業所は", "With a certificate for electronic claims"), &html! {
            (lang.pick(
                "この手続きは不要です。介護保険証明書をそのままお使いください。発行は無料で、1事業所に1枚です。代理人証明書と障害総合支援証明書は使えません。",
                "there is nothing to do here: use that one. Certificates are free, one per office. Agents' certificates and those of the disability system are not accepted.",
            ))
        }))
        h2 { (lang.pick("電子証明書の状態", "State")) }
        @match &entries {
            None => p { (lang.pick(
                "このサイトでは発行していません。運用センターにお問い合わせください。",
                "Certificates are not issued here; please ask the operations centre.",
            )) },
            Some(entries) if entries.is_empty() => p { (lang.pick(
                "発行された電子証明書はありません。",
                "None was issued yet.",
            )) },
            Some(entries) => (table(entries, &kept, now, lang)),
        }
        @if entries.is_some() {
            @if usable { (renewal_form(member, lang)) } @else { (issue_form(member, lang)) }
        }
    };
    Ok(Page::new(title, Some(Place::Certificate), content).show(&member.visit, site))
}

fn table(
    entries: &[RegisterEntry],
    kept: &[CertificateSerial],
    now: DateTime<Utc>,
    lang: Lang,
) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label=(lang.pick("電子証明書の状態", "State")) {
            table.list {
                thead { tr {
                    th scope="col" { (lang.pick("状態", "State")) }
                    th scope="col" { (lang.pick("有効期間", "Valid")) }
                    th scope="col" { (lang.pick("番号", "Serial number")) }
                    th scope="col" { (lang.pick("ファイル", "File")) }
                } }
                tbody {
                    @for entry in entries {
                        tr {
                            td { (state(entry, now, lang)) }
                            td {
                                span.together { (day(japan_date(entry.not_before), lang)) (lang.pick("から", " to")) } " "
                                span.together { (day(japan_date(entry.not_after), lang)) (lang.pick("まで", "")) }
                            }
                            td.mono { (entry.serial) }
                            td {
                                @if kept.contains(&entry.serial) {
                                    a.together href={ "/certificate/" (entry.serial) } download {
                                        (lang.pick("ダウンロード", "Download"))
                                    }
                                } @else { "-" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn state(entry: &RegisterEntry, now: DateTime<Utc>, lang: Lang) -> Markup {
    let (class, text) = if entry.revoked.is_some() {
        ("error", lang.pick("失効", "revoked"))
    } else if entry.is_usable(now) {
        ("ok", lang.pick("有効", "valid"))
    } else if now < entry.not_before {
        ("info", lang.pick("開始前", "not yet valid"))
    } else {
        ("warning", lang.pick("期限切れ", "expired"))
    };
    html! { span class={ "tag " (class) } { (text) } }
}

fn issue_form(member: &Member, lang: Lang) -> Markup {
    html! {
        h2 { (lang.pick("電子証明書の発行", "Getting a certificate")) }
        ol {
            li { (lang.pick(
                "運用センターから届いた発行用パスワードを用意します。",
                "Have the issue password ready that the operations centre sent.",
            )) }
            li { (lang.pick(
                "クライアントで証明書の発行要求（拡張子 .csr または .pem のファイル）を作ります。鍵はパソコンから出ません。",
                "Let the client software make a certification request (a .csr or .pem file). The key stays on your computer.",
            )) }
            li { (lang.pick(
                "下の欄にファイルとパスワードを入れて「発行する」を押します。",
                "Choose the file, type the password, and press the button.",
            )) }
        }
        form.card method="post" action="/certificate/issue" enctype="multipart/form-data" {
            (token_field(&member.visit))
            (file_field("request", lang.pick("発行要求のファイル", "Certification request"), ".csr,.pem,.p10"))
            div.field {
                label for="password" { (lang.pick("発行用パスワード", "Issue password")) }
                p.hint #password-hint { (lang.pick(
                    "4文字ずつハイフンで区切られた16文字です。大文字と小文字は区別しません。",
                    "16 characters in groups of four; capital and small letters are the same.",
                )) }
                input #password name="password" type="text" required autocomplete="off" spellcheck="false"
                    aria-describedby="password-hint";
            }
            div.actions { button.button { (lang.pick("発行する", "Get the certificate")) } }
        }
    }
}

fn renewal_form(member: &Member, lang: Lang) -> Markup {
    html! {
        h2 { (lang.pick("電子証明書の更新", "Renewal")) }
        p { (lang.pick(
            "クライアントで更新の要求（今の証明書で署名した .asice ファイル）を作り、ここで提出します。新しい証明書が発行された後も、今の証明書は有効期限まで使えます。",
            "Let the client software make a renewal request: an .asice file signed with the certificate you have. The old certificate stays usable up to its end.",
        )) }
        form.card method="post" action="/certificate/renew" enctype="multipart/form-data" {
            (token_field(&member.visit))
            (file_field("request", lang.pick("更新要求のファイル", "Renewal request"), ".asice"))
            div.actions { button.button { (lang.pick("更新する", "Renew")) } }
        }
    }
}

fn file_field(name: &str, label: &str, accept: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input id=(name) name=(name) type="file" accept=(accept) required;
        }
    }
}

/// Issues to who knows the issue password.
pub(super) async fn issue(
    State(site): State<Arc<Site>>,
    _turn: Secrets,
    upload: MembersUpload,
) -> Result<Response, Refusal> {
    let MembersUpload { member, fields } = upload;
    let request = fields.file("request")?;
    let password = fields.text("password")?;
    let (office, now) = (member.office, site.now());
    let validity = site.certificate_validity(now)?;
    let issued = with_authority(&site, move |authority| {
        authority.issue_with_password(&request, office, &password, validity, now)
    })
    .await?;
    finish(&site, &member, issued).await
}

/// Renews a certificate for who holds it: the request came signed with it.
pub(super) async fn renew(
    State(site): State<Arc<Site>>,
    _turn: Secrets,
    upload: MembersUpload,
) -> Result<Response, Refusal> {
    let MembersUpload { member, fields } = upload;
    let container = fields.file("request")?;
    let now = site.now();
    let (request, serial) = match signed_request(&site, container, member.office, now).await? {
        Ok(found) => found,
        Err(why) => return again(&site, &member, &why).await,
    };
    let validity = site.certificate_validity(now)?;
    let issued = with_authority(&site, move |authority| {
        authority.renew(&request, &serial, validity, now)
    })
    .await?;
    finish(&site, &member, issued).await
}

/// The request in a container, and the certificate the container is signed with; or why not.
async fn signed_request(
    site: &Site,
    container: Bytes,
    office: OfficeNumber,
    now: DateTime<Utc>,
) -> Result<Result<(Vec<u8>, CertificateSerial), Words>, Refusal> {
    let trust = site.api.trust.current();
    tokio::task::spawn_blocking(move || {
        let mut envelope = trust
            .containers
            .verify(Cursor::new(container), now)
            .map_err(|error| Words::of(&error))?;
        let signer = envelope.signer();
        if signer.office != office {
            return Err(Words {
                ja: "この事業所の証明書で署名されていません。".into(),
                en: "It is not signed with this office's certificate.".into(),
            });
        }
        let serial = signer.serial.clone();
        let only = match envelope.files() {
            [file] if file.size <= LARGEST_REQUEST => file.name.clone(),
            _ => {
                return Err(Words {
                    ja: "発行要求のファイルを1つだけ入れてください。".into(),
                    en: "Put the certification request into it and nothing else.".into(),
                });
            }
        };
        let request = envelope
            .read_file(&only)
            .map_err(|error| Words::of(&error))?;
        Ok((request, serial))
    })
    .await
    .map_err(|_| Refusal::Internal)
}

/// A reason in both languages.
struct Words {
    ja: String,
    en: String,
}

impl Words {
    fn of(reason: &impl Explain) -> Self {
        Self {
            ja: reason.explain(Lang::Ja),
            en: reason.explain(Lang::En),
        }
    }
}

/// Shows the page again with the reason why nothing was issued.
async fn again(site: &Arc<Site>, member: &Member, why: &Words) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let message = notice(
        Tone::Error,
        lang.pick("発行できませんでした。", "No certificate was issued."),
        &html! { (lang.pick(&why.ja, &why.en)) },
    );
    page(site, member, Some(message)).await
}

async fn finish(
    site: &Arc<Site>,
    member: &Member,
    issued: Result<Issued, Error>,
) -> Result<Response, Refusal> {
    let issued = match issued {
        Ok(issued) => issued,
        Err(error) if matches!(error.kind(), ErrorKind::Io | ErrorKind::AuthorityBusy) => {
            tracing::error!(%error, "the authority cannot be used");
            return Err(Refusal::Unavailable);
        }
        Err(error) => return again(site, member, &Words::of(&error)).await,
    };
    let serial = issued.serial.to_string();
    let pem = issued.to_pem().map_err(|_| Refusal::Internal)?;
    site.storage
        .keep_certificate(member.office, serial.clone(), pem)
        .await?;
    tracing::info!(office = %member.office, serial, "a certificate was issued at the site");
    Ok(go(&format!("/certificate?issued={serial}")))
}

/// Hands out a certificate that was issued here.
pub(super) async fn download(
    State(site): State<Arc<Site>>,
    Path(serial): Path<String>,
    member: Member,
) -> Result<Response, Refusal> {
    let serial: CertificateSerial = serial.parse().map_err(|_| Refusal::NotFound)?;
    let pem = site
        .storage
        .kept_certificate(member.office, serial.to_string())
        .await?
        .ok_or(Refusal::NotFound)?;
    let mut response = pem.into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-pem-file"),
    );
    let name = format!("attachment; filename=\"certificate-{}.pem\"", member.office);
    headers.insert(
        CONTENT_DISPOSITION,
        HeaderValue::from_str(&name).map_err(|_| Refusal::Internal)?,
    );
    Ok(response)
}

/// Runs something with the authority, which is held by one program at a time and not for long.
async fn with_authority<T: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&mut Authority) -> T + Send + 'static,
) -> Result<T, Refusal> {
    let folder = site.authority.clone().ok_or(Refusal::NotFound)?;
    let mut authority = open(folder).await?;
    tokio::task::spawn_blocking(move || work(&mut authority))
        .await
        .map_err(|_| Refusal::Internal)
}

async fn open(folder: PathBuf) -> Result<Authority, Refusal> {
    for _ in 0..TRIES {
        let place = folder.clone();
        let opened = tokio::task::spawn_blocking(move || Authority::open(&place))
            .await
            .map_err(|_| Refusal::Internal)?;
        match opened {
            Ok(authority) => return Ok(authority),
            Err(error) if error.kind() == ErrorKind::AuthorityBusy => {
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            Err(error) => {
                tracing::error!(%error, "the authority cannot be opened");
                return Err(Refusal::Unavailable);
            }
        }
    }
    Err(Refusal::Unavailable)
}

/// What the register says of an office, the latest first.
async fn entries(folder: PathBuf, of: OfficeNumber) -> Result<Vec<RegisterEntry>, Refusal> {
    let authority = open(folder).await?;
    let mut entries: Vec<_> = authority
        .register()
        .iter()
        .filter(
            |entry| matches!(&entry.issued_to, IssuedTo::Office { office, .. } if *office == of),
        )
        .cloned()
        .collect();
    entries.reverse();
    Ok(entries)
}

impl Site {
    /// From now on, for so many days.
    fn certificate_validity(&self, now: DateTime<Utc>) -> Result<Validity, Refusal> {
        Validity::days(now, u32::from(self.certificate_days)).map_err(|_| Refusal::Internal)
    }

    /// Which of an office's certificates can be downloaded.
    async fn kept_serials(
        &self,
        office: OfficeNumber,
        entries: &[RegisterEntry],
    ) -> Result<Vec<CertificateSerial>, Refusal> {
        let mut kept = Vec::new();
        for entry in entries {
            let serial = entry.serial.to_string();
            if self
                .storage
                .kept_certificate(office, serial)
                .await?
                .is_some()
            {
                kept.push(entry.serial.clone());
            }
        }
        Ok(kept)
    }
}

//! The client page (クライアント): the office client to download, with its SHA-256 sum.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use careplan_core::{Sha256Digest, japan_date};
use chrono::NaiveDate;
use maud::html;
use tokio_util::io::ReaderStream;

use super::page::{Page, Place, Step, Tone, day, notice, steps};
use super::refusal::Refusal;
use super::visit::Member;
use super::{ClientDownload, Site};

/// The client that is offered.
pub(super) struct OfferedClient {
    download: ClientDownload,
    /// The sum of the file as it was when it was last taken.
    known: Mutex<Option<KnownSum>>,
}

#[derive(Clone, Copy)]
struct KnownSum {
    bytes: u64,
    modified: Option<SystemTime>,
    sha256: Sha256Digest,
}

impl OfferedClient {
    pub(super) const fn new(download: ClientDownload) -> Self {
        Self {
            download,
            known: Mutex::new(None),
        }
    }

    fn is_offered(&self, today: NaiveDate) -> bool {
        self.download.from <= today
    }

    /// The name under which it is saved.
    fn name(&self) -> String {
        self.download
            .file
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Size and sum of the file as it is now. The file is read again only if it changed.
    fn sum(&self) -> io::Result<KnownSum> {
        let mut file = std::fs::File::open(&self.download.file)?;
        let metadata = file.metadata()?;
        let (bytes, modified) = (metadata.len(), metadata.modified().ok());
        let known = *self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) =
            known.filter(|known| (known.bytes, known.modified) == (bytes, modified))
        {
            return Ok(known);
        }
        let mut summing = Summing(Context::new(&SHA256));
        io::copy(&mut file, &mut summing)?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(summing.0.finish().as_ref());
        let known = KnownSum {
            bytes,
            modified,
            sha256: Sha256Digest::new(sha256),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(known)
    }
}

struct Summing(Context);

impl io::Write for Summing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Size and sum of the client, off the threads that serve.
async fn sum(client: &Arc<OfferedClient>) -> Result<KnownSum, Refusal> {
    let client = Arc::clone(client);
    let summed = tokio::task::spawn_blocking(move || client.sum())
        .await
        .map_err(|_| Refusal::Internal)?;
    summed.map_err(|error| {
        tracing::error!(%error, "the client file cannot be read");
        Refusal::Unavailable
    })
}

pub(super) async fn show(
    State(site): State<Arc<Site>>,
    member: Member,
) -> Result<Response, Refusal> {
    let lang = member.visit.lang;
    let today = japan_date(site.now());
    let title = lang.pick("クライアント", "Client software");
    let offered = match &site.client {
        Some(client) if client.is_offered(today) => Some((client, sum(client).await?)),
        _ => None,
    };
    let content = html! {
        h1 { (title) }
        (steps(Step::Client, lang))
        p { (lang.pick(
            "ケアプランの送受信に使うソフトウェアです。介護ソフトの入ったパソコンにも、別のパソコンにも入れられます。1事業所につき1台でお使いください。Windows 10以降が必要です。",
            "The software that sends and receives. Install it on the computer with your care software or on another one, one per office. It needs Windows 10 or later.",
        )) }
        @if let Some((client, sum)) = offered {
            div.card {
                dl.facts {
                    dt { (lang.pick("版", "Version")) } dd { (client.download.version) }
                    dt { (lang.pick("ファイル", "File")) } dd.mono { (client.name()) }
                    dt { (lang.pick("大きさ", "Size")) } dd { (sum.bytes) (lang.pick(" バイト", " bytes")) }
                    dt { "SHA-256" } dd.mono #sum { (sum.sha256) }
                }
                div.actions {
                    a.button.large href="/client/download" download {
                        (lang.pick("クライアントをダウンロード", "Download the client"))
                    }
                }
            }
            h2 { (lang.pick("導入の手順", "How to install it")) }
            ol {
                li { (lang.pick("上のボタンでファイルを保存します。", "Save the file with the button above.")) }
                li {
                    (lang.pick(
                        "ファイルが途中で変わっていないことを、SHA-256の値で確かめます。Windowsでは次のように表示できます。",
                        "See by its SHA-256 sum that it arrived as it is. On Windows:",
                    ))
                    br;
                    code.mono { "certutil -hashfile " (client.name()) " SHA256" }
                }
                li { (lang.pick(
                    "ファイルを開いて導入し、ユーザIDとパスワードを入力します。",
                    "Open the file to install it, then type user ID and password.",
                )) }
                li { (lang.pick(
                    "電子証明書を取り込むと、送受信を始められます。",
                    "With the certificate installed you can send and receive.",
                )) }
            }
        } @else if let Some(client) = &site.client {
            (notice(Tone::Info, lang.pick("まだ公開されていません。", "It is not offered yet."), &html! {
                (lang.pick(
                    format!("{}からダウンロードできます。", day(client.download.from, lang)),
                    format!("You can download it from {} on.", day(client.download.from, lang)),
                ))
            }))
        } @else {
            (notice(Tone::Info, lang.pick("このサイトでは配布していません。", "It is not offered here."), &html! {
                (lang.pick("運用センターにお問い合わせください。", "Please ask the operations centre."))
            }))
        }
    };
    Ok(Page::new(title, Some(Place::Client), content).show(&member.visit, &site))
}

/// Hands out the file.
pub(super) async fn download(
    State(site): State<Arc<Site>>,
    _member: Member,
) -> Result<Response, Refusal> {
    let today = japan_date(site.now());
    let client = site
        .client
        .as_ref()
        .filter(|client| client.is_offered(today))
        .ok_or(Refusal::NotFound)?;
    let path: PathBuf = client.download.file.clone();
    let unreadable = |error: io::Error| {
        tracing::error!(%error, "the client file cannot be read");
        Refusal::Unavailable
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    let mut response = Body::from_stream(ReaderStream::new(file)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(CONTENT_LENGTH, bytes.into());
    // The operator's file name, as far as it can stand in a header.
    let name: String = client
        .name()
        .chars()
        .map(|character| match character {
            '0'..='9' | 'a'..='z' | 'A'..='Z' | '.' | '-' | '_' => character,
            _ => '_',
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

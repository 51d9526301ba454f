//! `envelope sign` and `envelope verify`.

use careplan_examples::say;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use careplan_core::{Explain, Lang};
use careplan_envelope::{
    EnvelopeWriter, ExtractError, OfficeCertificate, VerifiedEnvelope, VerifyError, WriterOptions,
    container_digest,
};
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::files::{self, NewFile};
use crate::trust::{Identity, Trust};
use crate::{Destination, Output};

#[derive(Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    identity: Identity,
    /// Certificates between the office's and the trusted authority's (中間証明書)
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,
    #[command(flatten)]
    destination: Destination,
    /// Files to sign (署名するファイル)
    #[arg(value_name = "FILES", required = true)]
    files: Vec<PathBuf>,
}

impl Sign {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let signer = self.identity.signer(self.chain.as_deref())?;
        let out = &self.destination.out;
        let mut new = NewFile::beside(out)?;
        let mut writer = EnvelopeWriter::new(new.file(), WriterOptions::default())
            .map_err(Failure::needed(out))?;
        for path in &self.files {
            let mut file = files::open(path)?;
            writer
                .add(&name_of(path)?, &mut file)
                .map_err(Failure::needed(path))?;
        }
        let (signed, file) = writer
            .finish(&signer, Utc::now())
            .map_err(Failure::needed(out))?;
        let digest = container_digest(file).map_err(Failure::io(out))?;
        new.finish()?;
        match lang {
            Lang::Ja => say!(
                "{}: {}ファイルに署名しました（{}バイト、SHA-256 {digest}）",
                out.display(),
                signed.files.len(),
                signed.size
            ),
            Lang::En => say!(
                "{}: signed {} files ({} bytes, SHA-256 {digest})",
                out.display(),
                signed.files.len(),
                signed.size
            ),
        }
        Ok(())
    }
}

/// The file's own name, which is what the receiver sees.
fn name_of(path: &Path) -> Result<String, Failure> {
    path.file_name()
        .and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::message(
                Some(path),
                "ファイル名を読めません（UTF-8ではありません）。名前を変更してください。",
                "the file has no name that can be written in UTF-8; rename it",
            )
        })
}

#[derive(Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    trust: Trust,
    /// Folder to take the files out to (取り出し先フォルダー); files that are there are not replaced
    #[arg(long, value_name = "DIR")]
    extract: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Container (コンテナ)
    #[arg(value_name = "CONTAINER")]
    container: PathBuf,
}

impl Verify {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        let verifier = self.trust.verifier()?;
        let container = BufReader::new(files::open(&self.container)?);
        let mut envelope = verifier
            .verify(container, self.trust.at())
            .map_err(|error| self.refused(&error))?;
        if let Some(folder) = &self.extract {
            self.extract(&mut envelope, folder)?;
        }
        if self.output.json {
            say!("{}", description(&envelope));
        } else {
            tell(&envelope, lang);
        }
        Ok(())
    }

    /// A refusal, unless the container could not even be read.
    fn refused(&self, error: &VerifyError) -> Failure {
        if error.is_io() {
            return Failure::needed(&self.container)(Borrowed(error));
        }
        Failure::refused(error.code(), error, self.output.json)
    }

    /// Takes all files out; none gets its name before all are there.
    fn extract(
        &self,
        envelope: &mut VerifiedEnvelope<BufReader<File>>,
        folder: &Path,
    ) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(Failure::io(folder))?;
        let names: Vec<String> = envelope
            .files()
            .iter()
            .map(|file| file.name.clone())
            .collect();
        let mut taken_out = Vec::with_capacity(names.len());
        for name in names {
            let path = folder.join(&name);
            if path.try_exists().map_err(Failure::io(&path))? {
                return Err(Failure::message(
                    Some(&path),
                    "同じ名前のファイルがすでにあります。別のフォルダーを指定してください。何も取り出していません。",
                    "a file of this name is there already; give another folder; nothing was taken out",
                ));
            }
            let mut new = NewFile::beside(&path)?;
            match envelope.copy_file(&name, new.file()) {
                Ok(()) => taken_out.push(new),
                Err(ExtractError::Sink(error)) => return Err(Failure::io(&path)(error)),
                Err(ExtractError::Container(error)) => return Err(self.refused(&error)),
                Err(error) => return Err(Failure::other(error)),
            }
        }
        taken_out.into_iter().try_for_each(NewFile::finish_new)
    }
}

/// An error that is explained where it is, not moved.
struct Borrowed<'a>(&'a VerifyError);

impl Explain for Borrowed<'_> {
    fn explain(&self, lang: Lang) -> String {
        self.0.explain(lang)
    }
}

pub(crate) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn description(envelope: &VerifiedEnvelope<BufReader<File>>) -> serde_json::Value {
    let signer: &OfficeCertificate = envelope.signer();
    let files: Vec<_> = envelope
        .files()
        .iter()
        .map(|file| json!({"name": file.name, "size": file.size, "sha256": file.digest}))
        .collect();
    json!({
        "valid": true,
        "office": signer.office,
        "kind": signer.kind,
        "serial": signer.serial,
        "signed_at": written(envelope.signed_at()),
        "files": files,
    })
}

fn tell(envelope: &VerifiedEnvelope<BufReader<File>>, lang: Lang) {
    let signer = envelope.signer();
    let (valid, office, at, serial) = lang.pick(
        ("正しい署名です。", "事業所", "署名日時", "証明書"),
        ("valid", "office", "signed at", "certificate"),
    );
    say!("{valid}");
    say!("  {office}: {}", signer.office);
    say!("  {serial}: {} ({})", signer.kind.name(lang), signer.serial);
    say!("  {at}: {}", written(envelope.signed_at()));
    for file in envelope.files() {
        say!("  {}  {:>10}  {}", file.digest, file.size, file.name);
    }
}

//! `envelope receipt verify` and `envelope log verify`.

use careplan_examples::say;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use careplan_core::Lang;
use careplan_envelope::Verifier;
use careplan_envelope::evidence::{
    Checkpoint, ConsistencyProof, EvidenceError, EvidenceErrorKind, InclusionProof, LogReader,
    Receipt, ReceiptEvent, TreeHead,
};
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::Output;
use crate::container::written;
use crate::failure::Failure;
use crate::files;
use crate::trust::Trust;

#[derive(Subcommand)]
pub(crate) enum ReceiptCommand {
    /// Verifies a receipt (受領証の検証)
    Verify(VerifyReceipt),
}

#[derive(Subcommand)]
pub(crate) enum LogCommand {
    /// Verifies a log, or proofs, against the operator's checkpoint (証拠ログの検証)
    Verify(VerifyLog),
}

impl ReceiptCommand {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        match self {
            Self::Verify(command) => command.run(lang),
        }
    }
}

impl LogCommand {
    pub(crate) fn run(&self, lang: Lang) -> Result<(), Failure> {
        match self {
            Self::Verify(command) => command.run(lang),
        }
    }
}

/// What is wrong with evidence is a refusal; trouble with files is not.
fn judged(path: &Path, json: bool) -> impl Fn(EvidenceError) -> Failure {
    move |error| {
        if error.is_io() {
            return Failure::needed(path)(error);
        }
        Failure::refused(error.code(), &error, json)
    }
}

#[derive(Args)]
pub(crate) struct VerifyReceipt {
    #[command(flatten)]
    trust: Trust,
    /// Container that the receipt has to be for (コンテナ)
    #[arg(long, value_name = "FILE")]
    container: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Receipt (受領証)
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
}

impl VerifyReceipt {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let verifier = self.trust.verifier()?;
        let refused = judged(&self.receipt, self.output.json);
        let file = BufReader::new(files::open(&self.receipt)?);
        let verified = Receipt::verify(&verifier, file, self.trust.at()).map_err(&refused)?;
        let receipt = verified.statement;
        if let Some(path) = &self.container {
            let container = BufReader::new(files::open(path)?);
            receipt
                .is_for_container(container)
                .map_err(judged(path, self.output.json))?;
        }
        let operator = verified.operator.name;
        if self.output.json {
            let reason = match &receipt.event {
                ReceiptEvent::Refused { reason } => Some(reason),
                _ => None,
            };
            say!(
                "{}",
                json!({
                    "valid": true,
                    "event": receipt.event.as_str(),
                    "reason": reason,
                    "container_sha256": receipt.container,
                    "sender": receipt.sender,
                    "receiver": receipt.receiver,
                    "sequence": receipt.sequence,
                    "sending": receipt.sending,
                    "at": written(receipt.at),
                    "operator": operator,
                })
            );
        } else {
            let (valid, by) = lang.pick(("正しい受領証です。", "運用者"), ("valid", "operator"));
            say!("{valid}");
            say!("  {}: {}", receipt.event.name(lang), written(receipt.at));
            say!("  {} -> {}", receipt.sender, receipt.receiver);
            say!("  SHA-256: {}", receipt.container);
            say!("  {by}: {operator}");
        }
        Ok(())
    }
}

#[derive(Args)]
pub(crate) struct VerifyLog {
    #[command(flatten)]
    trust: Trust,
    /// The operator's signed head of the log (チェックポイント)
    #[arg(long, value_name = "CHECKPOINT")]
    head: PathBuf,
    /// An earlier checkpoint, which the log has to begin with (以前のチェックポイント)
    #[arg(long, value_name = "CHECKPOINT")]
    earlier: Option<PathBuf>,
    /// Proof that it does (整合性の証明); not needed with the log itself
    #[arg(long, value_name = "FILE", requires = "earlier")]
    consistency: Option<PathBuf>,
    /// Receipt that has to be in the log (受領証)
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Proof that it is (包含の証明); not needed with the log itself
    #[arg(long, value_name = "FILE", requires = "receipt")]
    inclusion: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// The log itself (証拠ログ)
    #[arg(value_name = "LOG")]
    log: Option<PathBuf>,
}

impl VerifyLog {
    fn run(&self, lang: Lang) -> Result<(), Failure> {
        let verifier = self.trust.verifier()?;
        let head = self.checkpoint(&verifier, &self.head)?;
        let earlier = match &self.earlier {
            Some(path) => Some(self.checkpoint(&verifier, path)?),
            None => None,
        };
        let receipt = match &self.receipt {
            Some(path) => {
                let bytes = files::read(path)?;
                Receipt::verify(&verifier, Cursor::new(&bytes), self.trust.at())
                    .map_err(judged(path, self.output.json))?;
                Some(bytes)
            }
            None => None,
        };
        if let Some(path) = &self.log {
            self.read_log(path, &head, earlier.as_ref(), receipt.as_deref())?;
        }
        if let Some(earlier) = &earlier {
            self.check_consistency(&head, earlier)?;
        }
        if let Some(receipt) = &receipt {
            self.check_inclusion(&head, receipt)?;
        }
        if self.output.json {
            let head_json = json!({
                "valid": true,
                "log": head.log,
                "size": head.head.size,
                "root": head.head.root,
                "at": written(head.at),
            });
            say!("{head_json}");
        } else {
            let (valid, entries) = lang.pick(("正しい証拠ログです。", "件"), ("valid", "entries"));
            say!("{valid}");
            say!(
                "  {}: {} {entries}, {}",
                head.log,
                head.head.size,
                written(head.at)
            );
            say!("  {}", head.head.root);
        }
        Ok(())
    }

    fn checkpoint(&self, verifier: &Verifier, path: &Path) -> Result<Checkpoint, Failure> {
        let file = BufReader::new(files::open(path)?);
        Checkpoint::verify(verifier, file, self.trust.at())
            .map(|verified| verified.statement)
            .map_err(judged(path, self.output.json))
    }

    fn refuse(&self, kind: EvidenceErrorKind) -> Failure {
        judged(&self.head, self.output.json)(kind.into())
    }

    /// Recomputes the heads from the log, and looks for the receipt among the entries they cover.
    fn read_log(
        &self,
        path: &Path,
        head: &Checkpoint,
        earlier: Option<&Checkpoint>,
        receipt: Option<&[u8]>,
    ) -> Result<(), Failure> {
        let refused = judged(path, self.output.json);
        let file = BufReader::new(files::open(path)?);
        let mut log = LogReader::new(file).map_err(&refused)?;
        let mut found = receipt.is_none();
        let is_earlier = |at: &TreeHead| {
            let other =
                earlier.is_some_and(|earlier| earlier.head.size == at.size && earlier.head != *at);
            if other {
                Err(self.refuse(EvidenceErrorKind::Rewritten))
            } else {
                Ok(())
            }
        };
        is_earlier(&log.head())?;
        while log.head().size < head.head.size {
            match log.next_entry().map_err(&refused)? {
                Some(entry) => found |= receipt == Some(entry.as_slice()),
                None => return Err(self.refuse(EvidenceErrorKind::Shrunk)),
            }
            is_earlier(&log.head())?;
        }
        if log.head() != head.head {
            return Err(self.refuse(EvidenceErrorKind::Rewritten));
        }
        // What was appended since the checkpoint has no signature yet, but must not be damaged.
        while log.next_entry().map_err(&refused)?.is_some() {}
        if !found {
            return Err(self.refuse(EvidenceErrorKind::NotIncluded));
        }
        Ok(())
    }

    fn check_consistency(&self, head: &Checkpoint, earlier: &Checkpoint) -> Result<(), Failure> {
        let refused = judged(&self.head, self.output.json);
        match &self.consistency {
            Some(path) => {
                let proof: ConsistencyProof = self.proof(path)?;
                head.follows(earlier, &proof).map_err(refused)
            }
            // The log itself was the proof; what is left to see is whether it is the same log.
            None if self.log.is_some() => head.is_later_than(earlier).map_err(refused),
            None => Err(missing("--consistency")),
        }
    }

    fn check_inclusion(&self, head: &Checkpoint, receipt: &[u8]) -> Result<(), Failure> {
        match &self.inclusion {
            Some(path) => {
                let proof: InclusionProof = self.proof(path)?;
                proof
                    .verify(receipt, &head.head)
                    .map_err(judged(path, self.output.json))
            }
            None if self.log.is_some() => Ok(()),
            None => Err(missing("--inclusion")),
        }
    }

    fn proof<P: DeserializeOwned>(&self, path: &Path) -> Result<P, Failure> {
        serde_json::from_slice(&files::read(path)?)
            .map_err(|_| self.refuse(EvidenceErrorKind::Malformed))
    }
}

fn missing(option: &str) -> Failure {
    Failure::message(
        None,
        &format!("証明（{option}）または証拠ログのファイルを指定してください。"),
        &format!("give a proof ({option}) or the log itself"),
    )
}

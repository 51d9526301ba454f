//! What a container carries, as far as the platform has to know: who signed it, and which of the
//! standard's sets the names of its files make. Tables stay closed, and of a sealed container only
//! the seal can be seen.

use std::io::{Read, Seek};

use careplan_core::{Explain, Lang, OfficeNumber};
use careplan_envelope::{Verifier, sealing};
use careplan_protocol::{Contents, Problem, ProblemCode, SetContents};
use careplan_tables::{NameError, group};
use chrono::{DateTime, Utc};

use crate::delivery::Order;
use crate::problems::NotDone;
use crate::spool::Spooled;
use crate::storage::StorageError;

/// In which form a container comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Signed, for everybody to read who has it.
    Open,
    /// Signed, then encrypted to its receiver.
    Sealed,
}

/// Checks a container as far as it can be seen into, and that it is of the sending. Blocks.
pub(crate) fn inspect(
    container: &Spooled,
    order: Order,
    verifier: &Verifier,
    now: DateTime<Utc>,
) -> Result<Contents, NotDone> {
    let file = container
        .reader()
        .map_err(StorageError::unavailable("reading an upload"))?;
    match order.form {
        Form::Open => {
            let seen = open(file, verifier, now)?;
            seen.belongs_to(order)?;
            Ok(Contents::Open(seen.contents))
        }
        Form::Sealed => match sealing::outline(file) {
            Ok(_) => Ok(Contents::Sealed),
            Err(error) if error.is_io() => {
                Err(StorageError::unavailable("reading an upload")(error).into())
            }
            Err(error) => Err(Problem::new(ProblemCode::ContainerInvalid)
                .because(&error)
                .into()),
        },
    }
}

/// What is in a verified container.
#[derive(Debug)]
struct Seen {
    signer: OfficeNumber,
    sender: OfficeNumber,
    receiver: OfficeNumber,
    contents: SetContents,
}

/// Verifies a container and recognises its set.
fn open(file: impl Read + Seek, verifier: &Verifier, now: DateTime<Utc>) -> Result<Seen, NotDone> {
    let envelope = verifier.verify(file, now).map_err(|error| {
        if error.is_io() {
            NotDone::Storage(StorageError::unavailable("reading an upload")(error))
        } else {
            Problem::new(ProblemCode::ContainerInvalid)
                .because(&error)
                .into()
        }
    })?;
    let names = envelope.files().iter().map(|file| file.name.as_str());
    recognise(envelope.signer().office, names)
}

/// The set that the names of a container's files make.
fn recognise<'a>(
    signer: OfficeNumber,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<Seen, NotDone> {
    let files = names.clone().count();
    let grouping = group(names);
    if let Some((_, error)) = grouping.strangers.into_iter().next() {
        return Err(not_standard(&Stranger(error)));
    }
    let set = match <[_; 1]>::try_from(grouping.sets) {
        Ok([set]) if grouping.documents.is_empty() => set,
        Ok(_) => return Err(not_standard(&NotOneSet::ForeignDocument)),
        Err(sets) if sets.is_empty() => return Err(not_standard(&NotOneSet::None)),
        Err(_) => return Err(not_standard(&NotOneSet::Several)),
    };
    Ok(Seen {
        signer,
        sender: set.sender().office,
        receiver: set.receiver().office,
        contents: SetContents {
            set: set.kind().map_err(not_standard)?,
            month: set.files().iter().find_map(|file| file.name.month()),
            sequence: set.sequence(),
            files: u32::try_from(files).unwrap_or(u32::MAX),
        },
    })
}

impl Seen {
    /// Checks that signature and file names say what the sending says.
    fn belongs_to(&self, order: Order) -> Result<(), ProblemCode> {
        if self.signer != order.sender {
            Err(ProblemCode::SignerMismatch)
        } else if self.sender != order.sender {
            Err(ProblemCode::SenderMismatch)
        } else if self.receiver != order.receiver {
            Err(ProblemCode::ReceiverMismatch)
        } else {
            Ok(())
        }
    }
}

fn not_standard(reason: &impl Explain) -> NotDone {
    Problem::new(ProblemCode::SetNotStandard)
        .because(reason)
        .into()
}

/// A file that is none of the standard's. Its name is not repeated: people call files by persons.
struct Stranger(NameError);

impl Explain for Stranger {
    fn explain(&self, lang: Lang) -> String {
        let reason = self.0.explain(lang);
        match lang {
            Lang::Ja => format!("標準仕様にないファイルが含まれています: {reason}"),
            Lang::En => format!("There is a file that is none of the standard's: {reason}."),
        }
    }
}

/// Files that are not the one set a sending carries.
enum NotOneSet {
    None,
    Several,
    ForeignDocument,
}

impl Explain for NotOneSet {
    fn explain(&self, lang: Lang) -> String {
        let (ja, en) = match self {
            Self::None => (
                "標準仕様のCSVファイルが含まれていません。",
                "There is no CSV file of the standard.",
            ),
            Self::Several => (
                "作成日時、送信元または送信先の異なるファイルが含まれています。1回の送信には1組のファイルを入れてください。",
                "There are files of different sequences, senders or receivers; send one set at a time.",
            ),
            Self::ForeignDocument => (
                "別の組の名前を持つPDFが含まれています。",
                "There is a PDF named after another set.",
            ),
        };
        lang.pick(ja, en).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use careplan_core::SetKind;

    use super::*;

    const PLAN: &str = "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV";
    const TOTALS: &str = "UPSIKYU_202610_1370948774_43_1375169671_11_20260921113320.CSV";
    const SUPPLEMENT: &str = "UPHOSOKU_202610_1370948774_43_1375169671_11_20260921113320.CSV";

    fn of(names: &[&str]) -> Result<Seen, ProblemCode> {
        let signer = "1370948774".parse().unwrap();
        recognise(signer, names.iter().copied()).map_err(|error| match error {
            NotDone::Refused(problem) => problem.known_code().unwrap(),
            NotDone::Storage(error) => panic!("{error}"),
        })
    }

    fn order(sender: &str, receiver: &str) -> Order {
        Order {
            sender: sender.parse().unwrap(),
            receiver: receiver.parse().unwrap(),
            key: "0192f0a0-7c00-7000-8000-000000000001".parse().unwrap(),
            form: Form::Open,
        }
    }

    #[test]
    fn a_month_set_is_recognised() {
        let seen = of(&[PLAN, TOTALS, SUPPLEMENT, "第3表.pdf"]).unwrap();
        let contents = seen.contents;
        assert_eq!(contents.set, SetKind::MonthlyPlan);
        assert_eq!(contents.month.unwrap().to_string(), "202610");
        assert_eq!(contents.sequence.to_string(), "20260921113320");
        assert_eq!(contents.files, 4);
    }

    #[test]
    fn what_is_no_set_may_not_travel() {
        for names in [
            &[][..],
            &[PLAN],
            &[PLAN, TOTALS, SUPPLEMENT, "notes.txt"],
            &["第3表.pdf"],
            &[
                PLAN,
                TOTALS,
                SUPPLEMENT,
                "UPJSK_202610_1370948774_11_1375169671_43_20260921113320.CSV",
            ],
        ] {
            assert_eq!(
                of(names).unwrap_err(),
                ProblemCode::SetNotStandard,
                "{names:?}"
            );
        }
    }

    #[test]
    fn names_and_signature_must_be_of_the_offices_of_the_sending() {
        let seen = of(&[PLAN, TOTALS, SUPPLEMENT]).unwrap();
        let judge = |sender, receiver| seen.belongs_to(order(sender, receiver));
        assert_eq!(judge("1370948774", "1375169671"), Ok(()));
        assert_eq!(
            judge("1375169671", "1370948774"),
            Err(ProblemCode::SignerMismatch)
        );
        assert_eq!(
            judge("1370948774", "1370948775"),
            Err(ProblemCode::ReceiverMismatch)
        );
    }
}

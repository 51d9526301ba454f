//! Why a sending cannot be upgraded.

use careplan_core::{Explain, Lang, ServiceType};

use crate::ReadError;
use crate::name::{NameError, Party};
use crate::set::SetFault;
use crate::table::FileKind;
use crate::write::WriteError;

/// A sending cannot be upgraded, with all that was found at once.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct UpgradeError {
    reasons: Vec<Reason>,
}

impl UpgradeError {
    pub(super) const fn new(reasons: Vec<Reason>) -> Self {
        Self { reasons }
    }

    pub(super) fn unless_empty(reasons: Vec<Reason>) -> Result<(), Self> {
        if reasons.is_empty() {
            Ok(())
        } else {
            Err(Self { reasons })
        }
    }

    /// The reasons, at least one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// The reasons, taken out.
    #[must_use]
    pub fn into_reasons(self) -> Vec<Reason> {
        self.reasons
    }
}

impl Explain for UpgradeError {
    fn explain(&self, lang: Lang) -> String {
        let reasons: Vec<String> = self
            .reasons
            .iter()
            .map(|reason| reason.explain(lang))
            .collect();
        reasons.join(lang.pick("", "; "))
    }
}

/// Sender or receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// 送信事業所
    Sender,
    /// 受信事業所
    Receiver,
}

/// One reason.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reason {
    /// A name that is none of the standard's, or cannot be one of 4.1's with the service type
    /// given.
    Name(NameError),
    /// The files are none of the standard's sets of edition 3. Preventive files are none.
    Set(SetFault),
    /// The files are of several sendings.
    SeveralSets,
    /// A file that is not of edition 3.
    NotEdition3 {
        /// Which.
        file: FileKind,
    },
    /// A file that does not keep to edition 3.
    Read(ReadError),
    /// A record that may not stand in a file of 4.1: of a table 3 that was given, or a name of
    /// equipment.
    Write {
        /// In which file.
        file: FileKind,
        /// What is wrong with it.
        error: WriteError,
    },
    /// The service type of one side is not told by the records (then there are none here), or
    /// they tell several for one person.
    ServiceTypes {
        /// Which side.
        side: Side,
        /// What the records tell.
        types: Vec<ServiceType>,
    },
    /// One office has several service types, and some records tell none of them.
    Unplaced {
        /// In which file.
        file: FileKind,
        /// Which records, from 1.
        records: Vec<u64>,
    },
    /// One office has several service types, and for one of them a file of the set has nothing.
    NothingLeft {
        /// Which file.
        file: FileKind,
        /// Between whom.
        route: (Party, Party),
    },
    /// Equipment rentals whose item is not known.
    EquipmentUnknown {
        /// In which file.
        file: FileKind,
        /// Which records, from 1.
        records: Vec<u64>,
    },
}

/// So many record numbers are told; then the count.
const TOLD: usize = 10;

/// "1, 2, 3" or "1, 2, … (120)".
fn list(records: &[u64]) -> String {
    let told: Vec<String> = records.iter().take(TOLD).map(u64::to_string).collect();
    let told = told.join(", ");
    if records.len() > TOLD {
        format!("{told}, … ({})", records.len())
    } else {
        told
    }
}

impl Explain for Reason {
    fn explain(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Name(error), _) => error.explain(lang),
            (Self::Set(fault), _) => fault.explain(lang),
            (Self::Read(error), _) => error.explain(lang),
            (Self::Write { file, error }, _) => format!("{file}: {}", error.explain(lang)),
            (Self::SeveralSets, Lang::En) => {
                "the files are of several sendings; upgrade them one by one".to_owned()
            }
            (Self::SeveralSets, Lang::Ja) => {
                "複数の送信単位のファイルがあります。1つずつ変換してください。".to_owned()
            }
            (Self::NotEdition3 { file }, Lang::En) => format!(
                "{file} is not of edition 3 (CSV version 202208); leave it out, it needs no upgrade"
            ),
            (Self::NotEdition3 { file }, Lang::Ja) => format!(
                "{file}は第3版（CSVバージョン202208）ではありません。変換の対象から外してください。"
            ),
            (Self::ServiceTypes { side, types }, _) => service_types(*side, types, lang),
            (Self::Unplaced { file, records }, Lang::En) => format!(
                "{file}, records {}: several service types, and these tell none of them; give the \
                 service type, or take these records out",
                list(records)
            ),
            (Self::Unplaced { file, records }, Lang::Ja) => format!(
                "{file} {}件目: 事業所に複数のサービス種類があり、どれに当たるか分かりません。\
                 サービス種類を指定するか、これらのレコードを除いてください。",
                list(records)
            ),
            (
                Self::NothingLeft {
                    file,
                    route: (sender, receiver),
                },
                Lang::En,
            ) => format!(
                "nothing of {file} is for {sender} to {receiver}; add the records that are missing, \
                 or give the service type"
            ),
            (
                Self::NothingLeft {
                    file,
                    route: (sender, receiver),
                },
                Lang::Ja,
            ) => format!(
                "{sender}から{receiver}への{file}のレコードがありません。\
                 不足するレコードを加えるか、サービス種類を指定してください。"
            ),
            (Self::EquipmentUnknown { file, records }, Lang::En) => format!(
                "{file}, records {}: equipment rental needs a TAIS code or a notification code in \
                 edition 4.1; give them",
                list(records)
            ),
            (Self::EquipmentUnknown { file, records }, Lang::Ja) => format!(
                "{file} {}件目: 4.1版では、福祉用具貸与にTAISコードまたは福祉用具届出コードが必要です。\
                 指定してください。",
                list(records)
            ),
        }
    }
}

fn service_types(side: Side, types: &[ServiceType], lang: Lang) -> String {
    let types: Vec<String> = types
        .iter()
        .map(|kind| format!("{kind} ({})", kind.name_ja()))
        .collect();
    let types = types.join(lang.pick("、", ", "));
    let side = match (side, lang) {
        (Side::Sender, Lang::En) => "sender",
        (Side::Sender, Lang::Ja) => "送信事業所",
        (Side::Receiver, Lang::En) => "receiver",
        (Side::Receiver, Lang::Ja) => "受信事業所",
    };
    match (lang, types.is_empty()) {
        (Lang::En, true) => format!("the records do not tell the {side}'s service type; give it"),
        (Lang::En, false) => {
            format!(
                "the records tell several service types of the {side} for one person; give it: {types}"
            )
        }
        (Lang::Ja, true) => {
            format!("{side}のサービス種類がレコードから分かりません。指定してください。")
        }
        (Lang::Ja, false) => format!(
            "1人の利用者について{side}のサービス種類が1つに決まりません。次から指定してください: {types}。"
        ),
    }
}

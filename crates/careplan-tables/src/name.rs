//! Names of files (ファイル名): parsed and built, of both editions.

use std::fmt;
use std::str::FromStr;

use careplan_core::{
    Edition, Explain, Lang, OfficeNumber, ParseError, Sequence, ServiceType, YearMonth,
};
use serde::{Deserialize, Serialize};

use crate::column::Direction;
use crate::table::FileKind;
use crate::value::serde_as_text;

/// Sender or receiver in a name: an office, and since edition 4.1 its service type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Party {
    /// The office number (事業所番号).
    pub office: OfficeNumber,
    /// The service type (サービス種類コード); `None` in names of edition 3 and before.
    pub service_type: Option<ServiceType>,
}

impl Party {
    /// An office with its service type, as names of edition 4.1 have it.
    #[must_use]
    pub const fn new(office: OfficeNumber, service_type: ServiceType) -> Self {
        Self {
            office,
            service_type: Some(service_type),
        }
    }

    /// An office alone, as names of edition 3 have it.
    #[must_use]
    pub const fn untyped(office: OfficeNumber) -> Self {
        Self {
            office,
            service_type: None,
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.service_type {
            Some(service_type) => write!(f, "{}_{service_type}", self.office),
            None => write!(f, "{}", self.office),
        }
    }
}

/// What a name has that the rule does not, and readers accept because the standard's own examples
/// have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameOddity {
    /// A month in the name of a file that has none (the prose's example of UPKIHON).
    UnexpectedMonth(YearMonth),
    /// The sender's service type is not of the side that sends this file (the annex's example of
    /// UPJSK has 43).
    SenderType,
}

/// The name of a CSV file.
///
/// ```
/// use careplan_core::Edition;
/// use careplan_tables::{FileKind, FileName};
///
/// let name: FileName =
///     "UPPLAN_201912_0300000100_43_0300000005_11_20191025200201.CSV".parse()?;
/// assert_eq!(name.kind(), FileKind::Table6Plan);
/// assert_eq!(name.month().unwrap().to_string(), "201912");
/// assert_eq!(name.receiver().office.as_str(), "0300000005");
/// assert_eq!(name.edition(), Edition::Fourth);
/// let old: FileName = "UPPLAN_201912_0300000100_0300000005_20191025200201.csv".parse()?;
/// assert_eq!(old.edition(), Edition::Third);
/// assert_eq!(old.to_string(), "UPPLAN_201912_0300000100_0300000005_20191025200201.CSV");
/// # Ok::<(), careplan_tables::NameError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileName {
    kind: FileKind,
    month: Option<YearMonth>,
    sender: Party,
    receiver: Party,
    sequence: Sequence,
    unexpected_month: Option<YearMonth>,
}

impl FileName {
    /// A name by the rule. `month`: the target month where the file has one in its name; `None`
    /// there is written 000000, which only the supplement may have.
    ///
    /// # Errors
    /// If a month is missing or too many, only one side has a service type, or the sender's type
    /// is not of the side that sends this file.
    pub fn new(
        kind: FileKind,
        month: Option<YearMonth>,
        sender: Party,
        receiver: Party,
        sequence: Sequence,
    ) -> Result<Self, NameError> {
        let error = |kind| Err(NameError { kind });
        if month.is_some() && !kind.layout().month_in_name {
            return error(NameErrorKind::MonthUnexpected);
        }
        if month.is_none() && kind.layout().month_in_name && kind != FileKind::Supplement {
            return error(NameErrorKind::MonthMissing);
        }
        if sender.service_type.is_some() != receiver.service_type.is_some() {
            return error(NameErrorKind::OneType);
        }
        let name = Self {
            kind,
            month,
            sender,
            receiver,
            sequence,
            unexpected_month: None,
        };
        if name.oddities().next().is_some() {
            return error(NameErrorKind::SenderType);
        }
        Ok(name)
    }

    /// Which file.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        self.kind
    }

    /// The target month; `None` if the name has none or 000000.
    #[must_use]
    pub const fn month(&self) -> Option<YearMonth> {
        self.month
    }

    /// Who sends it.
    #[must_use]
    pub const fn sender(&self) -> Party {
        self.sender
    }

    /// Who receives it.
    #[must_use]
    pub const fn receiver(&self) -> Party {
        self.receiver
    }

    /// The time that files sent together have in common.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The edition by the form of the name: the fourth with service types, without them the third
    /// (whose form the first two have as well; the records say which).
    #[must_use]
    pub const fn edition(&self) -> Edition {
        if self.sender.service_type.is_some() {
            Edition::Fourth
        } else {
            Edition::Third
        }
    }

    /// What the name has that the rule does not.
    pub fn oddities(&self) -> impl Iterator<Item = NameOddity> + use<> {
        let sends_plans = self.kind.layout().direction != Direction::ServiceOfficeToCareManager;
        let wrong_side = self
            .sender
            .service_type
            .is_some_and(|kind| kind.is_care_management() != sends_plans);
        self.unexpected_month
            .map(NameOddity::UnexpectedMonth)
            .into_iter()
            .chain(wrong_side.then_some(NameOddity::SenderType))
    }
}

/// The name by the rule: what [`oddities`](FileName::oddities) tells of a month is left out.
impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_", self.kind.prefix())?;
        if self.kind.layout().month_in_name {
            match self.month {
                Some(month) => write!(f, "{month}_")?,
                None => f.write_str("000000_")?,
            }
        }
        write!(f, "{}_{}_{}.CSV", self.sender, self.receiver, self.sequence)
    }
}

impl FromStr for FileName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let error = |kind| NameError { kind };
        let stem = strip_extension(name, &["csv"]).ok_or(error(NameErrorKind::Extension))?;
        // The longest prefix: UPKIHON_SUB1 before UPKIHON.
        let (kind, rest) = FileKind::ALL
            .iter()
            .filter_map(|&kind| {
                let rest = stem.strip_prefix(kind.prefix())?.strip_prefix('_')?;
                Some((kind, rest))
            })
            .min_by_key(|(_, rest)| rest.len())
            .ok_or(error(NameErrorKind::Prefix))?;
        let parts: Vec<&str> = rest.split('_').collect();
        let with_month = kind.layout().month_in_name;
        let (month, parts) = match (parts.as_slice(), with_month) {
            // Offices are ten characters, months six: what stands first tells them apart.
            ([month, parts @ ..], _) if month.len() == 6 => (Some(*month), parts),
            (_, true) => return Err(error(NameErrorKind::MonthMissing)),
            (parts, false) => (None, parts),
        };
        let (sender, receiver, sequence) = parties(parts)?;
        let month = match month {
            None => None,
            Some("000000") if with_month => None,
            Some("000000") => return Err(error(NameErrorKind::MonthUnexpected)),
            Some(month) => Some(part(month)?),
        };
        if with_month && month.is_none() && kind != FileKind::Supplement {
            return Err(error(NameErrorKind::MonthMissing));
        }
        Ok(Self {
            kind,
            month: month.filter(|_| with_month),
            sender,
            receiver,
            sequence,
            unexpected_month: month.filter(|_| !with_month),
        })
    }
}

serde_as_text!(FileName);

/// The name of a picture of basic information (家族構成 画像ファイル名):
/// `UPKIHON_IMAGE_…_YYYYMMDDHHMMSS_0001.jpg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PictureName {
    sender: Party,
    receiver: Party,
    sequence: Sequence,
    number: u16,
}

impl PictureName {
    const PREFIX: &'static str = "UPKIHON_IMAGE_";

    /// The name of the picture `number` (1 to 9999) that goes with a file of basic information;
    /// `None` for any other number or file.
    #[must_use]
    pub fn of(name: &FileName, number: u16) -> Option<Self> {
        (name.kind() == FileKind::BasicInformation && (1..=9999).contains(&number)).then_some(
            Self {
                sender: name.sender(),
                receiver: name.receiver(),
                sequence: name.sequence(),
                number,
            },
        )
    }

    /// Who sends it.
    #[must_use]
    pub const fn sender(&self) -> Party {
        self.sender
    }

    /// Who receives it.
    #[must_use]
    pub const fn receiver(&self) -> Party {
        self.receiver
    }

    /// The time that files sent together have in common.
    #[must_use]
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// The picture's number, from 1.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }
}

impl fmt::Display for PictureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{}_{}_{}_{:04}.jpg",
            Self::PREFIX,
            self.sender,
            self.receiver,
            self.sequence,
            self.number
        )
    }
}

impl FromStr for PictureName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let error = |kind| NameError { kind };
        let stem =
            strip_extension(name, &["jpg", "jpeg"]).ok_or(error(NameErrorKind::Extension))?;
        let rest = stem
            .strip_prefix(Self::PREFIX)
            .ok_or(error(NameErrorKind::Prefix))?;
        let (rest, number) = rest.rsplit_once('_').ok_or(error(NameErrorKind::Parts))?;
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error(NameErrorKind::Parts));
        }
        let number = number.parse().map_err(|_| error(NameErrorKind::Parts))?;
        let parts: Vec<&str> = rest.split('_').collect();
        let (sender, receiver, sequence) = parties(&parts)?;
        Ok(Self {
            sender,
            receiver,
            sequence,
            number,
        })
    }
}

serde_as_text!(PictureName);

/// A name without its extension, if that is one of those given, in either case.
pub(crate) fn strip_extension<'n>(name: &'n str, extensions: &[&str]) -> Option<&'n str> {
    let (stem, extension) = name.rsplit_once('.')?;
    extensions
        .iter()
        .any(|known| known.eq_ignore_ascii_case(extension))
        .then_some(stem)
}

/// Sender, receiver and sequence from the last parts of a name.
fn parties(parts: &[&str]) -> Result<(Party, Party, Sequence), NameError> {
    match parts {
        [sender, sender_type, receiver, receiver_type, sequence] => Ok((
            Party::new(part(sender)?, part(sender_type)?),
            Party::new(part(receiver)?, part(receiver_type)?),
            part(sequence)?,
        )),
        [sender, receiver, sequence] => Ok((
            Party::untyped(part(sender)?),
            Party::untyped(part(receiver)?),
            part(sequence)?,
        )),
        _ => Err(NameError {
            kind: NameErrorKind::Parts,
        }),
    }
}

/// One part of a name.
pub(crate) fn part<T: FromStr<Err = ParseError>>(text: &str) -> Result<T, NameError> {
    text.parse().map_err(|error| NameError {
        kind: NameErrorKind::Part(error),
    })
}

/// Why a text is not the name of a file of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct NameError {
    kind: NameErrorKind,
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NameErrorKind {
    /// Another extension.
    Extension,
    /// No prefix of the standard.
    Prefix,
    /// More or fewer parts than the rule has.
    Parts,
    /// A part that is not what stands there.
    Part(ParseError),
    /// The month is missing.
    MonthMissing,
    /// A month where the rule has none: when building any, when parsing 000000.
    MonthUnexpected,
    /// A service type on one side only (building only).
    OneType,
    /// A sender's service type that is not of the side that sends this file (building only).
    SenderType,
}

impl NameError {
    pub(crate) const fn new(kind: NameErrorKind) -> Self {
        Self { kind }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> NameErrorKind {
        self.kind
    }
}

impl Explain for NameError {
    fn explain(&self, lang: Lang) -> String {
        let rule = match lang {
            Lang::En => "write PREFIX[_YYYYMM]_SENDER_TYPE_RECEIVER_TYPE_YYYYMMDDHHMMSS.CSV",
            Lang::Ja => {
                "「識別名[_年月]_送信事業所_種類_受信事業所_種類_年月日時分秒.CSV」の形にしてください。"
            }
        };
        let what = match (self.kind, lang) {
            (NameErrorKind::Part(error), _) => return error.explain(lang),
            (NameErrorKind::Extension, Lang::En) => "not a CSV file by its name",
            (NameErrorKind::Extension, Lang::Ja) => "ファイル名がCSVではありません。",
            (NameErrorKind::Prefix, Lang::En) => "no file of the standard begins like this",
            (NameErrorKind::Prefix, Lang::Ja) => "標準仕様にないファイル名です。",
            (NameErrorKind::Parts, Lang::En) => "the name has parts too many or too few",
            (NameErrorKind::Parts, Lang::Ja) => "ファイル名の項目数が正しくありません。",
            (NameErrorKind::MonthMissing, Lang::En) => "the name lacks the target month",
            (NameErrorKind::MonthMissing, Lang::Ja) => "ファイル名に対象年月がありません。",
            (NameErrorKind::MonthUnexpected, Lang::En) => "this file has no month in its name",
            (NameErrorKind::MonthUnexpected, Lang::Ja) => {
                "このファイルの名前には年月を入れません。"
            }
            (NameErrorKind::OneType, Lang::En) => "only one office has a service type",
            (NameErrorKind::OneType, Lang::Ja) => "サービス種類が片方の事業所にしかありません。",
            (NameErrorKind::SenderType, Lang::En) => {
                "the sender's service type is not of the side that sends this file"
            }
            (NameErrorKind::SenderType, Lang::Ja) => {
                "送信事業所のサービス種類が、このファイルを送る側のものではありません。"
            }
        };
        match lang {
            Lang::En => format!("{what}; {rule}"),
            Lang::Ja => format!("{what}{rule}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<FileName, NameErrorKind> {
        text.parse().map_err(|error: NameError| error.kind())
    }

    #[test]
    fn the_standards_examples_are_read_and_built() {
        for text in [
            "UPPLAN_201912_0300000100_43_0300000005_11_20191025200201.CSV",
            "UPPLAN_201912_0300000100_0300000005_20191025200201.CSV",
            "UP1KYO_1372254257_43_1377541208_11_20260921141741.CSV",
            "UPHOSOKU_000000_1372254257_43_1377541208_11_20260921141741.CSV",
            "UPKIHON_SUB1_1373992383_46_1379745080_A2_20260922154840.CSV",
            "DLTJSK_202610_1375169671_11_1370948774_43_20260921113323.CSV",
        ] {
            let parsed = name(text).unwrap();
            assert_eq!(parsed.to_string(), text);
            assert_eq!(parsed.oddities().next(), None, "{text}");
            let built = FileName::new(
                parsed.kind(),
                parsed.month(),
                parsed.sender(),
                parsed.receiver(),
                parsed.sequence(),
            );
            assert_eq!(built, Ok(parsed));
        }
    }

    #[test]
    fn the_case_of_the_extension_does_not_matter() {
        let upper = name("UP2KYO_1372254257_43_1377541208_11_20260921141741.CSV").unwrap();
        for extension in ["csv", "Csv"] {
            let text = format!("UP2KYO_1372254257_43_1377541208_11_20260921141741.{extension}");
            assert_eq!(name(&text), Ok(upper));
        }
    }

    #[test]
    fn odd_names_of_the_standard_itself_are_read_and_told() {
        let actual = name("UPJSK_202610_1375169671_43_1370948774_43_20261102113320.CSV").unwrap();
        assert_eq!(
            actual.oddities().collect::<Vec<_>>(),
            [NameOddity::SenderType]
        );
        let basic = name("UPKIHON_202610_1373992383_43_1379745080_11_20260922154840.CSV").unwrap();
        assert_eq!(basic.month(), None);
        assert_eq!(
            basic.oddities().collect::<Vec<_>>(),
            [NameOddity::UnexpectedMonth("202610".parse().unwrap())]
        );
        assert_eq!(
            basic.to_string(),
            "UPKIHON_1373992383_43_1379745080_11_20260922154840.CSV"
        );
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let refused = |text: &str| name(text).unwrap_err();
        assert_eq!(refused("weekly-plan.pdf"), NameErrorKind::Extension);
        assert_eq!(refused("UPPLAN"), NameErrorKind::Extension);
        assert_eq!(refused("UPPLAN.CSV"), NameErrorKind::Prefix);
        assert_eq!(
            refused("upplan_201912_0300000100_43_0300000005_11_20191025200201.CSV"),
            NameErrorKind::Prefix
        );
        assert_eq!(
            refused("UPPLAN_0300000100_43_0300000005_11_20191025200201.CSV"),
            NameErrorKind::MonthMissing
        );
        assert_eq!(
            refused("UPPLAN_000000_0300000100_43_0300000005_11_20191025200201.CSV"),
            NameErrorKind::MonthMissing
        );
        assert_eq!(
            refused("UP1KYO_0300000100_43_0300000005_20191025200201.CSV"),
            NameErrorKind::Parts
        );
        // Found by fuzzing: the zeros were dropped and nobody told.
        assert_eq!(
            refused("UPKIHON_000000_1373992383_43_1379745080_11_20260922154840.csv"),
            NameErrorKind::MonthUnexpected
        );
        for bad in [
            "UPPLAN_201913_0300000100_43_0300000005_11_20191025200201.CSV",
            "UPPLAN_201912_030000010x_43_0300000005_11_20191025200201.CSV",
            "UPPLAN_201912_0300000100_99_0300000005_11_20191025200201.CSV",
            "UPPLAN_201912_0300000100_43_0300000005_11_20191025250201.CSV",
            "UPPLAN_201912_0300000100_43_0300000005_11_2019102520020.CSV",
        ] {
            assert!(matches!(refused(bad), NameErrorKind::Part(_)), "{bad}");
        }
    }

    #[test]
    fn building_follows_the_rule() {
        let plan = name("UPPLAN_201912_0300000100_43_0300000005_11_20191025200201.CSV").unwrap();
        let (sender, receiver, sequence) = (plan.sender(), plan.receiver(), plan.sequence());
        let build = |kind, month, sender, receiver| {
            FileName::new(kind, month, sender, receiver, sequence).map_err(|error| error.kind())
        };
        assert_eq!(
            build(FileKind::Table1, plan.month(), sender, receiver),
            Err(NameErrorKind::MonthUnexpected)
        );
        assert_eq!(
            build(FileKind::Table7, None, sender, receiver),
            Err(NameErrorKind::MonthMissing)
        );
        assert_eq!(
            build(
                FileKind::Table1,
                None,
                sender,
                Party::untyped(receiver.office)
            ),
            Err(NameErrorKind::OneType)
        );
        assert_eq!(
            build(FileKind::Table6Actual, plan.month(), sender, receiver),
            Err(NameErrorKind::SenderType)
        );
    }

    #[test]
    fn pictures_are_numbered() {
        let text = "UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_0002.jpg";
        let picture: PictureName = text.parse().unwrap();
        assert_eq!(picture.number(), 2);
        assert_eq!(picture.to_string(), text);
        let basic = name("UPKIHON_1373992383_43_1379745080_11_20260922154840.CSV").unwrap();
        assert_eq!(PictureName::of(&basic, 2), Some(picture));
        assert_eq!(PictureName::of(&basic, 0), None);
        for bad in [
            "UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840.jpg",
            "UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_1.jpg",
            "UPKIHON_IMAGE_1373992383_43_1379745080_11_20260922154840_0001.png",
        ] {
            assert!(bad.parse::<PictureName>().is_err(), "{bad}");
        }
    }
}

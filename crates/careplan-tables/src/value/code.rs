//! The code tables (コード表) as enumerations. A code that a table does not have is kept as
//! `Other` when reading leniently, and refused otherwise.

use std::fmt;

use super::inline::{ValueError, inline_ascii};
use super::{Refusal, Value, serde_as_text};
use crate::column::{Column, Kind};
use crate::fault::FaultKind;
use std::str::FromStr;

/// A code table at run time.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeTable {
    /// The name in codes.toml.
    pub name: &'static str,
    /// Codes and their meanings, in the standard's order.
    pub rows: &'static [(&'static str, &'static str)],
}

impl CodeTable {
    /// The meaning of a code; `None` if the table does not have it.
    #[must_use]
    pub fn meaning(&self, code: &str) -> Option<&'static str> {
        self.rows
            .iter()
            .find(|row| row.0 == code)
            .map(|&(_, meaning)| meaning)
    }

    /// The codes and meanings on one line.
    pub(crate) fn list(&self) -> String {
        let rows: Vec<_> = self
            .rows
            .iter()
            .map(|(code, meaning)| format!("{code} ({meaning})"))
            .collect();
        rows.join(", ")
    }
}

inline_ascii! {
    /// A code that its table does not have: one or two visible ASCII characters.
    UnknownCode[2], Kind::Code, |bytes| bytes.iter().all(u8::is_ascii_graphic)
}

impl fmt::Debug for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnknownCode({self})")
    }
}

/// Declares a code table and its enumeration.
macro_rules! code_table {
    ($($(#[$doc:meta])* $name:ident = $table:literal {
        $($variant:ident = $code:literal $meaning:literal,)*
    })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[non_exhaustive]
            pub enum $name {
                $(
                    #[doc = concat!("`", $code, "`: ", $meaning)]
                    $variant,
                )*
                /// A code that the table does not have, read leniently. It cannot be written.
                Other(UnknownCode),
            }

            impl $name {
                /// The table.
                pub const TABLE: CodeTable = CodeTable {
                    name: $table,
                    rows: &[$(($code, $meaning)),*],
                };

                /// All codes of the table, in its order.
                pub const ALL: &'static [Self] = &[$(Self::$variant),*];

                /// The code as written in files.
                #[must_use]
                pub fn code(&self) -> &str {
                    match self {
                        $(Self::$variant => $code,)*
                        Self::Other(code) => code.as_str(),
                    }
                }

                /// The meaning as the standard prints it; `None` for a code it does not have.
                #[must_use]
                pub const fn meaning(&self) -> Option<&'static str> {
                    match self {
                        $(Self::$variant => Some($meaning),)*
                        Self::Other(_) => None,
                    }
                }

                #[inline]
                fn known(code: &[u8]) -> Option<Self> {
                    $(
                        if code == $code.as_bytes() {
                            return Some(Self::$variant);
                        }
                    )*
                    None
                }
            }

            impl Value for $name {
                #[inline]
                fn parse(bytes: &[u8], _column: &Column) -> Result<Self, Refusal> {
                    Self::known(bytes).ok_or(Refusal::Unknown)
                }

                fn keep(bytes: &[u8]) -> Option<Self> {
                    UnknownCode::from_bytes(bytes).map(Self::Other)
                }

                fn write(&self, out: &mut Vec<u8>) {
                    out.extend_from_slice(self.code().as_bytes());
                }

                fn verify(&self, _column: &Column) -> Result<(), FaultKind> {
                    match self {
                        Self::Other(_) => Err(FaultKind::CodeUnknown),
                        _ => Ok(()),
                    }
                }
            }

            impl FromStr for $name {
                type Err = ValueError;

                /// Takes a code; one that the table does not have becomes `Other` if it is one or
                /// two visible ASCII characters.
                fn from_str(code: &str) -> Result<Self, ValueError> {
                    Self::known(code.as_bytes())
                        .or_else(|| Self::keep(code.as_bytes()))
                        .ok_or(ValueError { kind: Kind::Code })
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(self.code())
                }
            }

            serde_as_text!($name);
        )*

        /// All tables, for tests against codes.toml.
        #[cfg(test)]
        const TABLES: &[&CodeTable] = &[$(&$name::TABLE),*];
    };
}

code_table! {
    /// Gender (性別).
    Gender = "gender" {
        Male = "1" "男性",
        Female = "2" "女性",
    }

    /// Whether a care level is applied for or certified (認定状況区分).
    CertificationStatus = "certification_status" {
        Applied = "1" "申請中",
        Certified = "2" "認定済",
    }

    /// Care level (要介護状態区分).
    CareLevel = "care_level" {
        ProgrammeTarget = "06" "事業対象者",
        Support1 = "12" "要支援１",
        Support2 = "13" "要支援２",
        Care1 = "21" "要介護１",
        Care2 = "22" "要介護２",
        Care3 = "23" "要介護３",
        Care4 = "24" "要介護４",
        Care5 = "25" "要介護５",
    }

    /// Care level in preventive care files (要介護状態区分), which say 01 for "not certified" and
    /// have no 06.
    PreventiveCareLevel = "care_level_preventive" {
        NotCertified = "01" "非該当",
        Support1 = "12" "要支援１",
        Support2 = "13" "要支援２",
        Care1 = "21" "要介護１",
        Care2 = "22" "要介護２",
        Care3 = "23" "要介護３",
        Care4 = "24" "要介護４",
        Care5 = "25" "要介護５",
    }

    /// Support level (要支援状態区分).
    SupportLevel = "support_level" {
        Support1 = "1" "要支援１",
        Support2 = "2" "要支援２",
        CommunityProgramme = "3" "地域支援事業",
    }

    /// Kind of plan (計画書区分).
    PlanKind = "plan_kind" {
        First = "11" "初回",
        Referred = "12" "紹介",
        Continued = "21" "継続",
        FirstAndReferred = "51" "初回＆紹介",
        FirstAndContinued = "52" "初回＆継続",
        ReferredAndContinued = "53" "紹介＆継続",
        FirstReferredAndContinued = "54" "初回＆紹介＆継続",
    }

    /// Scheme under which a preventive plan is made (計画種類).
    PlanScheme = "plan_scheme" {
        PreventiveSupport = "1" "介護予防支援",
        PreventiveCareManagement = "2" "介護予防ケアマネジメント",
    }

    /// Whether the support centre entrusted the plan to a care manager's office (委託の有無).
    Entrusted = "entrusted" {
        Own = "1" "自前",
        Entrusted = "2" "委託",
    }

    /// Why living support is the main service (生活援助中心型の算定理由).
    LivingSupportReason = "living_support_reason" {
        LivesAlone = "1" "一人暮らし",
        FamilyDisabledOrIll = "2" "家族等が障害、疾病等",
        Otherwise = "3" "その他",
    }

    /// Whether the insurance covers the service (保険対象区分).
    InsuranceCovered = "insurance_covered" {
        Covered = "Y" "対象",
        NotCovered = "N" "対象外",
    }

    /// Day of the week (曜日).
    Weekday = "weekday" {
        Monday = "1" "月曜日",
        Tuesday = "2" "火曜日",
        Wednesday = "3" "水曜日",
        Thursday = "4" "木曜日",
        Friday = "5" "金曜日",
        Saturday = "6" "土曜日",
        Sunday = "7" "日曜日",
    }

    /// Whether something applies (該当).
    Flag = "flag" {
        No = "0" "非該当",
        Yes = "1" "該当",
    }

    /// Whether there is something (有無).
    YesNo = "yes_no" {
        Yes = "1" "有",
        No = "2" "無",
    }

    /// Whether something is needed (要否).
    Needed = "needed" {
        Needed = "1" "要",
        NotNeeded = "2" "否",
    }

    /// How a consultation was held (相談方法).
    ConsultationMethod = "consultation_method" {
        Visit = "01" "来所",
        Telephone = "02" "電話",
        Otherwise = "03" "その他",
    }

    /// Whether a consultation is the first (相談回数).
    ConsultationCount = "consultation_count" {
        First = "01" "初回",
        Again = "02" "再来",
    }

    /// Where the user lives at present (利用者の現況).
    PresentState = "present_state" {
        Home = "01" "在宅",
        HospitalOrFacility = "02" "入院又は入所中",
    }

    /// Independence of elderly persons with disabilities (障害高齢者の日常生活自立度).
    DisabilityIndependence = "disability_independence" {
        Independent = "01" "自立",
        J1 = "11" "J1",
        J2 = "12" "J2",
        A1 = "21" "A1",
        A2 = "22" "A2",
        B1 = "31" "B1",
        B2 = "32" "B2",
        C1 = "41" "C1",
        C2 = "42" "C2",
    }

    /// Independence of elderly persons with dementia (認知症高齢者の日常生活自立度).
    DementiaIndependence = "dementia_independence" {
        Independent = "01" "自立",
        I = "02" "Ⅰ",
        IIa = "03" "Ⅱａ",
        IIb = "04" "Ⅱｂ",
        IIIa = "05" "Ⅲａ",
        IIIb = "06" "Ⅲｂ",
        IV = "07" "Ⅳ",
        M = "08" "Ｍ",
    }

    /// Result of the basic checklist (基本チェックリスト記入結果).
    ChecklistResult = "checklist_result" {
        ProgrammeTarget = "1" "事業対象者の該当あり",
        NotProgrammeTarget = "2" "事業対象者の該当なし",
    }

    /// Housing (居住形態).
    Housing = "housing" {
        OwnHome = "01" "自宅",
        Rented = "02" "借家",
        Detached = "03" "一戸建て",
        Apartment = "04" "集合住宅",
        OwnDetached = "05" "自宅・一戸建て",
        OwnApartment = "06" "自宅・集合住宅",
        RentedDetached = "07" "借家・一戸建て",
        RentedApartment = "08" "借家・集合住宅",
    }

    /// Role of a doctor (主治医・意見作成者フラグ).
    DoctorRole = "doctor_role" {
        Attending = "1" "主治医",
        NotAttending = "2" "それ以外",
    }

    /// Progress of a disease (経過).
    Progress = "progress" {
        UnderTreatment = "01" "治療中",
        UnderObservation = "02" "経過観察中",
        Otherwise = "03" "その他",
    }
}

/// A code of whichever table the column has; for checking without the enumeration.
#[derive(Debug, Clone, Copy)]
pub(super) struct AnyCode;

impl Value for AnyCode {
    fn parse(bytes: &[u8], column: &Column) -> Result<Self, Refusal> {
        let known = column
            .codes
            .is_some_and(|table| table.rows.iter().any(|row| row.0.as_bytes() == bytes));
        known.then_some(Self).ok_or(Refusal::Unknown)
    }

    fn write(&self, _out: &mut Vec<u8>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed copy of the standard's code tables.
    const CODES: &str = include_str!("../../../../docs/standard/codes.toml");

    #[test]
    fn tables_are_those_of_the_standard() {
        let codes: toml::Table = CODES.parse().unwrap();
        // Kept by careplan-core.
        let elsewhere = ["csv_version", "service_type"];
        assert_eq!(TABLES.len() + elsewhere.len(), codes.len());
        for table in TABLES {
            let rows = codes[table.name].as_table().unwrap();
            assert_eq!(table.rows.len(), rows.len(), "{}", table.name);
            for (code, meaning) in table.rows {
                assert_eq!(
                    rows[*code].as_str(),
                    Some(*meaning),
                    "{} {code}",
                    table.name
                );
            }
        }
    }

    #[test]
    fn unknown_codes_are_kept_and_not_written() {
        let gender: Gender = "9".parse().unwrap();
        assert!(matches!(gender, Gender::Other(_)));
        assert_eq!(gender.code(), "9");
        assert_eq!(gender.meaning(), None);
        let column = Column::new(1, "", "", Kind::Code, crate::Presence::Optional);
        assert_eq!(gender.verify(&column), Err(FaultKind::CodeUnknown));
        assert_eq!("1".parse::<Gender>().unwrap(), Gender::Male);
        assert!("999".parse::<Gender>().is_err());
    }
}

//! Service types and service codes.

use std::fmt;

use crate::identifier::{all, ascii_identifier};
use crate::{Reason, Term};

/// A row of the service type table (サービス種類コード).
struct ServiceTypeRow {
    code: [u8; 2],
    name_ja: &'static str,
    /// Whether records for it are exchanged under the standard.
    in_scope: bool,
}

/// The table, in the standard's order.
#[rustfmt::skip]
const SERVICE_TYPES: &[ServiceTypeRow] = &[
    ServiceTypeRow { code: *b"11", name_ja: "訪問介護", in_scope: true },
    ServiceTypeRow { code: *b"12", name_ja: "訪問入浴介護", in_scope: true },
    ServiceTypeRow { code: *b"13", name_ja: "訪問看護", in_scope: true },
    ServiceTypeRow { code: *b"14", name_ja: "訪問リハビリテーション", in_scope: true },
    ServiceTypeRow { code: *b"15", name_ja: "通所介護", in_scope: true },
    ServiceTypeRow { code: *b"16", name_ja: "通所リハビリテーション", in_scope: true },
    ServiceTypeRow { code: *b"17", name_ja: "福祉用具貸与", in_scope: true },
    ServiceTypeRow { code: *b"21", name_ja: "短期入所生活介護", in_scope: true },
    ServiceTypeRow { code: *b"22", name_ja: "短期入所療養介護（介護老人保健施設）", in_scope: true },
    ServiceTypeRow { code: *b"23", name_ja: "短期入所療養介護（介護療養型医療施設等）", in_scope: true },
    ServiceTypeRow { code: *b"2A", name_ja: "短期入所療養介護（介護医療院）", in_scope: true },
    ServiceTypeRow { code: *b"31", name_ja: "居宅療養管理指導", in_scope: true },
    ServiceTypeRow { code: *b"71", name_ja: "夜間対応型訪問介護", in_scope: true },
    ServiceTypeRow { code: *b"76", name_ja: "定期巡回・随時対応型訪問介護看護", in_scope: true },
    ServiceTypeRow { code: *b"72", name_ja: "認知症対応型通所介護", in_scope: true },
    ServiceTypeRow { code: *b"78", name_ja: "地域密着型通所介護", in_scope: true },
    ServiceTypeRow { code: *b"73", name_ja: "小規模多機能型居宅介護", in_scope: true },
    ServiceTypeRow { code: *b"68", name_ja: "小規模多機能型居宅介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"77", name_ja: "看護小規模多機能型居宅介護", in_scope: true },
    ServiceTypeRow { code: *b"79", name_ja: "看護小規模多機能型居宅介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"33", name_ja: "特定施設入居者生活介護", in_scope: false },
    ServiceTypeRow { code: *b"27", name_ja: "特定施設入居者生活介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"36", name_ja: "地域密着型特定施設入居者生活介護", in_scope: false },
    ServiceTypeRow { code: *b"28", name_ja: "地域密着型特定施設入居者生活介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"32", name_ja: "認知症対応型共同生活介護（短期利用以外）", in_scope: false },
    ServiceTypeRow { code: *b"38", name_ja: "認知症対応型共同生活介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"41", name_ja: "特定福祉用具販売", in_scope: false },
    ServiceTypeRow { code: *b"42", name_ja: "住宅改修", in_scope: false },
    ServiceTypeRow { code: *b"43", name_ja: "居宅介護支援", in_scope: false },
    ServiceTypeRow { code: *b"46", name_ja: "介護予防支援", in_scope: false },
    ServiceTypeRow { code: *b"51", name_ja: "介護福祉施設サービス", in_scope: false },
    ServiceTypeRow { code: *b"52", name_ja: "介護保健施設サービス", in_scope: false },
    ServiceTypeRow { code: *b"53", name_ja: "介護療養施設サービス", in_scope: false },
    ServiceTypeRow { code: *b"54", name_ja: "地域密着型介護老人福祉施設入所者生活介護", in_scope: false },
    ServiceTypeRow { code: *b"59", name_ja: "特定介護サービス等", in_scope: false },
    ServiceTypeRow { code: *b"81", name_ja: "市町村特別給付", in_scope: false },
    ServiceTypeRow { code: *b"62", name_ja: "介護予防訪問入浴介護", in_scope: true },
    ServiceTypeRow { code: *b"63", name_ja: "介護予防訪問看護", in_scope: true },
    ServiceTypeRow { code: *b"64", name_ja: "介護予防訪問リハビリテーション", in_scope: true },
    ServiceTypeRow { code: *b"66", name_ja: "介護予防通所リハビリテーション", in_scope: true },
    ServiceTypeRow { code: *b"67", name_ja: "介護予防福祉用具貸与", in_scope: true },
    ServiceTypeRow { code: *b"24", name_ja: "介護予防短期入所生活介護", in_scope: true },
    ServiceTypeRow { code: *b"25", name_ja: "介護予防短期入所療養介護（介護老人保健施設）", in_scope: true },
    ServiceTypeRow { code: *b"26", name_ja: "介護予防短期入所療養介護（介護療養型医療施設等）", in_scope: true },
    ServiceTypeRow { code: *b"2B", name_ja: "介護予防短期入所療養介護（介護医療院）", in_scope: true },
    ServiceTypeRow { code: *b"34", name_ja: "介護予防居宅療養管理指導", in_scope: true },
    ServiceTypeRow { code: *b"74", name_ja: "介護予防認知症対応型通所介護", in_scope: true },
    ServiceTypeRow { code: *b"75", name_ja: "介護予防小規模多機能型居宅介護", in_scope: true },
    ServiceTypeRow { code: *b"69", name_ja: "介護予防小規模多機能型居宅介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"35", name_ja: "介護予防特定施設入居者生活介護", in_scope: false },
    ServiceTypeRow { code: *b"37", name_ja: "介護予防認知症対応型共同生活介護（短期利用以外）", in_scope: false },
    ServiceTypeRow { code: *b"39", name_ja: "介護予防認知症対応型共同生活介護（短期利用）", in_scope: true },
    ServiceTypeRow { code: *b"44", name_ja: "特定介護予防福祉用具販売", in_scope: false },
    ServiceTypeRow { code: *b"45", name_ja: "介護予防住宅改修", in_scope: false },
    ServiceTypeRow { code: *b"A1", name_ja: "訪問型サービス（みなし）", in_scope: true },
    ServiceTypeRow { code: *b"A2", name_ja: "訪問型サービス（独自）", in_scope: true },
    ServiceTypeRow { code: *b"A3", name_ja: "訪問型サービス（独自／定率）", in_scope: true },
    ServiceTypeRow { code: *b"A4", name_ja: "訪問型サービス（独自／定額）", in_scope: true },
    ServiceTypeRow { code: *b"A5", name_ja: "通所型サービス（みなし）", in_scope: true },
    ServiceTypeRow { code: *b"A6", name_ja: "通所型サービス（独自）", in_scope: true },
    ServiceTypeRow { code: *b"A7", name_ja: "通所型サービス（独自／定率）", in_scope: true },
    ServiceTypeRow { code: *b"A8", name_ja: "通所型サービス（独自／定額）", in_scope: true },
];

/// The table's row of two characters.
fn row(code: [u8; 2]) -> Option<&'static ServiceTypeRow> {
    SERVICE_TYPES.iter().find(|row| row.code == code)
}

ascii_identifier! {
    /// Service type (サービス種類コード): two characters of the standard's table.
    ///
    /// 43 (居宅介護支援) and 46 (介護予防支援) name the care manager's side in file names and have no
    /// service rows.
    ServiceType[2], Term::ServiceType,
    |bytes| {
        all(bytes, |_, byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())?;
        row(*bytes).map(|_| ()).ok_or(Reason::Unknown)
    }
}

impl ServiceType {
    /// 43, 居宅介護支援: a care manager's office.
    pub const CARE_MANAGEMENT: Self = Self(*b"43");
    /// 46, 介護予防支援: a support centre.
    pub const PREVENTIVE_SUPPORT: Self = Self(*b"46");
    /// 17, 福祉用具貸与.
    pub const EQUIPMENT_RENTAL: Self = Self(*b"17");
    /// 67, 介護予防福祉用具貸与.
    pub const PREVENTIVE_EQUIPMENT_RENTAL: Self = Self(*b"67");

    /// All types of the table, in its order.
    pub fn all() -> impl Iterator<Item = Self> {
        SERVICE_TYPES.iter().map(|row| Self(row.code))
    }

    /// The name as the standard prints it.
    #[must_use]
    pub fn name_ja(&self) -> &'static str {
        row(self.0).map_or("", |row| row.name_ja)
    }

    /// Whether records of this type are exchanged under the standard.
    #[must_use]
    pub fn is_in_scope(&self) -> bool {
        row(self.0).is_some_and(|row| row.in_scope)
    }

    /// Whether an office of this type makes plans (43 or 46), rather than giving services.
    #[must_use]
    pub fn is_care_management(&self) -> bool {
        *self == Self::CARE_MANAGEMENT || *self == Self::PREVENTIVE_SUPPORT
    }

    /// Whether it is equipment rental (17 or 67), which has TAIS or notification codes.
    #[must_use]
    pub fn is_equipment_rental(&self) -> bool {
        *self == Self::EQUIPMENT_RENTAL || *self == Self::PREVENTIVE_EQUIPMENT_RENTAL
    }
}

impl fmt::Debug for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceType({self})")
    }
}

ascii_identifier! {
    /// Service code (サービスコード): service type (2) and item (4), characters 0-9 and A-Z.
    ///
    /// Table 7 has pseudo codes: TTAAAA, TTEEEE and TTZZZZ for subtotals of service type TT, and
    /// 999999 for the grand total.
    ServiceCode[6], Term::ServiceCode,
    |bytes| all(bytes, |_, byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

impl ServiceCode {
    /// 999999: the grand total row of table 7.
    pub const GRAND_TOTAL: Self = Self(*b"999999");

    /// The first two characters as a service type; `None` if the table has no such type, as for
    /// the grand total.
    #[must_use]
    pub fn service_type(&self) -> Option<ServiceType> {
        ServiceType::try_from(&self.0[..2]).ok()
    }

    /// The first two characters, whether or not the table has them.
    #[must_use]
    pub const fn type_characters(&self) -> [u8; 2] {
        [self.0[0], self.0[1]]
    }

    /// Whether it is the grand total of table 7.
    #[must_use]
    pub fn is_grand_total(&self) -> bool {
        *self == Self::GRAND_TOTAL
    }

    /// Whether it is a subtotal of table 7: TTAAAA, TTEEEE or TTZZZZ.
    #[must_use]
    pub fn is_subtotal(&self) -> bool {
        matches!(&self.0[2..], b"AAAA" | b"EEEE" | b"ZZZZ")
    }
}

impl fmt::Debug for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceCode({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed copy of the standard's code tables.
    const CODES: &str = include_str!("../../../docs/standard/codes.toml");

    #[test]
    fn service_types_are_those_of_the_code_table() {
        let codes: toml::Table = CODES.parse().unwrap();
        let table = codes["service_type"].as_table().unwrap();
        assert_eq!(ServiceType::all().count(), table.len());
        for (code, row) in table {
            let kind: ServiceType = code.parse().unwrap();
            assert_eq!(kind.name_ja(), row["name"].as_str().unwrap(), "{code}");
            assert_eq!(
                kind.is_in_scope(),
                row["in_scope"].as_bool().unwrap(),
                "{code}"
            );
        }
        assert!("99".parse::<ServiceType>().is_err());
        assert!("2a".parse::<ServiceType>().is_err());
    }

    #[test]
    fn service_codes_tell_totals_from_services() {
        let code = |text: &str| text.parse::<ServiceCode>().unwrap();
        assert!(code("999999").is_grand_total());
        assert_eq!(code("999999").service_type(), None);
        for subtotal in ["11AAAA", "17EEEE", "A2ZZZZ"] {
            assert!(code(subtotal).is_subtotal(), "{subtotal}");
        }
        assert!(!code("111111").is_subtotal());
        assert_eq!(code("2A1111").service_type().unwrap().as_str(), "2A");
        assert!("11111a".parse::<ServiceCode>().is_err());
    }
}

//! The standard's sets: what travels together.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::calendar::serde_as_text;
use crate::{Lang, ParseError, Reason, Term};

/// Which of the standard's sets the files of one sending form (標準仕様 4.1, 送信単位).
///
/// PDFs may accompany any of them; the last kind is for PDFs that accompany none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SetKind {
    /// (1) Tables 1, 2, 3 and the supplement; edition 3 has no table 3.
    CarePlan,
    /// (2), (9) Tables 6 and 7 and the supplement.
    MonthlyPlan,
    /// (3) Deletion of table 1, and with it tables 2 and 3.
    CarePlanDeletion,
    /// (4) Deletion of a month's table 6 plan, and with it table 7.
    MonthlyPlanDeletion,
    /// (5) Actuals of table 6.
    Actuals,
    /// (6) Deletion of actuals.
    ActualsDeletion,
    /// (7) Basic user information of preventive care with its sub-tables and pictures.
    BasicInformation,
    /// (8) Support plan of preventive care with its details.
    SupportPlan,
    /// (7) and (8) together.
    BasicInformationAndSupportPlan,
    /// (10) Deletion of basic user information.
    BasicInformationDeletion,
    /// (10) Deletion of a support plan.
    SupportPlanDeletion,
    /// PDFs without files of the standard, to a receiver the sender names: not a set of the
    /// standard, which lets PDFs accompany its sets.
    Documents,
}

impl SetKind {
    /// All kinds, in the standard's order.
    pub const ALL: [Self; 12] = [
        Self::CarePlan,
        Self::MonthlyPlan,
        Self::CarePlanDeletion,
        Self::MonthlyPlanDeletion,
        Self::Actuals,
        Self::ActualsDeletion,
        Self::BasicInformation,
        Self::SupportPlan,
        Self::BasicInformationAndSupportPlan,
        Self::BasicInformationDeletion,
        Self::SupportPlanDeletion,
        Self::Documents,
    ];

    /// The stable name in messages and configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CarePlan => "care_plan",
            Self::MonthlyPlan => "monthly_plan",
            Self::CarePlanDeletion => "care_plan_deletion",
            Self::MonthlyPlanDeletion => "monthly_plan_deletion",
            Self::Actuals => "actuals",
            Self::ActualsDeletion => "actuals_deletion",
            Self::BasicInformation => "basic_information",
            Self::SupportPlan => "support_plan",
            Self::BasicInformationAndSupportPlan => "basic_information_and_support_plan",
            Self::BasicInformationDeletion => "basic_information_deletion",
            Self::SupportPlanDeletion => "support_plan_deletion",
            Self::Documents => "documents",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::CarePlan => (
                "居宅サービス計画書（第1～3表）",
                "care plan (tables 1 to 3)",
            ),
            Self::MonthlyPlan => (
                "利用票・別表（第6・7表 予定）",
                "monthly plan (tables 6 and 7)",
            ),
            Self::CarePlanDeletion => ("居宅サービス計画書の削除", "care plan deletion"),
            Self::MonthlyPlanDeletion => ("利用票・別表の削除", "monthly plan deletion"),
            Self::Actuals => ("実績（第6表）", "actuals (table 6)"),
            Self::ActualsDeletion => ("実績の削除", "actuals deletion"),
            Self::BasicInformation => ("利用者基本情報", "basic user information"),
            Self::SupportPlan => ("介護予防サービス・支援計画書", "preventive support plan"),
            Self::BasicInformationAndSupportPlan => (
                "利用者基本情報と介護予防サービス・支援計画書",
                "basic user information and preventive support plan",
            ),
            Self::BasicInformationDeletion => {
                ("利用者基本情報の削除", "basic user information deletion")
            }
            Self::SupportPlanDeletion => (
                "介護予防サービス・支援計画書の削除",
                "preventive support plan deletion",
            ),
            Self::Documents => ("PDFのみ", "PDFs alone"),
        };
        match lang {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }
}

impl FromStr for SetKind {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(ParseError::new(Term::SetKind, Reason::Unknown))
    }
}

impl fmt::Display for SetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

serde_as_text!(SetKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_distinct() {
        for kind in SetKind::ALL {
            assert_eq!(kind.to_string().parse::<SetKind>().unwrap(), kind);
        }
        assert!("plan".parse::<SetKind>().is_err());
    }
}

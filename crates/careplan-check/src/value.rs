//! What `careplan-tables` says of one column's own value, with what a rule needs to put it into
//! words.

use careplan_core::Lang;
use careplan_tables::{Column, FaultKind};

/// A fault of a column's own value.
pub(crate) struct FieldFault<'a> {
    pub(crate) kind: FaultKind,
    pub(crate) column: &'static Column,
    /// The value, if it may be shown.
    pub(crate) value: Option<&'a str>,
}

impl FieldFault<'_> {
    /// The column and its value: how most messages begin.
    pub(crate) fn subject(&self, lang: Lang) -> String {
        let Column { key, name_ja, .. } = self.column;
        match (lang, self.value) {
            (Lang::Ja, Some(value)) => format!("「{name_ja}」の値「{value}」"),
            (Lang::Ja, None) => format!("「{name_ja}」の値（個人情報のため非表示）"),
            (Lang::En, Some(value)) => format!("{key} ({name_ja}) \"{value}\""),
            (Lang::En, None) => format!("{key} ({name_ja}, value not shown)"),
        }
    }

    /// The column alone.
    pub(crate) fn name(&self, lang: Lang) -> String {
        let Column { key, name_ja, .. } = self.column;
        match lang {
            Lang::Ja => format!("「{name_ja}」"),
            Lang::En => format!("{key} ({name_ja})"),
        }
    }

    /// What the column is to hold, with the other value that it permits.
    pub(crate) fn form(&self, lang: Lang) -> String {
        let form = self.column.kind.form(lang);
        match (self.column.also, lang) {
            (None, _) => form.to_owned(),
            (Some(also), Lang::Ja) => format!("{form}、または{also}"),
            (Some(also), Lang::En) => format!("{form}, or {also}"),
        }
    }
}

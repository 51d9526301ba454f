//! Rules about one column's own value. What is a fault is decided in `careplan-tables`, once for
//! readers and checker; what it means and how it is said stands here.

use careplan_core::Lang;
use careplan_tables::{FaultKind, Kind, Misform, Severity};

use super::clause;
use crate::rule::{Check, Rule, Said, Scope};
use crate::text::{Message, Words};
use crate::value::FieldFault;

/// `character_user_defined`
pub(crate) static CHARACTER_USER_DEFINED: Rule = Rule {
    code: "character_user_defined",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "外字（F040～F9FC）が使われています。",
        "A user-defined character (外字, F040 to F9FC).",
    ),
    clause: clause::CHARACTERS,
    advice: Words::new(
        "外字は相手の画面では別の字や空白になります。ソフトの画面で、標準の漢字またはカタカナに打ち直してから出力してください。",
        "A user-defined character is another one, or none, on the receiver's computer. Type an ordinary character or katakana on the screen instead and export again.",
    ),
    check: Check::Value(|fault| {
        let at = match fault.kind {
            FaultKind::UserDefinedCharacter { at } => at + 1,
            _ => 1,
        };
        Message {
            ja: format!("{}の{at}バイト目に外字があります。", fault.name(Lang::Ja)),
            en: format!(
                "{} has a user-defined character at byte {at}.",
                fault.name(Lang::En)
            ),
        }
        .into()
    }),
};

/// `required_missing`
pub(crate) static REQUIRED_MISSING: Rule = Rule {
    code: "required_missing",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "必須項目が空です。",
        "A column marked required in the layout is empty.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "ソフトの画面でこの項目を入力してから出力し直してください。",
        "Fill the item in on the software's screen and export again.",
    ),
    check: Check::Value(|fault| missing(fault, "必須項目です", "is required")),
};

/// `likely_required_missing`
pub(crate) static LIKELY_REQUIRED_MISSING: Rule = Rule {
    code: "likely_required_missing",
    severity: Severity::Warning,
    scope: Scope::Field,
    meaning: Words::new(
        "必須と思われる項目（レイアウトで likely の項目）が空です。",
        "A column marked likely in the layout is empty.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "空のままだと取り込めない受信側があります。できればソフトの画面で入力してから出力し直してください。",
        "Some receivers cannot import it empty; if possible fill it in on the screen and export again.",
    ),
    check: Check::Value(|fault| missing(fault, "必須と思われる項目です", "seems to be required")),
};

fn missing(fault: &FieldFault<'_>, ja: &str, en: &str) -> Said {
    Message {
        ja: format!(
            "{}が空です。{ja}（{}）。",
            fault.name(Lang::Ja),
            fault.form(Lang::Ja)
        ),
        en: format!(
            "{} is empty and {en}: {}.",
            fault.name(Lang::En),
            fault.form(Lang::En)
        ),
    }
    .into()
}

/// `too_long`
pub(crate) static TOO_LONG: Rule = Rule {
    code: "too_long",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "レイアウトの桁数より長い値です（別紙に別の桁数がある項目で、2つの桁数の間のものは情報）。",
        "Longer than the layout's length (columns that have length_in_annex: an info between the two lengths).",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "桁数に収まる値を入力し直して出力してください。隣の項目とずれていないかも確認してください。",
        "Enter a value that fits and export again; see too whether columns have shifted.",
    ),
    check: Check::Value(|fault| {
        match fault.kind {
        FaultKind::LongerThanAnnex { limit, found } => Said::from(Message {
            ja: format!(
                "{}は{found}文字です。別紙の{limit}文字より長く、取り込めない受信側があるかもしれません。",
                fault.subject(Lang::Ja)
            ),
            en: format!(
                "{} has {found} characters; the annex allows only {limit}, and some receivers keep to that.",
                fault.subject(Lang::En)
            ),
        })
        .advise(Message {
            ja: "標準仕様のほかの箇所では許される長さです。相手が取り込めないときに見直してください。".to_owned(),
            en: "Another part of the standard permits this length; nothing needs to be done unless the receiver cannot import it.".to_owned(),
        }),
        FaultKind::TooLong { limit, found } => Message {
            ja: format!(
                "{}は{found}文字です。{limit}文字以内で記入します。",
                fault.subject(Lang::Ja)
            ),
            en: format!(
                "{} has {found} characters; at most {limit} are allowed.",
                fault.subject(Lang::En)
            ),
        }
        .into(),
        _ => Message {
            ja: format!("{}が長すぎます。", fault.subject(Lang::Ja)),
            en: format!("{} is too long.", fault.subject(Lang::En)),
        }
        .into(),
    }
    }),
};

/// `format_invalid`
pub(crate) static FORMAT_INVALID: Rule = Rule {
    code: "format_invalid",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "項目の形式に合いません（数値に文字がある、年月日が8桁でない、全角数字、郵便番号のハイフンがないなど）。",
        "Not of the column's kind: a number with letters, a date that is not 8 digits, full-width digits, a postal code without its hyphen.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "示された形に直して出力し直してください。表計算ソフトで開いて保存すると形が変わることがあるので、出力したファイルは開き直さずに送ってください。",
        "Put it into the form shown and export again. Spreadsheets change such values when they save: send the exported file without opening it in one.",
    ),
    check: Check::Value(|fault| {
        let (ja, en) = match fault.kind {
            FaultKind::FormatInvalid(Misform::FullWidth) => (
                "に全角の文字があります".to_owned(),
                "has full-width characters".to_owned(),
            ),
            FaultKind::FormatInvalid(Misform::Character { at }) => (
                format!("の{}文字目に使えない文字があります", at + 1),
                format!("has a character that may not stand there ({})", at + 1),
            ),
            FaultKind::FormatInvalid(Misform::Length { found }) => (
                format!("は{found}文字で、桁数が合いません"),
                format!("has {found} characters, which is not its length"),
            ),
            FaultKind::FormatInvalid(Misform::Quotes) => (
                "の中に引用符があります".to_owned(),
                "has quotation marks inside".to_owned(),
            ),
            _ => (
                "の形式が違います".to_owned(),
                "is not of its form".to_owned(),
            ),
        };
        let said = Said::from(Message {
            ja: format!("{}{ja}。", fault.subject(Lang::Ja)),
            en: format!("{} {en}.", fault.subject(Lang::En)),
        });
        let spoilt = fault.value.is_some_and(looks_like_a_spreadsheets);
        let (more_ja, more_en) = if spoilt {
            (
                "表計算ソフトで保存されて形が変わったようです。もとのソフトから出力し直し、開き直さずに送ってください。",
                " A spreadsheet seems to have changed it: export again and send the file without opening it in one.",
            )
        } else {
            (
                "ソフトの画面で直して出力し直してください。",
                " Correct it on the screen and export again.",
            )
        };
        said.advise(Message {
            ja: format!("{}で記入してください。{more_ja}", fault.form(Lang::Ja)),
            en: format!("Write {}.{more_en}", fault.form(Lang::En)),
        })
    }),
};

/// Whether a value looks as if a spreadsheet had written it: 1.31E+09, 2026/10/1, 1,234, 9:00.
fn looks_like_a_spreadsheets(value: &str) -> bool {
    value.contains(['/', ':', ','])
        || value.contains("E+")
        || (value.contains('.') && value.ends_with('0'))
}

/// `date_invalid`
pub(crate) static DATE_INVALID: Rule = Rule {
    code: "date_invalid",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "暦にない年月日・年月、または範囲外の時・分です。",
        "Eight or six digits that are no day or month of the calendar, or an hour or minute out of range.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "正しい西暦の日付・時刻に直して出力し直してください。",
        "Correct the date or time (western calendar) and export again.",
    ),
    check: Check::Value(|fault| {
        let (ja, en) = match fault.column.kind {
            Kind::Time => ("時刻として正しくありません", "is no time of day"),
            Kind::Month => ("暦にない年月です", "is no month of the calendar"),
            _ => ("暦にない日付です", "is no day of the calendar"),
        };
        Message {
            ja: format!(
                "{}は{ja}（{}）。",
                fault.subject(Lang::Ja),
                fault.form(Lang::Ja)
            ),
            en: format!(
                "{} {en}: {}.",
                fault.subject(Lang::En),
                fault.form(Lang::En)
            ),
        }
        .into()
    }),
};

/// `code_unknown`
pub(crate) static CODE_UNKNOWN: Rule = Rule {
    code: "code_unknown",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "コード表にないコードです。",
        "Not in the column's code table.",
    ),
    clause: clause::CODES,
    advice: Words::new(
        "コード表にあるコードに直してください。ソフトのマスタが古いときは更新してから出力し直してください。",
        "Use a code of the table; if the software's master data are old, update them and export again.",
    ),
    check: Check::Value(|fault| {
        let said = Said::from(Message {
            ja: format!("{}はコード表にありません。", fault.subject(Lang::Ja)),
            en: format!("{} is not in the code table.", fault.subject(Lang::En)),
        });
        match fault.column.codes {
            None => said,
            Some(table) => {
                let rows = || table.rows.iter();
                let ja: Vec<_> = rows()
                    .map(|(code, name)| format!("{code}（{name}）"))
                    .collect();
                let en: Vec<_> = rows()
                    .map(|(code, name)| format!("{code} ({name})"))
                    .collect();
                said.advise(Message {
                    ja: format!("次のいずれかを記入してください: {}。", ja.join("、")),
                    en: format!("Write one of: {}.", en.join(", ")),
                })
            }
        }
    }),
};

/// `value_out_of_range`
pub(crate) static VALUE_OUT_OF_RANGE: Rule = Rule {
    code: "value_out_of_range",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "項目の範囲にない値です（課題・援助目標・援助内容の番号は1～99）。",
        "Outside the column's range (need, goal and support numbers: 1 to 99).",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "範囲内の番号を振り直して出力してください。",
        "Number within the range and export again.",
    ),
    check: Check::Value(|fault| {
        let (min, max) = match fault.kind {
            FaultKind::ValueOutOfRange { min, max } => (min, max),
            _ => (1, 99),
        };
        Message {
            ja: format!(
                "{}は{min}から{max}までの範囲にありません。",
                fault.subject(Lang::Ja)
            ),
            en: format!(
                "{} is not between {min} and {max}.",
                fault.subject(Lang::En)
            ),
        }
        .into()
    }),
};

/// `leading_zero_lost`
pub(crate) static LEADING_ZERO_LOST: Rule = Rule {
    code: "leading_zero_lost",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "事業所番号・保険者番号・被保険者番号が桁数より短く、すべて数字です。表計算ソフトで先頭の0が落ちた形です。",
        "An office, insurer or insured number that is shorter than its length and all digits, as spreadsheets leave it.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "先頭の0を補ってください。表計算ソフトで開いて保存したファイルは使わず、ソフトから出力し直したものをそのまま送ってください。",
        "Restore the leading zeros: send the file as it was exported, not one that a spreadsheet has saved.",
    ),
    check: Check::Value(|fault| {
        let FaultKind::LeadingZeroLost { expected, found } = fault.kind else {
            return missing(fault, "桁数が足りません", "is too short");
        };
        let said = Said::from(Message {
            ja: format!(
                "{}は{found}桁です。{expected}桁のところ、先頭の0が落ちています。",
                fault.subject(Lang::Ja)
            ),
            en: format!(
                "{} has {found} digits instead of {expected}: leading zeros were lost.",
                fault.subject(Lang::En)
            ),
        });
        match fault.value {
            None => said,
            Some(value) => said.advise(Message {
                ja: format!(
                    "「{value:0>expected$}」のように先頭に0を補ってください。表計算ソフトで開いて保存したファイルは使わず、ソフトから出力し直したものをそのまま送ってください。"
                ),
                en: format!(
                    "It is probably {value:0>expected$}. Send the file as it was exported, not one that a spreadsheet has saved."
                ),
            }),
        }
    }),
};

/// `fixed_value`
pub(crate) static FIXED_VALUE: Rule = Rule {
    code: "fixed_value",
    severity: Severity::Error,
    scope: Scope::Field,
    meaning: Words::new(
        "値が1つに決められている項目に別の値があります（第7表34番目の項目は9999999999）。",
        "A column with one permitted value holds another (table 7, column 34: 9999999999).",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "この項目には決められた値だけを記入します。出力し直しても直らないときは、ソフトの製造元に知らせてください。",
        "Only the fixed value may stand here. If exporting again does not help, tell the software's vendor.",
    ),
    check: Check::Value(|fault| {
        let value = fault.column.value.unwrap_or_default();
        Message {
            ja: format!(
                "{}は「{value}」でなければなりません。",
                fault.subject(Lang::Ja)
            ),
            en: format!("{} must be {value}.", fault.subject(Lang::En)),
        }
        .into()
    }),
};

/// `free_text_not_quoted`
pub(crate) static FREE_TEXT_NOT_QUOTED: Rule = Rule {
    code: "free_text_not_quoted",
    severity: Severity::Warning,
    scope: Scope::Field,
    meaning: Words::new(
        "文字列の項目が引用符で囲まれていません。",
        "Free text without quotation marks.",
    ),
    clause: clause::FORM,
    advice: Words::new(
        "文字列の項目は、空でも引用符（\"）で囲みます。表計算ソフトで保存すると引用符が消えるので、ソフトから出力したファイルをそのまま送ってください。",
        "Free text stands in quotation marks (\"), even when empty. Spreadsheets drop them: send the file as it was exported.",
    ),
    check: Check::Value(|fault| {
        Message {
            ja: format!("{}が引用符で囲まれていません。", fault.name(Lang::Ja)),
            en: format!("{} is not in quotation marks.", fault.name(Lang::En)),
        }
        .into()
    }),
};

/// `unused_column_filled`
pub(crate) static UNUSED_COLUMN_FILLED: Rule = Rule {
    code: "unused_column_filled",
    severity: Severity::Info,
    scope: Scope::Field,
    meaning: Words::new(
        "標準仕様で使わない項目（識別子）に値があります。",
        "The identifier column, which the standard does not use, is filled.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "受信側は読み飛ばします。空で出力するのが標準です。",
        "Receivers ignore it; the standard has it empty.",
    ),
    check: Check::Value(|fault| {
        Message {
            ja: format!("使わない項目{}に値があります。", fault.subject(Lang::Ja)),
            en: format!("The unused column {} is filled.", fault.subject(Lang::En)),
        }
        .into()
    }),
};

//! Rules about a file's bytes and structure. The reader of the bytes comes across these faults;
//! what they mean and how they are said stands here.

use careplan_core::{Edition, Lang};
use careplan_tables::{FaultKind, Severity};

use super::clause;
use crate::rule::{ByteFault, Check, Rule, Scope};
use crate::text::{Message, Words, message};

/// A fault that does not need more words than its rule's meaning.
fn plain(ja: &str, en: &str) -> Message {
    Message {
        ja: ja.to_owned(),
        en: en.to_owned(),
    }
}

/// `empty_file`
pub(crate) static EMPTY_FILE: Rule = Rule {
    code: "empty_file",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new("レコードがありません。", "No record."),
    clause: clause::FORM,
    advice: Words::new(
        "対象の利用者を選んで出力し直すか、送るものがなければこのファイルを送信から外してください。",
        "Choose the persons concerned and export again; if there is nothing to send, leave the file out.",
    ),
    check: Check::Bytes(|_| {
        plain(
            "ファイルにレコードが1件もありません。",
            "The file holds no record.",
        )
        .into()
    }),
};

/// `encoding_bom`
pub(crate) static ENCODING_BOM: Rule = Rule {
    code: "encoding_bom",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "先頭にUnicodeのBOM（バイト順マーク）があります。ファイルがShift_JIS（MS932）ではありません。",
        "A Unicode byte order mark: the file is not Shift_JIS (MS932).",
    ),
    clause: clause::CHARACTERS,
    advice: Words::new(
        "文字コードをShift_JIS（ANSI、MS932）にして保存し直すか、ソフトから出力し直してください。「CSV UTF-8」形式では保存しないでください。",
        "Save the file as Shift_JIS (ANSI, MS932) or export it again; do not save it as \"CSV UTF-8\".",
    ),
    check: Check::Bytes(|fault| {
        let name = match fault {
            ByteFault::ByteOrderMark { utf16: true } => "UTF-16",
            _ => "UTF-8",
        };
        message!(
            ja: "ファイルの先頭に{name}のBOMがあります。{name}で保存されたファイルです。",
            en: "The file begins with a byte order mark of {name}: it was saved as {name}.",
            name
        )
        .into()
    }),
};

/// `encoding_invalid`
pub(crate) static ENCODING_INVALID: Rule = Rule {
    code: "encoding_invalid",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "MS932にないバイト列があります。位置と、UTF-8らしいときはその旨を示します。",
        "A byte sequence that is not MS932. The position and, where it looks like UTF-8, that guess.",
    ),
    clause: clause::CHARACTERS,
    advice: Words::new(
        "文字コードをShift_JIS（ANSI、MS932）にして保存し直すか、ソフトから出力し直してください。",
        "Save the file as Shift_JIS (ANSI, MS932) or export it again.",
    ),
    check: Check::Value(|fault| {
        let (at, utf8) = match fault.kind {
            FaultKind::EncodingInvalid {
                at,
                looks_like_utf8,
            } => (at + 1, looks_like_utf8),
            _ => (1, false),
        };
        let (guess_ja, guess_en) = if utf8 {
            ("UTF-8の文字のようです。", " It looks like UTF-8.")
        } else {
            ("", "")
        };
        Message {
            ja: format!(
                "{}の{at}バイト目がMS932の文字ではありません。{guess_ja}",
                fault.name(Lang::Ja)
            ),
            en: format!(
                "Byte {at} of {} is no character of MS932.{guess_en}",
                fault.name(Lang::En)
            ),
        }
        .into()
    }),
};

/// What is said once of a file that is UTF-8 as a whole.
pub(crate) fn utf8(offset: u64) -> Message {
    message!(
        ja: "ファイルがUTF-8で保存されています（先頭から{offset}バイト目に最初の文字）。",
        en: "The file is saved as UTF-8 (its first such character is at byte {offset}).",
        offset
    )
}

/// What is said of a file that is no text, or another one.
pub(crate) fn foreign(what: &str) -> Message {
    message!(
        ja: "CSVファイルではありません。中身は{what}です。",
        en: "This is no CSV file; it is {what}."
    )
}

/// `nul_byte`
pub(crate) static NUL_BYTE: Rule = Rule {
    code: "nul_byte",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "改行（CR・LF）とタブ以外の制御文字があります。",
        "A control character other than CR, LF and TAB.",
    ),
    clause: clause::CHARACTERS,
    advice: Words::new(
        "ソフトから出力し直してください。同じ指摘が続くときは、画面の該当する文章を打ち直してください（ほかから貼り付けた文字に紛れていることがあります）。",
        "Export the file again; if it stays, type the text anew on the screen (pasted text may carry such characters).",
    ),
    check: Check::Value(|fault| {
        let at = match fault.kind {
            FaultKind::ControlCharacter { at } => at + 1,
            _ => 1,
        };
        Message {
            ja: format!(
                "{}の{at}バイト目に制御文字があります。",
                fault.name(Lang::Ja)
            ),
            en: format!(
                "Byte {at} of {} is a control character.",
                fault.name(Lang::En)
            ),
        }
        .into()
    }),
};

/// What is said of a line that holds nothing but a control character, as old programs leave one
/// at the end of a file.
pub(crate) fn lone_control(byte: u8) -> Message {
    message!(
        ja: "この行には制御文字（16進{byte:02X}）しかありません。",
        en: "The line holds nothing but a control character (hexadecimal {byte:02X}).",
        byte
    )
}

/// `line_ending`
pub(crate) static LINE_ENDING: Rule = Rule {
    code: "line_ending",
    severity: Severity::Warning,
    scope: Scope::File,
    meaning: Words::new(
        "レコードの終わりがCR LFではありません。",
        "A record ends with something other than CR LF.",
    ),
    clause: clause::FORM,
    advice: Words::new(
        "改行をCR LF（Windowsの改行）にして保存し直すか、ソフトから出力し直してください。",
        "Save the file with CR LF line ends (those of Windows) or export it again.",
    ),
    check: Check::Bytes(|fault| {
        let ByteFault::LineEnds {
            lf,
            cr,
            missing,
            records,
        } = *fault
        else {
            return plain(
                "改行がCR LFではありません。",
                "A line does not end with CR LF.",
            )
            .into();
        };
        let (mut ja, mut en) = (Vec::new(), Vec::new());
        for (count, name) in [(lf, "LF"), (cr, "CR")] {
            if count > 0 {
                ja.push(format!("{count}件が{name}だけ"));
                en.push(format!("{count} with {name} alone"));
            }
        }
        if missing {
            ja.push("最後のレコードが改行なし".to_owned());
            en.push("the last one with nothing".to_owned());
        }
        Message {
            ja: format!(
                "{records}件のレコードのうち、{}で終わっています。",
                ja.join("、")
            ),
            en: format!(
                "Of {records} records some do not end with CR LF: {}.",
                en.join(", ")
            ),
        }
        .into()
    }),
};

/// `quote_unterminated`
pub(crate) static QUOTE_UNTERMINATED: Rule = Rule {
    code: "quote_unterminated",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "引用符で始まる項目が閉じられていません。",
        "A quoted field is never closed.",
    ),
    clause: clause::FORM,
    advice: Words::new(
        "この項目の終わりに引用符（\"）を付けてください。文章の中の引用符は2つ（\"\"）にします。ファイルが途中で切れていないかも確認し、出力し直してください。",
        "Close the field with a quotation mark (\"); quotation marks inside a text are doubled (\"\"). See whether the file was cut off, and export it again.",
    ),
    check: Check::Bytes(|_| {
        plain(
            "ここで始まる引用符が、ファイルの終わりまで閉じられていません。これより後の行は確認できません。",
            "The quotation mark that opens here is not closed before the file ends; the lines behind it cannot be checked.",
        )
        .into()
    }),
};

/// `quote_stray`
pub(crate) static QUOTE_STRAY: Rule = Rule {
    code: "quote_stray",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "引用符で囲まれていない項目の中に引用符があるか、閉じる引用符のあとに文字があります。",
        "A quotation mark inside an unquoted field, or text after a closing quotation mark.",
    ),
    clause: clause::FORM,
    advice: Words::new(
        "項目全体を引用符（\"）で囲み、文章の中の引用符は2つ（\"\"）にしてください。",
        "Put the whole field into quotation marks (\") and double those inside it (\"\").",
    ),
    check: Check::Bytes(|_| {
        plain(
            "引用符の位置が正しくありません。",
            "A quotation mark stands where none may stand.",
        )
        .into()
    }),
};

/// `header_row`
pub(crate) static HEADER_ROW: Rule = Rule {
    code: "header_row",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "先頭の行が項目名です。標準仕様のファイルに見出し行はありません。",
        "The first row is column names: the standard has no header row.",
    ),
    clause: clause::FORM,
    advice: Words::new(
        "先頭の行を削除するか、見出しなしで出力し直してください。",
        "Delete the first line, or export without a header.",
    ),
    check: Check::Bytes(|_| {
        plain(
            "先頭の行がデータではなく項目名（見出し）です。",
            "The first line holds column names, not a record.",
        )
        .into()
    }),
};

/// `blank_line`
pub(crate) static BLANK_LINE: Rule = Rule {
    code: "blank_line",
    severity: Severity::Warning,
    scope: Scope::File,
    meaning: Words::new("空行があります。", "An empty line."),
    clause: clause::FORM,
    advice: Words::new("空行を削除してください。", "Delete the empty line."),
    check: Check::Bytes(|_| plain("空の行です。", "The line is empty.").into()),
};

/// `column_count`
pub(crate) static COLUMN_COUNT: Rule = Rule {
    code: "column_count",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "項目の数が、ファイルのCSVバージョンのレイアウトと違います。",
        "More or fewer columns than the layout of the file's CSV version.",
    ),
    clause: clause::LAYOUT,
    advice: Words::new(
        "CSVバージョンに合ったレイアウトで出力し直してください。この行だけのときは、文章の中のカンマが引用符で囲まれているか、行が途中で切れていないかを確認してください。",
        "Export with the layout of the CSV version. If it is this line only, see whether commas in its texts are inside quotation marks and whether the line was cut off.",
    ),
    check: Check::Bytes(|fault| {
        let ByteFault::Columns {
            found,
            expected,
            edition,
            fits,
        } = *fault
        else {
            return plain("項目の数が違います。", "The number of columns is wrong.").into();
        };
        let name = |edition: Edition| edition.csv_version();
        let mut text = message!(
            ja: "項目が{found}個あります。CSVバージョン{version}では{expected}個です。",
            en: "The record has {found} columns; CSV version {version} has {expected}.",
            found, expected, version = name(edition)
        );
        if let Some(fits) = fits {
            text.ja.push_str(&format!(
                "（{found}個はCSVバージョン{}のレイアウトです。）",
                name(fits)
            ));
            text.en.push_str(&format!(
                " ({found} columns are the layout of {}.)",
                name(fits)
            ));
        }
        text.into()
    }),
};

//! Rules about a file's name.

use careplan_core::{Edition, Explain, Lang};
use careplan_tables::Severity;

use super::clause;
use crate::found::{Found, Place};
use crate::record::Record;
use crate::rule::{Check, Rule, Said, Scope, Watch};
use crate::text::{Bilingual, Message, Words, message};

/// `file_name_invalid`
pub(crate) static FILE_NAME_INVALID: Rule = Rule {
    code: "file_name_invalid",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "ファイル名が規則（種別[_対象年月]_送信元事業所番号_種類_送信先事業所番号_種類_作成日時.CSV。CSVバージョン202208ではサービス種類なし）に沿っていません。",
        "The name does not follow PREFIX[_YYYYMM]_SENDER_TYPE_RECEIVER_TYPE_YYYYMMDDHHMMSS.CSV (or, for CSV version 202208, the same without the two types).",
    ),
    clause: clause::NAMES,
    advice: Words::new(
        "ケアプラン作成ソフトから出力したときの名前に戻してください。例: UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV（対象年月は利用者補足情報・第6表・第7表とその削除だけに付きます）。",
        "Give the file the name it was exported with, for example UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV (only the supplement, tables 6 and 7 and their deletions have the month).",
    ),
    check: Check::Name(|file, found| {
        let Err(error) = &file.parsed else { return };
        found.report(&FILE_NAME_INVALID, Place::file(file), || {
            Bilingual::both(|lang| {
                let why = error.explain(lang);
                match lang {
                    Lang::Ja => format!("ファイル名が標準仕様の形ではありません。{why}"),
                    Lang::En => format!("The file name does not follow the standard: {why}."),
                }
            })
            .into()
        });
    }),
};

/// `file_name_version_mismatch`
pub(crate) static FILE_NAME_VERSION_MISMATCH: Rule = Rule {
    code: "file_name_version_mismatch",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "ファイル名の形式とレコードのCSVバージョンの版が合いません（202407なのに名前にサービス種類がない、または202208なのにサービス種類がある）。",
        "The name is of one edition and the records' CSV version of another (a 202407 file named without service types, or a 202208 file named with them).",
    ),
    clause: clause::VERSIONS,
    advice: Words::new(
        "ソフトの出力設定で版をそろえて出力し直してください。CSVバージョン202407（4.1版）の名前には送信元・送信先の事業所番号のあとにサービス種類コード2文字が入り、202208（第3版）の名前には入りません。",
        "Export again with one edition: names of CSV version 202407 (4.1) have the two-character service type behind each office number, those of 202208 (edition 3) have not.",
    ),
    check: Check::Records(|file| {
        let named = file.parsed.ok()?.edition();
        Some(Box::new(VersionOfName {
            named,
            judged: false,
        }))
    }),
};

struct VersionOfName {
    /// The edition whose names look like this one.
    named: Edition,
    /// Whether it is told already, or nothing to tell: all records of the file's edition are alike.
    judged: bool,
}

impl Watch for VersionOfName {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        if self.judged {
            return;
        }
        // A record of another edition than the file's is reported as mixed.
        let of_file = |edition: &Edition| *edition == record.file.edition;
        let Some(edition) = record.edition.filter(of_file) else {
            return;
        };
        self.judged = true;
        let has_types = |edition| edition >= Edition::Fourth;
        let (by_records, by_name) = (has_types(edition), has_types(self.named));
        // Tables that an older edition lacks, in files that are of it by name and records.
        let lacks_file = record
            .file
            .layout
            .is_some_and(|layout| !layout.is_in(edition.max(Edition::Third)));
        if by_records == by_name && !lacks_file {
            return;
        }
        let say = || -> Message {
            match (by_records, by_name) {
                (true, false) => message!(
                    ja: "レコードのCSVバージョンは{edition}ですが、ファイル名にサービス種類コードがありません（第3版の名前です）。",
                    en: "The records are of CSV version {edition}, but the file is named without service types, as in edition 3."
                ),
                (false, true) => message!(
                    ja: "レコードのCSVバージョンは{edition}ですが、ファイル名にサービス種類コードがあります（4.1版の名前です）。",
                    en: "The records are of CSV version {edition}, but the file is named with service types, as in edition 4.1."
                ),
                _ => message!(
                    ja: "CSVバージョン{edition}にこのファイルはありません（202407からのファイルです）。",
                    en: "CSV version {edition} does not have this file; it came with 202407."
                ),
            }
        };
        found.report(
            &FILE_NAME_VERSION_MISMATCH,
            Place::in_record(record, "csv_version"),
            || say().into(),
        );
    }
}

/// `same_office`
pub(crate) static SAME_OFFICE: Rule = Rule {
    code: "same_office",
    severity: Severity::Error,
    scope: Scope::File,
    meaning: Words::new(
        "ファイル名の送信元と送信先が同じ事業所番号です。連携システムは受け付けません。",
        "Sender and receiver in the name are the same office number: the exchange refuses it.",
    ),
    clause: clause::EXCHANGE,
    advice: Words::new(
        "ソフトで送信先の事業所を選び直して出力してください。自事業所あてには送れません。",
        "Choose the receiving office in the software and export again; an office does not send to itself.",
    ),
    check: Check::Name(|file, found| {
        let (Some(sender), Some(receiver)) = (file.sender(), file.receiver()) else {
            return;
        };
        if sender == receiver {
            found.report(&SAME_OFFICE, Place::file(file), || {
                message!(
                    ja: "送信元と送信先がどちらも事業所番号{sender}です。",
                    en: "Sender and receiver are both office {sender}.",
                    sender
                )
                .into()
            });
        }
    }),
};

/// What is said of a picture that is not named as one.
pub(crate) fn picture() -> Said {
    Said::from(message!(
        ja: "家族構成の画像ファイルの名前が標準仕様の形ではありません。",
        en: "The picture's file name does not follow the standard."
    ))
    .advise(message!(
        ja: "「UPKIHON_IMAGE_送信元_種類_送信先_種類_作成日時_0001.jpg」の形にしてください。作成日時は利用者基本情報（UPKIHON）のファイルと同じにします。",
        en: "Name it UPKIHON_IMAGE_SENDER_TYPE_RECEIVER_TYPE_YYYYMMDDHHMMSS_0001.jpg, with the time of the file UPKIHON."
    ))
}

//! Where the standard says so. The standard is ケアプランデータ連携標準仕様 4.1 (2024-10) with its
//! annex CSVファイルレイアウト定義書; its parts are named by their subject, and columns by file and
//! number (項番), which hold for every printing.

use crate::text::Words;

pub(crate) const NAMES: Words = Words::new(
    "標準仕様4.1 ファイル名の規則",
    "standard 4.1, file names (ファイル名の規則)",
);
pub(crate) const FORM: Words = Words::new(
    "標準仕様4.1 ファイルの形式（文字コード・区切り・改行・引用符・見出し行）",
    "standard 4.1, form of files: encoding, separator, line ends, quotation, header (ファイルの形式)",
);
pub(crate) const CHARACTERS: Words = Words::new(
    "標準仕様4.1 文字コードと外字",
    "standard 4.1, encoding and user-defined characters (文字コードと外字)",
);
pub(crate) const LAYOUT: Words = Words::new(
    "CSVファイルレイアウト定義書 該当項目の行（形式・桁数・必須・備考）",
    "CSV file layouts (CSVファイルレイアウト定義書), the column's row: form, length, presence, remarks",
);
pub(crate) const CODES: Words = Words::new(
    "CSVファイルレイアウト定義書 コード表",
    "CSV file layouts (CSVファイルレイアウト定義書), code tables (コード表)",
);
pub(crate) const VERSIONS: Words = Words::new(
    "標準仕様4.1 CSVバージョンと適用開始時期",
    "standard 4.1, CSV versions and when they apply (CSVバージョンと適用開始時期)",
);
pub(crate) const UNITS: Words = Words::new(
    "標準仕様4.1 ファイルの作成単位（事業所・サービス種類・対象年月・利用者）",
    "standard 4.1, what goes into one file: offices, service types, month, persons (ファイルの作成単位)",
);
pub(crate) const SETS: Words = Words::new(
    "標準仕様4.1 送信単位（一緒に送るファイルの組合せ）",
    "standard 4.1, what travels together (送信単位)",
);
pub(crate) const KEYS: Words = Words::new(
    "標準仕様4.1 取込時のキー項目",
    "standard 4.1, key columns on import (取込時のキー項目)",
);
pub(crate) const SUPPLEMENT: Words = Words::new(
    "標準仕様4.1 利用者補足情報（UPHOSOKU）の計画作成日・対象年月",
    "standard 4.1, plan date and month of the supplement (UPHOSOKU, 利用者補足情報)",
);
pub(crate) const TABLE_2: Words = Words::new(
    "標準仕様4.1 第2表（UP2KYO）の課題・援助目標・援助内容の番号",
    "standard 4.1, need, goal and support numbers of table 2 (UP2KYO, 第2表)",
);
pub(crate) const TABLE_6: Words = Words::new(
    "標準仕様4.1 第6表（UPPLAN・UPJSK）の作成方法",
    "standard 4.1, how table 6 is made (UPPLAN, UPJSK, 第6表)",
);
pub(crate) const TABLE_7: Words = Words::new(
    "標準仕様4.1 第7表（UPSIKYU）の明細行・小計行・合計行",
    "standard 4.1, detail, subtotal and total rows of table 7 (UPSIKYU, 第7表)",
);
pub(crate) const SCOPE: Words = Words::new(
    "標準仕様4.1 連携対象のサービス種類",
    "standard 4.1, service types that are exchanged (連携対象のサービス種類)",
);
pub(crate) const EXCHANGE: Words = Words::new(
    "ケアプランデータ連携システム 送信の条件",
    "exchange system, conditions of sending (送信の条件)",
);

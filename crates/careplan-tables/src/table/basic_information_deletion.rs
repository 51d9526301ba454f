//! Deletion of basic information, and with it of its sub-tables and pictures.

table! {
    /// Deletion of basic information, and with it of its sub-tables and pictures.
    BasicInformationDeletion: "DLTKIHON", "利用者基本情報_削除", "withdraw basic user information",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 consulted_on: Date[8] required "相談日";
    }
}

//! Deletion of table 1, and with it of tables 2 and 3 of the same plan date.

table! {
    /// Deletion of table 1, and with it of tables 2 and 3 of the same plan date.
    Table1Deletion: "DLT1KYO", "居宅サービス計画1表_削除", "withdraw tables 1 to 3",
    month_in_name: false,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 plan_date: Date[8] required "居宅サービス計画作成（変更）日";
    }
}

//! Deletion of a support plan, and with it of its details.

table! {
    /// Deletion of a support plan, and with it of its details.
    SupportPlanDeletion: "DLTYOBO", "介護予防サービス・支援計画書_削除", "withdraw a support plan",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 plan_date: Date[8] required "計画作成(変更)日";
    }
}

//! Deletion of a month's plan: tables 6 and 7.

table! {
    /// Deletion of a month's plan: tables 6 and 7.
    Table6PlanDeletion: "DLTPLAN", "第6表（計画）_削除", "withdraw the plan of a month (tables 6 and 7)",
    month_in_name: true,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 target_month: Month[6] required "削除対象年月";
    }
}

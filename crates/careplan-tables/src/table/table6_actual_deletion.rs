//! Deletion of a month's actuals of an office and service type.

table! {
    /// Deletion of a month's actuals of an office and service type.
    Table6ActualDeletion: "DLTJSK", "第6表（実績）_削除", "withdraw the actuals of a month, office and service type",
    month_in_name: true,
    direction: ServiceOfficeToCareManager,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 target_month: Month[6] required "削除対象年月";
        5 service_office_number: Office[10] required "サービス事業者コード";
        6 service_type: ServiceType[2] required "サービス種類コード";
    }
}

//! Preventive care: how a user spends the day (利用者基本情報 別表1).

table! {
    /// Preventive care: how a user spends the day (利用者基本情報 別表1).
    DailySchedule<'a>: "UPKIHON_SUB1", "利用者基本情報（別表1）１日の生活・すごし方", "preventive care: daily schedule",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 consulted_on: Date[8] required "相談日";
        5 time: Text optional "時間";
        6 activity: Text optional "本人の生活状況";
        7 carer_activity: Text optional "介護者・家族の生活状況";
    }
}

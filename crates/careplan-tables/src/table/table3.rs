//! Table 3, weekly plan (週間サービス計画表), since edition 4.1.
//!
//! One row carries a weekly service (weekday, from, to), or a daily activity (from, to), or a
//! service that is not weekly.

table! {
    /// Table 3, weekly plan (週間サービス計画表), since edition 4.1.
    ///
    /// One row carries a weekly service (weekday, from, to), or a daily activity (from, to), or a
    /// service that is not weekly.
    Table3<'a>: "UP3KYO", "居宅サービス計画3表", "table 3: weekly plan",
    month_in_name: false,
    direction: CareManagerToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 created_on: Date[8] required "週間サービス計画表作成年月日";
        5 plan_date: Date[8] required "居宅サービス計画作成（変更）日";
        6 service: Text optional "介護サービス内容";
        7 weekday: Code(Weekday)[1] optional "曜日";
        8 starts_at: Time[4] optional "開始時間";
        9 ends_at: Time[4] optional "終了時間";
        10 daily_activity: Text optional "主な日常生活上の活動";
        11 activity_starts_at: Time[4] optional "開始時間";
        12 activity_ends_at: Time[4] optional "終了時間";
        13 non_weekly_service: Text optional "週単位以外のサービス";
    }
}

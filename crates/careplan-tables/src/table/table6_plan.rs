//! Table 6, planned services (サービス利用票 予定): one row per service and day.
//!
//! Add-ons bound to a basic service carry its times. Equipment rental (17, 67) always has a
//! service date, and a TAIS code or a notification code. The detail number is only for 17 where
//! code and units are equal. A person's rows hold the services of all offices, not just the
//! receiver's.

table! {
    /// Table 6, planned services (サービス利用票 予定): one row per service and day.
    ///
    /// Add-ons bound to a basic service carry its times. Equipment rental (17, 67) always has a
    /// service date, and a TAIS code or a notification code. The detail number is only for 17 where
    /// code and units are equal. A person's rows hold the services of all offices, not just the
    /// receiver's.
    Table6Plan<'a>: "UPPLAN", "第6表（サービス利用票）予定", "table 6: planned services",
    month_in_name: true,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 created_on: Date[8] required "作成年月日";
        5 target_month: Month[6] required "対象年月";
        6 support_office_number: Office[10] likely "プラン担当業者コード";
        7 planner_name: Text likely "プラン担当者名";
        8 units: Int[6] optional "単位数",
            note = "units per service after discount; 0 where an actual cannot be computed (percentage add-ons)";
        9 short_stay_days_to_last_month: Int[5] optional "前月までの短期入所利用日数";
        10 service_date: Date[8] required "サービス利用日";
        11 prorated_days: DayBits[31] optional "日割対象日",
            note = "31 characters of 0 and 1, day 1 first; empty unless prorated";
        12 starts_at: TimeOr("9999")[4] required "サービス開始時刻", note = "9999: the service has no time";
        13 ends_at: TimeOr("9999")[4] required "サービス終了時刻";
        14 count: Int[2] required "サービス回数";
        15 service_code: ServiceCode[6] required "サービスコード";
        16 tais_code: EquipmentCode[12] optional "TAISコード",
            since = Edition::Fourth,
            note = "service types 17 and 67: this or the notification code";
        17 notification_code: EquipmentCode[12] optional "福祉用具届出コード", since = Edition::Fourth;
        18 equipment_name: Text optional "用具名称（機種名）", since = Edition::Fourth;
        19 detail_number: Int[2] optional "明細判別コード",
            note = "service type 17 only: 1, 2, 3… where code and units are equal; else empty";
        20 service_office_number: Office[10] required "サービス事業者コード";
        21 service_office_name: Text optional "サービス事業所名";
        22 satellite_number: Digits[2] optional "サテライト枝番", note = "empty unless a satellite";
        23 over_30_days: Code(Flag)[1] required "３０日超区分";
        24 updated_by: Office[10] optional "更新業者コード";
        25 identifier: Unused[1] optional "識別子";
    }
}

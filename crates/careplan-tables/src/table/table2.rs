//! Table 2, care plan (居宅サービス計画書（2）): one row per need, goal and support.
//!
//! Rows sorted by the three numbers give the printed order. A vendor may leave repeated texts of
//! need and goal empty after the first row, as printed, or repeat them; readers take both.
//! Importers keep the three numbers as a key, so a repeated triple makes imports fail.

table! {
    /// Table 2, care plan (居宅サービス計画書（2）): one row per need, goal and support.
    ///
    /// Rows sorted by the three numbers give the printed order. A vendor may leave repeated texts of
    /// need and goal empty after the first row, as printed, or repeat them; readers take both.
    /// Importers keep the three numbers as a key, so a repeated triple makes imports fail.
    Table2<'a>: "UP2KYO", "居宅サービス計画2表", "table 2: care plan (2)",
    month_in_name: false,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 created_on: Date[8] required "居宅計画書作成年月日";
        5 plan_date: Date[8] required "居宅サービス計画作成（変更）日";
        6 need_number: Int[2] optional "課題ＮＯ", range = (1, 99);
        7 need: Text optional "課題";
        8 goal_number: Int[2] optional "援助目標ＮＯ", range = (1, 99);
        9 long_term_goal: Text optional "長期目標";
        10 short_term_goal: Text optional "短期目標";
        11 long_term_period: Text optional "長期期間";
        12 short_term_period: Text optional "短期期間";
        13 support_number: Int[2] optional "援助内容ＮＯ", range = (1, 99);
        14 support: Text optional "サービス内容";
        15 insurance_covered: Code(InsuranceCovered)[1] optional "保険対象区分";
        16 service_kind: Text optional "サービス種別";
        17 service_office_number: Office[10] optional "サービス事業者コード";
        18 service_office_name: Text optional "サービス事業所名";
        19 frequency: Text optional "頻度";
        20 period: Text optional "実施期間";
        21 updated_by: Office[10] optional "更新業者コード";
        22 identifier: Unused[1] optional "識別子";
    }
}

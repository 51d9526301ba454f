//! Supplement about a user (利用者補足情報): one row per user.
//!
//! It goes with tables 1 to 3 (then it has the plan date, and no target month) or with tables 6
//! and 7 (then it has the target month, and no plan date). Columns 5 to 8 seem to be required;
//! the source is unclear, so they are accepted empty.

table! {
    /// Supplement about a user (利用者補足情報): one row per user.
    ///
    /// It goes with tables 1 to 3 (then it has the plan date, and no target month) or with tables 6
    /// and 7 (then it has the target month, and no plan date). Columns 5 to 8 seem to be required;
    /// the source is unclear, so they are accepted empty.
    Supplement<'a>: "UPHOSOKU", "利用者補足情報", "user supplement",
    month_in_name: true,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 plan_date: DateOr("00000000")[8] required "居宅サービス計画作成（変更）日",
            note = "00000000 when the file goes with tables 6 and 7";
        5 name_kana: Text likely "利用者氏名フリガナ";
        6 name: Text likely "利用者氏名";
        7 gender: Code(Gender)[1] likely "利用者性別";
        8 birth_date: Date[8] likely "利用者生年月日";
        9 postal_code: Postal[8] optional "利用者郵便番号";
        10 address_1: Text optional "利用者住所１";
        11 address_2: Text optional "利用者住所２";
        12 phone: Phone[15] optional "利用者電話番号";
        13 certified_on: Date[8] optional "認定日";
        14 limit_from: Date[8] optional "限度額適用開始年月日";
        15 limit_to: Date[8] optional "限度額適用終了年月日";
        16 certification_status: Code(CertificationStatus)[1] optional "認定状況区分";
        17 care_level_changed_on: Date[8] optional "要介護状態変更日";
        18 care_level: Code(CareLevel)[2] optional "要介護状態区分";
        19 benefit_limit_units: Int[7] optional "区分支給限度基準額";
        20 type_limit_1_service_type: ServiceType[2] optional "１サービス種類コード";
        21 type_limit_1_units: Int[7] optional "１支給限度基準額";
        22 type_limit_1_total_units: Int[7] optional "１合計単位数";
        23 type_limit_1_over_units: Int[7] optional "１限度超単位数";
        24 type_limit_2_service_type: ServiceType[2] optional "２サービス種類コード";
        25 type_limit_2_units: Int[7] optional "２支給限度基準額";
        26 type_limit_2_total_units: Int[7] optional "２合計単位数";
        27 type_limit_2_over_units: Int[7] optional "２限度超単位数";
        28 type_limit_3_service_type: ServiceType[2] optional "３サービス種類コード";
        29 type_limit_3_units: Int[7] optional "３支給限度基準額";
        30 type_limit_3_total_units: Int[7] optional "３合計単位数";
        31 type_limit_3_over_units: Int[7] optional "３限度超単位数";
        32 type_limit_4_service_type: ServiceType[2] optional "４サービス種類コード";
        33 type_limit_4_units: Int[7] optional "４支給限度基準額";
        34 type_limit_4_total_units: Int[7] optional "４合計単位数";
        35 type_limit_4_over_units: Int[7] optional "４限度超単位数";
        36 type_limit_5_service_type: ServiceType[2] optional "５サービス種類コード";
        37 type_limit_5_units: Int[7] optional "５支給限度基準額";
        38 type_limit_5_total_units: Int[7] optional "５合計単位数";
        39 type_limit_5_over_units: Int[7] optional "５限度超単位数";
        40 type_limit_6_service_type: ServiceType[2] optional "６サービス種類コード";
        41 type_limit_6_units: Int[7] optional "６支給限度基準額";
        42 type_limit_6_total_units: Int[7] optional "６合計単位数";
        43 type_limit_6_over_units: Int[7] optional "６限度超単位数";
        44 type_limit_7_service_type: ServiceType[2] optional "７サービス種類コード";
        45 type_limit_7_units: Int[7] optional "７支給限度基準額";
        46 type_limit_7_total_units: Int[7] optional "７合計単位数";
        47 type_limit_7_over_units: Int[7] optional "７限度超単位数";
        48 type_limit_8_service_type: ServiceType[2] optional "８サービス種類コード";
        49 type_limit_8_units: Int[7] optional "８支給限度基準額";
        50 type_limit_8_total_units: Int[7] optional "８合計単位数";
        51 type_limit_8_over_units: Int[7] optional "８限度超単位数";
        52 type_limit_9_service_type: ServiceType[2] optional "９サービス種類コード";
        53 type_limit_9_units: Int[7] optional "９支給限度基準額";
        54 type_limit_9_total_units: Int[7] optional "９合計単位数";
        55 type_limit_9_over_units: Int[7] optional "９限度超単位数";
        56 over_units_total: Int[7] optional "合計限度超単位数";
        57 short_stay_days_to_last_month: Int[5] optional "入所前月迄利用日数";
        58 short_stay_days_cumulative: Int[5] optional "入所累積利用日数";
        59 previous_care_level: Code(CareLevel)[2] optional "前回要介護状態区分";
        60 consent_received_by: Office[10] optional "同意書受付業者";
        61 updated_by: Office[10] optional "更新業者コード";
        62 identifier: Unused[1] optional "識別子";
        63 target_month: MonthOr("000000")[6] required "対象年月",
            note = "000000 when the file goes with tables 1 and 2";
    }
}

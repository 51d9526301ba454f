//! Table 1, care plan (居宅サービス計画書（1）): one row per user and plan date.

table! {
    /// Table 1, care plan (居宅サービス計画書（1）): one row per user and plan date.
    Table1<'a>: "UP1KYO", "居宅サービス計画1表", "table 1: care plan (1)",
    month_in_name: false,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 created_on: Date[8] required "作成年月日";
        5 postal_code: Postal[8] optional "利用者郵便番号";
        6 address_1: Text optional "利用者住所１";
        7 address_2: Text optional "利用者住所２";
        8 planner_name: Text required "居宅サービス計画作成者氏名";
        9 support_office_name: Text required "介護支援事業者名";
        10 support_office_postal_code: Postal[8] optional "介護支援事業者郵便番号";
        11 support_office_address_1: Text optional "介護支援事業者住所１";
        12 support_office_address_2: Text optional "介護支援事業者住所２";
        13 support_office_number: Office[10] required "介護支援事業者コード";
        14 plan_date: Date[8] required "居宅サービス計画作成（変更）日";
        15 first_plan_date: Date[8] required "初回居宅サービス計画作成日";
        16 plan_kind: Code(PlanKind)[2] optional "計画書区分";
        17 certification_status: Code(CertificationStatus)[1] optional "認定状況区分";
        18 certified_on: Date[8] optional "認定日";
        19 certified_from: Date[8] optional "認定有効期間開始日";
        20 certified_to: Date[8] optional "認定有効期間終了日";
        21 care_level: Code(CareLevel)[2] optional "要介護状態区分";
        22 issue_analysis: Text optional "利用者及び家族の生活に対する意向を踏まえた課題分析の結果";
        23 panel_opinion: Text optional "介護認定審査会の意見及びサービスの種類の指定";
        24 support_policy: Text optional "総合的な援助の方針";
        25 living_support_reason: Code(LivingSupportReason)[1] optional "生活援助中心型の算定理由";
        26 living_support_reason_other: Text optional "その他理由";
        27 updated_by: Office[10] optional "更新業者コード";
        28 identifier: Unused[1] optional "識別子";
    }
}

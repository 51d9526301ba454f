//! Preventive care: details of a support plan (介護予防サービス・支援計画書 別表).

table! {
    /// Preventive care: details of a support plan (介護予防サービス・支援計画書 別表).
    SupportPlanDetail<'a>: "UPYOBO_SUB", "介護予防サービス・支援計画書（別表）支援計画", "preventive care: support plan details",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 plan_date: Date[8] required "計画作成(変更)日";
        5 issue_number: Int[2] optional "課題ＮＯ";
        6 overall_issue: Text optional "総合的課題";
        7 proposal: Text optional "課題に対する目標と具体策の提案";
        8 wishes: Text optional "具体策についての意向本人・家族";
        9 goal: Text optional "目標";
        10 support_number: Int[2] optional "支援計画ＮＯ";
        11 support_point: Text optional "【支援計画】目標についての支援のポイント";
        12 self_care: Text optional "【支援計画】本人等のセルフケアや家族の支援、インフォーマルサービス（民間サービス）";
        13 insured_service: Text optional "【支援計画】介護保険サービス又は地域支援事業（総合事業のサービス）";
        14 service_number: Int[2] optional "利用サービスＮＯ";
        15 service_kind: Text optional "【利用サービス】サービス種別";
        16 service_office_name: Text optional "【利用サービス】事業所(利用先)";
        17 service_period: Text optional "【利用サービス】期間";
    }
}

//! Preventive care: support plan (介護予防サービス・支援計画書).

table! {
    /// Preventive care: support plan (介護予防サービス・支援計画書).
    SupportPlan<'a>: "UPYOBO", "介護予防サービス・支援計画書", "preventive care: support plan",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 plan_date: Date[8] required "計画作成(変更)日";
        5 plan_scheme: Code(PlanScheme)[1] required "計画種類";
        6 entrusted: Code(Entrusted)[1] likely "委託の有無";
        7 reference_number: Text optional "整理番号";
        8 name: Text required "利用者名";
        9 certified_on: Date[8] optional "認定年月日";
        10 certified_from: Date[8] optional "認定有効期間開始日";
        11 certified_to: Date[8] optional "認定有効期間終了日";
        12 plan_kind: Code(PlanKind)[2] optional "計画書区分";
        13 certification_status: Code(CertificationStatus)[1] optional "認定状況区分";
        14 support_level: Code(SupportLevel)[1] optional "要支援状態区分";
        15 centre_planner_name: Text optional "計画作成者氏名（地域包括支援センター担当者名）";
        16 planner_name: Text optional "計画作成者氏名（担当介護支援専門員名）";
        17 planner_office_name: Text optional "計画作成者事業者・事業所名";
        18 planner_office_address: Text optional "計画作成者事業者・事業所住所";
        19 planner_office_phone: Phone[15] optional "計画作成者事業者・事業所電話番号";
        20 first_plan_date: Date[8] optional "初回作成日";
        21 support_centre: Text optional "担当地域包括支援センター";
        22 goal_day: Text optional "目標とする生活(1日)";
        23 goal_year: Text optional "目標とする生活(1年)";
        24 mobility_state: Text optional "【運動・移動】現在の状況";
        25 mobility_wishes: Text optional "【運動・移動】本人・家族の意欲・意向";
        26 mobility_has_issue: Code(YesNo)[1] optional "【運動・移動】領域における課題の有無";
        27 mobility_issue: Text optional "【運動・移動】領域における課題（背景・原因）";
        28 daily_living_state: Text optional "【日常生活(家庭生活)】現在の状況";
        29 daily_living_wishes: Text optional "【日常生活(家庭生活)】本人・家族の意欲・意向";
        30 daily_living_has_issue: Code(YesNo)[1] optional "【日常生活(家庭生活)】領域における課題の有無";
        31 daily_living_issue: Text optional "【日常生活(家庭生活)】領域における課題（背景・原因）";
        32 social_state: Text optional "【社会参加、対人関係・コミュニケーション】現在の状況";
        33 social_wishes: Text optional "【社会参加、対人関係・コミュニケーション】本人・家族の意欲・意向";
        34 social_has_issue: Code(YesNo)[1] optional "【社会参加、対人関係・コミュニケーション】領域における課題の有無";
        35 social_issue: Text optional "【社会参加、対人関係・コミュニケーション】領域における課題（背景・原因）";
        36 health_state: Text optional "【健康管理】現在の状況";
        37 health_wishes: Text optional "【健康管理】本人・家族の意欲・意向";
        38 health_has_issue: Code(YesNo)[1] optional "【健康管理】領域における課題の有無";
        39 health_issue: Text optional "【健康管理】領域における課題（背景・原因）";
        40 health_notes: Text optional "健康状態の留意点";
        41 appropriate_support_policy: Text optional "妥当な支援の実施に向けた方針";
        42 overall_policy: Text optional "総合的な方針";
        43 checklist_inactivity: Digits[1] optional "基本チェックリストの該当数(運動不足)";
        44 checklist_nutrition: Digits[1] optional "基本チェックリストの該当数(栄養改善)";
        45 checklist_oral_care: Digits[1] optional "基本チェックリストの該当数(口腔内ケア)";
        46 checklist_withdrawal: Digits[1] optional "基本チェックリストの該当数(閉じこもり予防)";
        47 checklist_forgetfulness: Digits[1] optional "基本チェックリストの該当数(物忘れ予防)";
        48 checklist_depression: Digits[1] optional "基本チェックリストの該当数(うつ予防)";
        49 programme_inactivity: Code(Needed)[1] optional "事業プログラムの要否(運動不足)";
        50 programme_nutrition: Code(Needed)[1] optional "事業プログラムの要否(栄養改善)";
        51 programme_oral_care: Code(Needed)[1] optional "事業プログラムの要否(口腔内ケア)";
        52 programme_withdrawal: Code(Needed)[1] optional "事業プログラムの要否(閉じこもり予防)";
        53 programme_forgetfulness: Code(Needed)[1] optional "事業プログラムの要否(物忘れ予防)";
        54 programme_depression: Code(Needed)[1] optional "事業プログラムの要否(うつ予防)";
        55 centre_opinion: Text optional "地域包括支援センター意見";
        56 consented_on: Date[8] optional "同意日";
        57 consented_by: Text optional "同意者氏名";
    }
}

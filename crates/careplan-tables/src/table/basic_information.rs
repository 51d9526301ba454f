//! Preventive care: basic information about a user (利用者基本情報).
//!
//! The family picture is a file of its own, `UPKIHON_IMAGE_…_0001.jpg`, named in column 62.

table! {
    /// Preventive care: basic information about a user (利用者基本情報).
    ///
    /// The family picture is a file of its own, `UPKIHON_IMAGE_…_0001.jpg`, named in column 62.
    BasicInformation<'a>: "UPKIHON", "利用者基本情報", "preventive care: basic user information",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 consulted_on: Date[8] required "相談日";
        5 plan_scheme: Code(PlanScheme)[1] required "計画種類";
        6 entrusted: Code(Entrusted)[1] likely "委託の有無";
        7 author_name: Text optional "作成担当者";
        8 consultation_method: Code(ConsultationMethod)[2] optional "相談方法";
        9 consultation_method_other: Text optional "相談方法(その他の内容)";
        10 consultation_count: Code(ConsultationCount)[2] optional "相談回数";
        11 previous_consulted_on: Date[8] optional "前回相談日";
        12 present_state: Code(PresentState)[2] optional "利用者の現況";
        13 present_state_note: Text optional "利用者の現況(状況補足)";
        14 name_kana: Text required "利用者氏名ﾌﾘｶﾞﾅ";
        15 name: Text required "利用者氏名";
        16 gender: Code(Gender)[1] required "利用者性別";
        17 birth_date: Date[8] required "利用者生年月日";
        18 address: Text optional "利用者住所";
        19 phone: Phone[15] optional "利用者電話番号";
        20 fax: Phone[15] optional "利用者Fax番号";
        21 disability_independence: Code(DisabilityIndependence)[2] optional "障害高齢者の日常生活自立度";
        22 dementia_independence: Code(DementiaIndependence)[2] optional "認知症高齢者の日常生活自立度";
        23 care_level: Code(PreventiveCareLevel)[2] optional "要介護状態区分";
        24 certified_from: Date[8] optional "認定有効期限開始日";
        25 certified_to: Date[8] optional "認定有効期間終了日";
        26 previous_care_level: Code(PreventiveCareLevel)[2] optional "前回の介護度";
        27 checklist_result: Code(ChecklistResult)[1] optional "基本チェックリスト記入結果";
        28 checklist_on: Date[8] optional "基本チェックリスト記入日";
        29 physical_disability: Code(Flag)[1] optional "障害等認定(身障)";
        30 intellectual_disability: Code(Flag)[1] optional "障害等認定(療育)";
        31 mental_disability: Code(Flag)[1] optional "障害等認定(精神)";
        32 intractable_disease: Code(Flag)[1] optional "障害等認定(難病)";
        33 disability_note: Text optional "障害等認定特記事項";
        34 housing: Code(Housing)[2] optional "居住形態";
        35 room_floor: Digits[2] optional "自室の階数";
        36 home_modified: Code(YesNo)[1] optional "住宅改修の有無";
        37 national_pension: Code(Flag)[1] optional "経済状況(国民年金)";
        38 employees_pension: Code(Flag)[1] optional "経済状況(厚生年金)";
        39 disability_pension: Code(Flag)[1] optional "経済状況(障害年金)";
        40 public_assistance: Code(Flag)[1] optional "経済状況(生活保護)";
        41 finances: Text optional "経済状況詳細";
        42 visitor_name: Text optional "来所者(相談者)氏名";
        43 visitor_address: Text optional "来所者(相談者)住所";
        44 visitor_phone: Phone[15] optional "来所者(相談者)電話番号";
        45 visitor_relationship: Text optional "来所者(相談者)続柄";
        46 contact_1_name: Text optional "1 緊急連絡先(氏名)";
        47 contact_1_relationship: Text optional "1 緊急連絡先(続柄)";
        48 contact_1_address: Text optional "1 緊急連絡先(住所)";
        49 contact_1_phone: Phone[15] optional "1 緊急連絡先(電話番号)";
        50 contact_2_name: Text optional "2 緊急連絡先(氏名)";
        51 contact_2_relationship: Text optional "2 緊急連絡先(続柄)";
        52 contact_2_address: Text optional "2 緊急連絡先(住所)";
        53 contact_2_phone: Phone[15] optional "2 緊急連絡先(電話番号)";
        54 contact_3_name: Text optional "3 緊急連絡先(氏名)";
        55 contact_3_relationship: Text optional "3 緊急連絡先(続柄)";
        56 contact_3_address: Text optional "3 緊急連絡先(住所)";
        57 contact_3_phone: Phone[15] optional "3 緊急連絡先(電話番号)";
        58 contact_4_name: Text optional "4 緊急連絡先(氏名)";
        59 contact_4_relationship: Text optional "4 緊急連絡先(続柄)";
        60 contact_4_address: Text optional "4 緊急連絡先(住所)";
        61 contact_4_phone: Phone[15] optional "4 緊急連絡先(電話番号)";
        62 family_image_file: Text optional "家族構成 画像ファイル名";
        63 family_situation: Text optional "家族関係等の状況";
        64 life_history: Text optional "今までの生活";
        65 daily_life: Text optional "１日の生活・すごし方(生活全般)";
        66 hobbies: Text optional "趣味・楽しみ・特技";
        67 social_ties: Text optional "友人・地域との関係";
        68 public_services: Text optional "現在利用している公的サービス";
        69 informal_services: Text optional "現在利用している非公的サービス";
        70 consented_on: Date[8] optional "同意日";
        71 consented_by: Text optional "同意者氏名";
    }
}

//! Preventive care: medical history (利用者基本情報 別表2).

table! {
    /// Preventive care: medical history (利用者基本情報 別表2).
    MedicalHistory<'a>: "UPKIHON_SUB2", "利用者基本情報（別表2）現病歴・既往歴", "preventive care: medical history",
    month_in_name: false,
    direction: SupportCentreToServiceOffice,
    editions: [Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 consulted_on: Date[8] required "相談日";
        5 period: Text optional "年月日";
        6 disease: Text optional "病名";
        7 doctor: Text optional "医療機関・医師名";
        8 doctor_role: Code(DoctorRole)[1] optional "主治医・意見作成者フラグ";
        9 doctor_phone: Phone[15] optional "医療機関・医師電話番号";
        10 progress: Code(Progress)[2] optional "経過";
        11 treatment: Text optional "治療中の内容";
    }
}

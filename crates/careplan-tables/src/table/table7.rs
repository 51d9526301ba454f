//! Table 7, benefit limits and costs (サービス利用票別表).
//!
//! Detail rows, subtotals `TTAAAA` of a service type TT (they must be there when a type of an
//! office has several code rows), `TTEEEE` and `TTZZZZ` (they may be there), and the grand total
//! `999999` with office 9999999999 (must be there). Units are 0 on subtotal and total rows.
//!
//! The source gives two lengths for columns 17, 30 and 31: the larger is accepted, the smaller is
//! `length_in_annex`. Column 34 is always 9999999999.

table! {
    /// Table 7, benefit limits and costs (サービス利用票別表).
    ///
    /// Detail rows, subtotals `TTAAAA` of a service type TT (they must be there when a type of an
    /// office has several code rows), `TTEEEE` and `TTZZZZ` (they may be there), and the grand total
    /// `999999` with office 9999999999 (must be there). Units are 0 on subtotal and total rows.
    ///
    /// The source gives two lengths for columns 17, 30 and 31: the larger is accepted, the smaller is
    /// `length_in_annex`. Column 34 is always 9999999999.
    Table7<'a>: "UPSIKYU", "第7表（サービス利用票別表）", "table 7: benefit limits and costs",
    month_in_name: true,
    direction: CareManagerToServiceOffice,
    editions: [Third, Fourth],
    columns: {
        1 csv_version: Version[6] required "CSVバージョン";
        2 insurer_number: Insurer[6] required "保険者番号";
        3 insured_number: Insured[10] required "被保険者番号";
        4 created_on: Date[8] required "作成年月日";
        5 target_month: Month[6] required "対象年月";
        6 service_office_name: Text optional "サービス事業所名";
        7 service_office_number: Office[10] required "サービス事業所コード",
            note = "9999999999 on the grand total row";
        8 satellite_number: Digits[2] optional "サテライト枝番";
        9 service_code: ServiceCode[6] required "サービスコード",
            note = "TTAAAA, TTEEEE, TTZZZZ: subtotals of service type TT; 999999: grand total";
        10 tais_code: EquipmentCode[12] optional "TAISコード", since = Edition::Fourth;
        11 notification_code: EquipmentCode[12] optional "福祉用具届出コード", since = Edition::Fourth;
        12 equipment_name: Text optional "用具名称（機種名）", since = Edition::Fourth;
        13 units: Int[6] required "単位数", note = "0 on subtotal and total rows";
        14 discount_rate: Int[5] optional "割引後率", note = "empty on subtotal and total rows";
        15 discounted_units: Int[6] optional "割引後単位数", note = "empty on subtotal and total rows";
        16 count: Int[3] required "回数／日数", length_before = (Edition::Fourth, 2);
        17 service_units: Int[6] optional "サービス単位金額", length_in_annex = 5;
        18 managed_units: Int[6] optional "給付管理単位数",
            note = "empty for services outside the category limit";
        19 type_limit_over_units: Int[6] optional "種類支給限度基準超単位数";
        20 type_limit_within_units: Int[6] optional "種類支給限度基準内単位数";
        21 category_limit_over_units: Int[6] optional "区分支給限度基準超単位数";
        22 category_limit_within_units: Int[6] optional "区分支給限度基準内単位数";
        23 unit_price: Decimal[6] optional "単位数単価", note = "99.99";
        24 total_cost: Int[6] optional "費用総額保険／事業対象分";
        25 benefit_rate: Int[6] optional "給付率";
        26 insurance_claim: Int[6] optional "保険／事業費請求額";
        27 fixed_copay_unit_price: Int[6] optional "定額利用者負担単価金額";
        28 copay_insured: Int[6] optional "利用者負担保険／事業対象分";
        29 copay_full: Int[6] optional "利用者負担（全額負担分）";
        30 days_to_last_month: Int[5] optional "前月までの利用日数", length_in_annex = 2;
        31 planned_days: Int[5] optional "当月の計画利用日数", length_in_annex = 2;
        32 days_cumulative: Int[5] optional "累積利用日数";
        33 over_30_days: Code(Flag)[1] required "３０日超区分";
        34 office_number_fixed: Fixed("9999999999")[10] optional "事業所コード";
        35 entered_by: Digits[10] optional "入力者コード";
        36 updated_by: Office[10] optional "更新業者コード";
        37 identifier: Unused[1] optional "識別子";
    }
}

//! For every rule a case that triggers it and nothing else, and one that comes near and triggers
//! nothing. Rows and columns are those of the sample files, counted from 1.

#![allow(dead_code)] // Each test program uses its part.
#![allow(clippy::redundant_closure)] // So that all cases are written alike.

use crate::common::{
    Given, actuals, costs, deletion, encode, month, plan, preventive, sample, services,
};

/// A rule's trigger and near miss.
pub(crate) struct Case {
    pub(crate) code: &'static str,
    pub(crate) trigger: fn() -> Given,
    pub(crate) near: fn() -> Given,
}

const fn case(code: &'static str, trigger: fn() -> Given, near: fn() -> Given) -> Case {
    Case {
        code,
        trigger,
        near,
    }
}

/// Actuals of September 2026, which has 30 days.
fn september() -> Given {
    actuals()
        .rename("UPJSK", "_202610_", "_202609_")
        .set_all("UPJSK", 5, "202609")
        .replace("UPJSK", 10, "202610", "202609")
}

/// A deletion of a month's plan in edition 3.
fn edition3_deletion(month: &str) -> Given {
    Given::new().with_file(
        &format!("DLTPLAN_{month}_1373960229_1378034246_20240224115635.CSV"),
        format!("202208,135741,0859479167,{month}\r\n").as_bytes(),
    )
}

/// The day bits with one day set.
fn only_day(day: usize) -> String {
    (1..=31)
        .map(|at| if at == day { '1' } else { '0' })
        .collect()
}

pub(crate) static CASES: &[Case] = &[
    case(
        "file_name_invalid",
        || month().rename("UPPLAN", "20260921113320", "2026092111332"),
        || month().rename_all(".CSV", ".csv"),
    ),
    case(
        "file_name_version_mismatch",
        || {
            month()
                .rename_all("1370948774_43", "1370948774")
                .rename_all("1375169671_11", "1375169671")
        },
        || sample("edition3-month-set"),
    ),
    case(
        "file_name_version_mismatch",
        || {
            sample("edition3-month-set")
                .rename_all("1373960229_1378034246", "1373960229_43_1378034246_11")
        },
        || sample("edition3-plan-set"),
    ),
    case(
        "same_office",
        || deletion("DLT1KYO").rename_all("1375169671", "1370948774"),
        || deletion("DLT1KYO").rename_all("1375169671", "1370948775"),
    ),
    case(
        "empty_file",
        || deletion("DLT1KYO").bytes("DLT1KYO", |_| Vec::new()),
        || deletion("DLT1KYO").drop_rows("DLT1KYO", 2..=3),
    ),
    case(
        "encoding_bom",
        || actuals().utf8("UPJSK", true),
        || actuals().set("UPJSK", 1, 7, "\"ｱﾔｶ\""),
    ),
    case(
        "encoding_invalid",
        || actuals().utf8("UPJSK", false),
        // ﾃｱ is a character of UTF-8 as well.
        || {
            actuals()
                .set_all("UPJSK", 7, "\"ﾃｱ\"")
                .set_all("UPJSK", 21, "\"\"")
        },
    ),
    case(
        "encoding_invalid",
        || actuals().set_bytes("UPJSK", 5, 7, b"\"\x85\x40\""),
        || actuals().set_bytes("UPJSK", 5, 7, b"\"\x87\x40\""),
    ),
    case(
        "character_user_defined",
        || actuals().set_bytes("UPJSK", 1, 7, b"\"\x8E\x52\xF0\x40\""),
        || actuals().set("UPJSK", 1, 7, "\"髙﨑\""),
    ),
    case(
        "nul_byte",
        || actuals().set_bytes("UPJSK", 1, 7, b"\"\x8E\x52\0\""),
        || actuals().set_bytes("UPJSK", 1, 7, b"\"\x8E\x52\t\""),
    ),
    case(
        "nul_byte",
        // The end mark of old programs.
        || actuals().bytes("UPJSK", |bytes| [&bytes[..], &b"\x1A"[..]].concat()),
        || actuals(),
    ),
    case(
        "line_ending",
        || {
            actuals().bytes("UPJSK", |bytes| {
                bytes.into_iter().filter(|byte| *byte != b'\r').collect()
            })
        },
        // A line break inside a text may be LF alone.
        || plan().set("UP1KYO", 1, 22, "\"一\n二\""),
    ),
    case(
        "line_ending",
        || actuals().bytes("UPJSK", |bytes| bytes[..bytes.len() - 2].to_vec()),
        || actuals(),
    ),
    case(
        "quote_unterminated",
        || plan().bytes("UP3KYO", |bytes| bytes[..bytes.len() - 3].to_vec()),
        || plan().set("UP3KYO", 9, 13, "\"通院（\"\"月\"\"1回）\""),
    ),
    case(
        "quote_stray",
        || plan().set("UP3KYO", 9, 13, "\"通院\"（月1回）"),
        || plan().set("UP3KYO", 9, 13, "\"通院\"\"（月1回）\""),
    ),
    case(
        "header_row",
        || {
            deletion("DLT1KYO").bytes("DLT1KYO", |bytes| {
                let header =
                    "CSVバージョン,保険者番号,被保険者番号,居宅サービス計画作成（変更）日\r\n";
                [encode(header), bytes].concat()
            })
        },
        // A first record whose texts are like names of columns.
        || plan().set("UP2KYO", 1, 7, "\"課題\""),
    ),
    case(
        "blank_line",
        || deletion("DLT1KYO").bytes("DLT1KYO", |bytes| [&bytes[..], b"\r\n"].concat()),
        || plan().set("UP1KYO", 1, 22, "\"一\r\n\r\n二\""),
    ),
    case(
        "column_count",
        || deletion("DLT1KYO").push_field("DLT1KYO", 2, ""),
        // Commas inside quotation marks are no separators.
        || plan().set("UP2KYO", 1, 7, "\"一,二,三\""),
    ),
    case(
        "csv_version_unknown",
        || deletion("DLT1KYO").set_all("DLT1KYO", 1, "202410"),
        || deletion("DLT1KYO").set_all("DLT1KYO", 1, "\"202407\""),
    ),
    case(
        "csv_version_mixed",
        || deletion("DLT1KYO").set("DLT1KYO", 2, 1, "202208"),
        || deletion("DLT1KYO").set("DLT1KYO", 2, 1, "\"202407\""),
    ),
    case(
        "csv_version_not_in_force",
        || edition3_deletion("202504"),
        || edition3_deletion("202503"),
    ),
    case(
        "required_missing",
        || services().set("UPPLAN", 1, 4, ""),
        || services().set("UPPLAN", 1, 24, ""),
    ),
    case(
        "likely_required_missing",
        || services().set("UPPLAN", 1, 7, "\"\""),
        || services().set("UPPLAN", 1, 21, "\"\""),
    ),
    case(
        "too_long",
        || services().set("UPPLAN", 1, 9, "123456"),
        || services().set("UPPLAN", 1, 9, "12345"),
    ),
    case(
        // Longer than the annex has it: for information.
        "too_long",
        || costs().set("UPSIKYU", 1, 30, "123"),
        || costs().set("UPSIKYU", 1, 30, "12"),
    ),
    case(
        "format_invalid",
        || services().set("UPPLAN", 1, 4, "2026/10/1"),
        || services().set("UPPLAN", 1, 4, "\"20261001\""),
    ),
    case(
        "date_invalid",
        || actuals().set("UPJSK", 1, 10, "20261032"),
        || actuals().set("UPJSK", 1, 10, "20261031"),
    ),
    case(
        "date_invalid",
        || actuals().set("UPJSK", 1, 13, "2401"),
        || actuals().set("UPJSK", 1, 13, "2400"),
    ),
    case(
        "code_unknown",
        || actuals().set("UPJSK", 1, 23, "2"),
        || actuals().set("UPJSK", 1, 23, "1"),
    ),
    case(
        "value_out_of_range",
        || plan().set("UP2KYO", 1, 6, "0"),
        || plan().set("UP2KYO", 18, 6, "99"),
    ),
    case(
        "leading_zero_lost",
        || actuals().set("UPJSK", 1, 3, "462428004"),
        || actuals().set("UPJSK", 1, 3, "H462428004"),
    ),
    case(
        "fixed_value",
        || costs().set("UPSIKYU", 1, 34, "9999999998"),
        || costs().set("UPSIKYU", 1, 34, "\"9999999999\""),
    ),
    case(
        "free_text_not_quoted",
        || actuals().set("UPJSK", 1, 7, "山本"),
        || actuals().set("UPJSK", 1, 8, "\"244\""),
    ),
    case(
        "unused_column_filled",
        || actuals().set("UPJSK", 1, 25, "1"),
        || actuals().set("UPJSK", 1, 25, "\"\""),
    ),
    case(
        "month_mixed",
        || deletion("DLTPLAN").set("DLTPLAN", 2, 4, "202611"),
        || deletion("DLTPLAN").set("DLTPLAN", 2, 4, "\"202610\""),
    ),
    case(
        "month_differs_from_name",
        || deletion("DLTPLAN").rename("DLTPLAN", "_202610_", "_202611_"),
        || {
            deletion("DLTPLAN")
                .rename("DLTPLAN", "_202610_", "_202611_")
                .set_all("DLTPLAN", 4, "202611")
        },
    ),
    case(
        "service_date_outside_month",
        || actuals().set("UPJSK", 1, 10, "20261101"),
        || actuals().set("UPJSK", 1, 10, "20261031"),
    ),
    case(
        "prorated_day_outside_month",
        || september().set("UPJSK", 1, 11, &only_day(31)),
        || september().set("UPJSK", 1, 11, &only_day(30)),
    ),
    case(
        // 33: 特定施設入居者生活介護; 27: the same for a short time.
        "service_type_out_of_scope",
        || actuals().set("UPJSK", 1, 15, "331111"),
        || actuals().set("UPJSK", 1, 15, "271111"),
    ),
    case(
        "service_type_out_of_scope",
        || deletion("DLTJSK").set("DLTJSK", 1, 6, "42"),
        || deletion("DLTJSK").set("DLTJSK", 1, 6, "A2"),
    ),
    case(
        "equipment_code_missing",
        || services().set("UPPLAN", 19, 16, ""),
        || {
            services()
                .set("UPPLAN", 19, 16, "")
                .set("UPPLAN", 19, 17, "00999-000001")
        },
    ),
    case(
        "equipment_code_both",
        || services().set("UPPLAN", 19, 17, "00999-000001"),
        || services(),
    ),
    case(
        "equipment_column_unexpected",
        || actuals().set("UPJSK", 1, 19, "1"),
        || services().set("UPPLAN", 19, 19, "1"),
    ),
    case(
        "duplicate_key",
        || actuals().repeat_row("UPJSK", 1),
        || {
            actuals()
                .repeat_row("UPJSK", 1)
                .set("UPJSK", 2, 12, "1000")
                .set("UPJSK", 2, 13, "1030")
        },
    ),
    case(
        // 手すり twice on one day: told apart by the detail number only.
        "duplicate_key",
        || services().set("UPPLAN", 21, 19, "1"),
        || services(),
    ),
    case(
        "duplicate_key",
        || plan().repeat_row("UP1KYO", 1),
        || plan(),
    ),
    case(
        // The numbers of need, goal and support repeated.
        "duplicate_key",
        || plan().repeat_row("UP2KYO", 1),
        || plan().repeat_row("UP2KYO", 18).set("UP2KYO", 19, 13, "9"),
    ),
    case(
        "duplicate_key",
        || costs().repeat_row("UPSIKYU", 9),
        || costs(),
    ),
    case(
        "duplicate_key",
        || month().repeat_row("UPHOSOKU", 1),
        || month(),
    ),
    case("order", || plan().swap_rows("UP2KYO", 1, 2), || plan()),
    case(
        "updated_by_mismatch",
        || actuals().set("UPJSK", 1, 24, "1370948774"),
        || actuals().set("UPJSK", 1, 24, ""),
    ),
    case(
        "actual_office_mismatch",
        || actuals().set("UPJSK", 1, 20, "1374220867"),
        || actuals().set("UPJSK", 1, 22, "01"),
    ),
    case(
        "receiver_not_concerned",
        || services().drop_rows("UPPLAN", 1..=13),
        || services().drop_rows("UPPLAN", 1..=12),
    ),
    case(
        "total_row_missing",
        || costs().drop_rows("UPSIKYU", 9..=9),
        || costs().swap_rows("UPSIKYU", 1, 9),
    ),
    case(
        "total_row_office",
        || costs().set("UPSIKYU", 9, 7, "1370948774"),
        || costs().set("UPSIKYU", 9, 7, "\"9999999999\""),
    ),
    case(
        "subtotal_row_missing",
        || costs().drop_rows("UPSIKYU", 3..=3),
        // One code needs no subtotal.
        || costs(),
    ),
    case(
        "subtotal_row_filled",
        || costs().set("UPSIKYU", 3, 13, "1"),
        || costs().set("UPSIKYU", 3, 13, "\"0\""),
    ),
    case(
        "subtotal_row_filled",
        || costs().set("UPSIKYU", 9, 14, "90"),
        || costs().set("UPSIKYU", 1, 14, "100"),
    ),
    case(
        "subtotal_mismatch",
        || costs().set("UPSIKYU", 3, 17, "3077"),
        || costs().set("UPSIKYU", 3, 17, "03076"),
    ),
    case(
        "subtotal_mismatch",
        || costs().set("UPSIKYU", 9, 26, "88179"),
        || costs().set("UPSIKYU", 9, 26, ""),
    ),
    case(
        "service_units_mismatch",
        || costs().set("UPSIKYU", 4, 17, "4116"),
        || costs().set("UPSIKYU", 4, 17, ""),
    ),
    case(
        "cost_mismatch",
        || costs().set("UPSIKYU", 4, 24, "46912"),
        // Rounded down: 4115 times 11.40 is 46,911.00, times 11.39 it is 46,869.85.
        || {
            costs()
                .set("UPSIKYU", 4, 23, "11.39")
                .set("UPSIKYU", 4, 24, "46869")
                .set("UPSIKYU", 4, 26, "42182")
                .set("UPSIKYU", 4, 28, "4687")
                .set("UPSIKYU", 9, 24, "97935")
                .set("UPSIKYU", 9, 26, "88141")
                .set("UPSIKYU", 9, 28, "9794")
        },
    ),
    case(
        "claim_mismatch",
        || costs().set("UPSIKYU", 4, 26, "42220"),
        || costs().set("UPSIKYU", 4, 26, "042219"),
    ),
    case(
        "copay_mismatch",
        || costs().set("UPSIKYU", 4, 28, "4693"),
        || costs().set("UPSIKYU", 4, 28, "04692"),
    ),
    case(
        "plan_cost_count_mismatch",
        || month().drop_rows("UPPLAN", 1..=1),
        // A prorated service is aside.
        || {
            month()
                .drop_rows("UPPLAN", 1..=1)
                .set("UPPLAN", 1, 11, &only_day(5))
        },
    ),
    case(
        "plan_cost_count_mismatch",
        || month().set("UPPLAN", 1, 14, "2"),
        // Equipment is aside.
        || month().set("UPPLAN", 19, 14, "2"),
    ),
    case(
        "set_incomplete",
        || month().without("UPHOSOKU"),
        || preventive().without("UPKIHON_SUB1"),
    ),
    case(
        "set_incomplete",
        || preventive().without("UPYOBO_SUB"),
        || preventive().without("UPYOBO").without("UPYOBO_SUB"),
    ),
    case(
        "set_not_allowed",
        || sample("deletions").rename("DLT1KYO", "113321", "113322"),
        || sample("deletions"),
    ),
    case(
        "set_sequence_mismatch",
        || month().rename("UPHOSOKU", "113320", "113321"),
        || month().and(plan()).and(actuals()),
    ),
    case(
        "set_sequence_mismatch",
        || plan().rename("UP1KYO", "1377541208", "1377541209"),
        || plan().rename_all("1377541208", "1377541209"),
    ),
    case(
        "supplement_marker",
        || month().set_all("UPHOSOKU", 4, "20260915"),
        || month().set_all("UPHOSOKU", 4, "\"00000000\""),
    ),
    case(
        "supplement_marker",
        || plan().set_all("UPHOSOKU", 4, "00000000"),
        || plan(),
    ),
    case(
        "supplement_marker",
        || {
            plan()
                .rename("UPHOSOKU", "000000", "202610")
                .set_all("UPHOSOKU", 63, "202610")
        },
        || month(),
    ),
    case(
        "person_missing",
        || month().drop_rows("UPSIKYU", 10..=18),
        // Table 3 is excepted.
        || plan().drop_rows("UP3KYO", 1..=3),
    ),
    case(
        // The same person with another plan date.
        "person_missing",
        || plan().set("UPHOSOKU", 1, 4, "20260916"),
        || plan().set("UPHOSOKU", 1, 4, "\"20260915\""),
    ),
    case(
        "person_unexpected",
        || month().drop_rows("UPPLAN", 22..=42),
        || {
            month()
                .drop_rows("UPPLAN", 22..=42)
                .drop_rows("UPSIKYU", 10..=18)
                .drop_rows("UPHOSOKU", 2..=2)
        },
    ),
    case(
        "person_unexpected",
        || plan().set_all("UP3KYO", 3, "0000000001"),
        || plan().drop_rows("UP3KYO", 4..=9),
    ),
];

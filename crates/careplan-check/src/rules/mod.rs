//! The rules, each one unit: what it is called, how bad it is, what it means, where the standard
//! says so, what to do, and the check.

pub(crate) mod bytes;
pub(crate) mod clause;
pub(crate) mod cost;
pub(crate) mod key;
pub(crate) mod month;
pub(crate) mod name;
pub(crate) mod service;
pub(crate) mod set;
pub(crate) mod value;
pub(crate) mod version;

use crate::rule::Rule;

/// All rules, in the order of docs/standard/rules.toml.
pub(crate) static CATALOGUE: &[&Rule] = &[
    &name::FILE_NAME_INVALID,
    &name::FILE_NAME_VERSION_MISMATCH,
    &name::SAME_OFFICE,
    &bytes::EMPTY_FILE,
    &bytes::ENCODING_BOM,
    &bytes::ENCODING_INVALID,
    &value::CHARACTER_USER_DEFINED,
    &bytes::NUL_BYTE,
    &bytes::LINE_ENDING,
    &bytes::QUOTE_UNTERMINATED,
    &bytes::QUOTE_STRAY,
    &bytes::HEADER_ROW,
    &bytes::BLANK_LINE,
    &bytes::COLUMN_COUNT,
    &version::CSV_VERSION_UNKNOWN,
    &version::CSV_VERSION_MIXED,
    &version::CSV_VERSION_NOT_IN_FORCE,
    &value::REQUIRED_MISSING,
    &value::LIKELY_REQUIRED_MISSING,
    &value::TOO_LONG,
    &value::FORMAT_INVALID,
    &value::DATE_INVALID,
    &value::CODE_UNKNOWN,
    &value::VALUE_OUT_OF_RANGE,
    &value::LEADING_ZERO_LOST,
    &value::FIXED_VALUE,
    &value::FREE_TEXT_NOT_QUOTED,
    &value::UNUSED_COLUMN_FILLED,
    &month::MONTH_MIXED,
    &month::MONTH_DIFFERS_FROM_NAME,
    &month::SERVICE_DATE_OUTSIDE_MONTH,
    &month::PRORATED_DAY_OUTSIDE_MONTH,
    &service::SERVICE_TYPE_OUT_OF_SCOPE,
    &service::EQUIPMENT_CODE_MISSING,
    &service::EQUIPMENT_CODE_BOTH,
    &service::EQUIPMENT_COLUMN_UNEXPECTED,
    &key::DUPLICATE_KEY,
    &key::ORDER,
    &service::UPDATED_BY_MISMATCH,
    &service::ACTUAL_OFFICE_MISMATCH,
    &service::RECEIVER_NOT_CONCERNED,
    &cost::TOTAL_ROW_MISSING,
    &cost::TOTAL_ROW_OFFICE,
    &cost::SUBTOTAL_ROW_MISSING,
    &cost::SUBTOTAL_ROW_FILLED,
    &cost::SUBTOTAL_MISMATCH,
    &cost::SERVICE_UNITS_MISMATCH,
    &cost::COST_MISMATCH,
    &cost::CLAIM_MISMATCH,
    &cost::COPAY_MISMATCH,
    &set::PLAN_COST_COUNT_MISMATCH,
    &set::SET_INCOMPLETE,
    &set::SET_NOT_ALLOWED,
    &set::SET_SEQUENCE_MISMATCH,
    &set::SUPPLEMENT_MARKER,
    &set::PERSON_MISSING,
    &set::PERSON_UNEXPECTED,
];

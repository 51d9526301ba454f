//! Rules about services: their types, equipment, and the offices concerned.

use careplan_core::{OfficeNumber, ServiceCode, ServiceType};
use careplan_tables::Severity;
use careplan_tables::value::EquipmentCode;

use super::clause;
use crate::facts::FileFacts;
use crate::found::{Found, Place};
use crate::persons::PerPerson;
use crate::record::{Cell, Filled, Record, Row};
use crate::rule::{Check, Rule, Scope, Watch};
use crate::text::{Message, Words, message};

/// `service_type_out_of_scope`
pub(crate) static SERVICE_TYPE_OUT_OF_SCOPE: Rule = Rule {
    code: "service_type_out_of_scope",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "連携対象でないサービス種類のレコードです。このようなレコードは作りません。",
        "A record for a service type that the standard does not exchange: such records are not to be made.",
    ),
    clause: clause::SCOPE,
    advice: Words::new(
        "このサービスの行を除いて出力し直してください（施設サービス・住宅改修・特定福祉用具販売などは連携対象外です）。",
        "Export again without this service (facility services, home modification, equipment sales and the like are not exchanged).",
    ),
    check: Check::Records(|file| {
        let has_services = matches!(file.prefix(), "UPPLAN" | "UPJSK" | "UPSIKYU" | "DLTJSK");
        has_services.then(|| Box::new(InScope { last: None }) as Box<dyn Watch>)
    }),
};

struct InScope {
    /// The type seen last, which was in scope.
    last: Option<[u8; 2]>,
}

impl Watch for InScope {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let (characters, column) = match &record.row {
            Some(Row::ServiceRow(row)) => (type_of(row.code), "service_code"),
            Some(Row::CostRow(row)) => (type_of(row.code), "service_code"),
            Some(Row::MonthDeletionRow(row)) => {
                let kind = row.service_type.value();
                (kind.map(|kind| *kind.as_bytes()), "service_type")
            }
            _ => return,
        };
        let Some(characters) = characters.filter(|characters| Some(*characters) != self.last)
        else {
            return;
        };
        let kind = ServiceType::try_from(&characters[..]).ok();
        if kind.is_some_and(|kind| kind.is_in_scope()) {
            self.last = Some(characters);
            return;
        }
        let characters: String = characters.iter().copied().map(char::from).collect();
        found.report(
            &SERVICE_TYPE_OUT_OF_SCOPE,
            Place::in_record(record, column),
            || match kind {
                Some(kind) => message!(
                    ja: "サービス種類{kind}（{name}）は連携の対象ではありません。",
                    en: "Service type {kind} ({name}) is not exchanged.",
                    kind, name = kind.name_ja()
                )
                .into(),
                None => message!(
                    ja: "サービス種類{characters}は標準仕様のサービス種類コード表にありません。",
                    en: "Service type {characters} is not in the standard's table.",
                    characters
                )
                .into(),
            },
        );
    }
}

/// The service type's characters of a code that has one.
fn type_of(code: Cell<ServiceCode>) -> Option<[u8; 2]> {
    let code = code.value().filter(|code| !code.is_grand_total())?;
    Some(code.type_characters())
}

/// What a record says of equipment. Three rules ask each record, so it borrows.
struct Equipment<'r> {
    code: ServiceCode,
    tais: &'r Cell<EquipmentCode>,
    notification: &'r Cell<EquipmentCode>,
    name: &'r Cell<Filled>,
    /// Table 6 only.
    detail: &'r Cell<u32>,
}

impl<'r> Equipment<'r> {
    /// `None` for records of other tables, and for subtotals and totals.
    #[inline]
    fn of(record: &Record<'r>) -> Option<Self> {
        match record.row.as_ref()? {
            Row::ServiceRow(row) => Some(Self {
                code: row.code.value()?,
                tais: &row.tais,
                notification: &row.notification,
                name: &row.equipment_name,
                detail: &row.detail,
            }),
            Row::CostRow(row) => Some(Self {
                code: row.code.value()?,
                tais: &row.tais,
                notification: &row.notification,
                name: &row.equipment_name,
                detail: &Cell::Empty,
            }),
            _ => None,
        }
    }

    fn is_rental(&self) -> bool {
        // What `ServiceType::is_equipment_rental` says, without looking the type up.
        let types = [
            ServiceType::EQUIPMENT_RENTAL,
            ServiceType::PREVENTIVE_EQUIPMENT_RENTAL,
        ];
        types
            .iter()
            .any(|kind| *kind.as_bytes() == self.code.type_characters())
    }

    fn is_service(&self) -> bool {
        !self.code.is_subtotal() && !self.code.is_grand_total()
    }
}

/// Only files of an edition that has the columns for equipment.
fn with_equipment_columns(file: &FileFacts, watch: impl Watch + 'static) -> Option<Box<dyn Watch>> {
    file.column("tais_code")?;
    Some(Box::new(watch))
}

/// `equipment_code_missing`
pub(crate) static EQUIPMENT_CODE_MISSING: Rule = Rule {
    code: "equipment_code_missing",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "福祉用具貸与（サービス種類17・67）に、TAISコードも福祉用具届出コードもありません（CSVバージョン202407）。",
        "Equipment rental (service types 17 and 67) with neither TAIS code nor notification code (CSV version 202407).",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "用具ごとに、TAISコード（例 00170-000123）か福祉用具届出コードのどちらかを入力して出力し直してください。",
        "Enter for each piece of equipment its TAIS code (such as 00170-000123) or its notification code, and export again.",
    ),
    check: Check::Records(|file| with_equipment_columns(file, CodeMissing)),
};

struct CodeMissing;

impl Watch for CodeMissing {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(equipment) = Equipment::of(record) else {
            return;
        };
        if equipment.is_rental()
            && equipment.is_service()
            && !equipment.tais.is_filled()
            && !equipment.notification.is_filled()
        {
            found.report(
                &EQUIPMENT_CODE_MISSING,
                Place::in_record(record, "tais_code"),
                || {
                    message!(
                        ja: "福祉用具貸与（サービスコード{code}）に、TAISコードも福祉用具届出コードもありません。",
                        en: "Equipment rental (service code {code}) has neither TAIS code nor notification code.",
                        code = equipment.code
                    )
                    .into()
                },
            );
        }
    }
}

/// `equipment_code_both`
pub(crate) static EQUIPMENT_CODE_BOTH: Rule = Rule {
    code: "equipment_code_both",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "福祉用具貸与に、TAISコードと福祉用具届出コードの両方があります。どちらか一方を記入します。",
        "Equipment rental with both codes: the standard asks for one of them.",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "TAISコードのある用具はTAISコードだけにして出力し直してください。",
        "Keep the TAIS code where there is one, drop the notification code, and export again.",
    ),
    check: Check::Records(|file| with_equipment_columns(file, CodeBoth)),
};

struct CodeBoth;

impl Watch for CodeBoth {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(equipment) = Equipment::of(record) else {
            return;
        };
        if equipment.is_rental() && equipment.tais.is_filled() && equipment.notification.is_filled()
        {
            found.report(
                &EQUIPMENT_CODE_BOTH,
                Place::in_record(record, "notification_code"),
                || {
                    message!(
                        ja: "福祉用具貸与（サービスコード{code}）に、TAISコードと福祉用具届出コードの両方があります。",
                        en: "Equipment rental (service code {code}) has both a TAIS code and a notification code.",
                        code = equipment.code
                    )
                    .into()
                },
            );
        }
    }
}

/// `equipment_column_unexpected`
pub(crate) static EQUIPMENT_COLUMN_UNEXPECTED: Rule = Rule {
    code: "equipment_column_unexpected",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "福祉用具貸与でないサービスに、TAISコード・福祉用具届出コード・用具名称・明細判別コードのいずれかがあります。",
        "TAIS code, notification code, equipment name or detail number on a service that is not equipment rental.",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "福祉用具貸与（サービス種類17・67）以外では、これらの項目を空にして出力し直してください。",
        "Leave these columns empty for all but equipment rental (service types 17 and 67) and export again.",
    ),
    check: Check::Records(|file| {
        file.column("service_code")?;
        Some(Box::new(Unexpected))
    }),
};

struct Unexpected;

impl Watch for Unexpected {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(equipment) = Equipment::of(record) else {
            return;
        };
        if equipment.is_rental() {
            return;
        }
        let filled = [
            ("tais_code", equipment.tais.is_filled()),
            ("notification_code", equipment.notification.is_filled()),
            ("equipment_name", equipment.name.is_filled()),
            ("detail_number", equipment.detail.is_filled()),
        ];
        let Some((key, _)) = filled.into_iter().find(|(_, filled)| *filled) else {
            return;
        };
        found.report(
            &EQUIPMENT_COLUMN_UNEXPECTED,
            Place::in_record(record, key),
            || {
                let name = record.file.column_name(key);
                let code = equipment.code;
                Message {
                    ja: format!("福祉用具貸与でないサービス（サービスコード{code}）に「{name}」が記入されています。"),
                    en: format!("Service code {code} is no equipment rental, but {key} ({name}) is filled."),
                }
                .into()
            },
        );
    }
}

/// Whether a file is table 6, planned or actual.
fn is_table_6(file: &FileFacts) -> bool {
    matches!(file.prefix(), "UPPLAN" | "UPJSK")
}

/// `updated_by_mismatch`
pub(crate) static UPDATED_BY_MISMATCH: Rule = Rule {
    code: "updated_by_mismatch",
    severity: Severity::Warning,
    scope: Scope::Record,
    meaning: Words::new(
        "第6表の更新業者コードが、ファイル名の送信元の事業所番号と違います。",
        "Table 6: the updating office is not the sender in the file name.",
    ),
    clause: clause::TABLE_6,
    advice: Words::new(
        "ソフトに登録した自事業所番号と、出力したときの事業所が同じか確認して出力し直してください。",
        "See whether the office set up in the software is the one the file was exported for, and export again.",
    ),
    check: Check::Records(|file| {
        let sender = is_table_6(file).then(|| file.sender())??;
        Some(Box::new(UpdatedBy { sender }))
    }),
};

struct UpdatedBy {
    sender: OfficeNumber,
}

impl Watch for UpdatedBy {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(Row::ServiceRow(row)) = &record.row else {
            return;
        };
        if let Cell::Value(updated_by) = row.updated_by
            && updated_by != self.sender
        {
            found.report(
                &UPDATED_BY_MISMATCH,
                Place::in_record(record, "updated_by"),
                || {
                    message!(
                        ja: "更新業者コード{updated_by}が、送信元の事業所番号{sender}と違います。",
                        en: "The record was updated by office {updated_by}, but the sender is {sender}.",
                        updated_by, sender = self.sender
                    )
                    .into()
                },
            );
        }
    }
}

/// `actual_office_mismatch`
pub(crate) static ACTUAL_OFFICE_MISMATCH: Rule = Rule {
    code: "actual_office_mismatch",
    severity: Severity::Error,
    scope: Scope::Record,
    meaning: Words::new(
        "第6表の実績のサービス事業者コードが、ファイル名の送信元の事業所番号と違います。",
        "Table 6 actuals: the service office is not the sender in the file name.",
    ),
    clause: clause::UNITS,
    advice: Words::new(
        "実績のファイルには送信元の事業所が行ったサービスだけを入れます。ほかの事業所の行を除いて出力し直してください。",
        "A file of actuals holds what the sending office has done; export again without the other offices' services.",
    ),
    check: Check::Records(|file| {
        let sender = (file.prefix() == "UPJSK").then(|| file.sender())??;
        Some(Box::new(ActualOffice { sender }))
    }),
};

struct ActualOffice {
    sender: OfficeNumber,
}

impl Watch for ActualOffice {
    fn record(&mut self, record: &Record<'_>, found: &mut Found<'_>) {
        let Some(Row::ServiceRow(row)) = &record.row else {
            return;
        };
        if let Cell::Value(office) = row.office
            && office != self.sender
        {
            found.report(
                &ACTUAL_OFFICE_MISMATCH,
                Place::in_record(record, "service_office_number"),
                || {
                    message!(
                        ja: "サービス事業者コード{office}が、送信元の事業所番号{sender}と違います。",
                        en: "The service is of office {office}, but the sender is {sender}.",
                        office, sender = self.sender
                    )
                    .into()
                },
            );
        }
    }
}

/// `receiver_not_concerned`
pub(crate) static RECEIVER_NOT_CONCERNED: Rule = Rule {
    code: "receiver_not_concerned",
    severity: Severity::Warning,
    scope: Scope::Table,
    meaning: Words::new(
        "第6表の予定に、送信先の事業所のサービスが1件もない利用者がいます。その方の情報を送る相手ではありません。",
        "Table 6 plan: none of a person's records is for the receiving office: the person is not to be sent there.",
    ),
    clause: clause::UNITS,
    advice: Words::new(
        "送信先の事業所を利用していない方を除いて出力し直してください。個人情報が関係のない事業所に渡ります。",
        "Export again without the persons whom the receiver does not serve: their data would reach an office that has nothing to do with them.",
    ),
    check: Check::Records(|file| {
        let receiver = (file.prefix() == "UPPLAN").then(|| file.receiver())??;
        Some(Box::new(Concerned {
            receiver,
            unattributed: false,
            persons: PerPerson::default(),
        }))
    }),
};

struct Concerned {
    receiver: OfficeNumber,
    /// Whether a record could not be assigned to a person: it may be anyone's.
    unattributed: bool,
    /// The line of a person's first record, and whether one is for the receiver, or might be.
    persons: PerPerson<(u64, bool)>,
}

impl Watch for Concerned {
    fn record(&mut self, record: &Record<'_>, _: &mut Found<'_>) {
        let Some(person) = record.person else {
            self.unattributed = true;
            return;
        };
        let for_receiver = match &record.row {
            Some(Row::ServiceRow(row)) => match row.office {
                Cell::Value(office) => office == self.receiver,
                Cell::Empty | Cell::Bad => true,
            },
            _ => true,
        };
        if let Some((_, concerned)) = self.persons.of(person, || (record.line, false)) {
            *concerned |= for_receiver;
        }
    }

    fn end(&mut self, file: &FileFacts, found: &mut Found<'_>) {
        let unconcerned = self.persons.iter().filter(|(_, concerned)| !concerned);
        let lines = unconcerned
            .map(|(line, _)| *line)
            .filter(|_| !self.unattributed);
        for line in lines {
            found.report(
                &RECEIVER_NOT_CONCERNED,
                Place::field(file, line, "service_office_number"),
                || {
                    message!(
                        ja: "この行の利用者には、送信先の事業所{receiver}のサービスが1件もありません。",
                        en: "The person of this line has no service of the receiving office {receiver}.",
                        receiver = self.receiver
                    )
                    .into()
                },
            );
        }
    }
}

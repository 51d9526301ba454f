//! Rules about files that are sent together.

use std::cell::LazyCell;

use careplan_core::Lang;
use careplan_tables::{FileKind, SetFault, Severity};
use hashbrown::{HashMap, HashSet};

use super::clause;
use crate::found::Place;
use crate::persons::Person;
use crate::rule::{Check, Rule, Said, Scope};
use crate::sending::{Costed, Difference, Occasion, Planned, ReadFile, Sending, ServiceOf};
use crate::text::{Bilingual, Message, Words, message};

/// A file for people: 第7表（サービス利用票別表）（UPSIKYU）.
fn title(kind: FileKind, lang: Lang) -> String {
    match lang {
        Lang::Ja => format!("{}（{}）", kind.name(lang), kind.prefix()),
        Lang::En => format!("{} ({})", kind.prefix(), kind.name(lang)),
    }
}

fn titles(kinds: &[FileKind], lang: Lang) -> String {
    let titles: Vec<_> = kinds.iter().map(|kind| title(*kind, lang)).collect();
    titles.join(lang.pick("、", ", "))
}

/// `plan_cost_count_mismatch`
pub(crate) static PLAN_COST_COUNT_MISMATCH: Rule = Rule {
    code: "plan_cost_count_mismatch",
    severity: Severity::Warning,
    scope: Scope::Set,
    meaning: Words::new(
        "第6表の予定回数と第7表の回数が一致しません（利用者・事業所・サービスコード別。福祉用具貸与、日割り、月単位のサービスを除く）。",
        "The number of times a service is planned in table 6 is not its count in table 7 (by person, office and service code; equipment rental, prorated services and monthly services aside).",
    ),
    clause: clause::TABLE_7,
    advice: Words::new(
        "予定を直したあとに利用票別表を計算し直していないことが多い指摘です。計算し直して、第6表と第7表を一緒に出力してください。",
        "Often the plan was changed and the cost table not calculated anew: calculate it, and export tables 6 and 7 together.",
    ),
    check: Check::Set(|sending, found| {
        let (Some(plan), Some(cost)) = (
            sending.file(FileKind::Table6Plan),
            sending.file(FileKind::Table7),
        ) else {
            return;
        };
        // A record of nobody known may be anyone's.
        if !sending.is_comparable() || plan.summary.unattributed || cost.summary.unattributed {
            return;
        }
        let broken = |person: &Person| {
            plan.summary.broken.contains(person)
                || cost.summary.broken.contains(person)
                // Reported as a person missing.
                || !cost.summary.persons.contains(person)
        };
        let planned = plan.summary.planned.iter();
        let mut wrong: Vec<_> = planned
            .filter_map(|planned| {
                let costed = cost.summary.costed.get(planned.service);
                let counted = costed.map_or(0, |costed| costed.count);
                let differs = planned.count != counted && !is_aside(planned, costed);
                (differs && !broken(&planned.service.person)).then_some((planned, costed))
            })
            .collect();
        wrong.sort_unstable_by_key(|(planned, _)| planned.line);
        for (planned, costed) in wrong {
            let ServiceOf { office, code, .. } = planned.service;
            let place = match costed {
                Some(costed) => Place::field(&cost.facts, costed.line, "count"),
                None => Place::field(&plan.facts, planned.line, "service_code"),
            };
            let times = planned.count;
            found.report(&PLAN_COST_COUNT_MISMATCH, place, || match costed {
                Some(costed) => message!(
                    ja: "事業所{office}のサービスコード{code}は、第6表では{times}回、第7表では{counted}回です。",
                    en: "Service code {code} of office {office} is planned {times} times in table 6 and counted {counted} times in table 7.",
                    office, code, times, counted = costed.count
                )
                .into(),
                None => message!(
                    ja: "事業所{office}のサービスコード{code}は、第6表に{times}回ありますが、第7表にありません。",
                    en: "Service code {code} of office {office} is planned {times} times in table 6 and is not in table 7.",
                    office, code, times
                )
                .into(),
            });
        }
    }),
};

/// Whether a service is counted otherwise than by its times: equipment, prorated and monthly
/// services.
fn is_aside(planned: &Planned, costed: Option<&Costed>) -> bool {
    /// Types with services of a fixed amount per month.
    const MONTHLY: [&str; 13] = [
        "66", "68", "69", "71", "73", "75", "76", "77", "79", "A2", "A4", "A6", "A8",
    ];
    let kind = planned.service.code.service_type();
    let rental = kind.is_some_and(|kind| kind.is_equipment_rental());
    // A monthly service is counted once, whether it is entered on one day or on each.
    let once = costed.is_some_and(|costed| costed.count == 1);
    let monthly = !planned.timed || kind.is_some_and(|kind| MONTHLY.contains(&kind.as_str()));
    rental || planned.prorated || (once && monthly)
}

/// `set_incomplete`
pub(crate) static SET_INCOMPLETE: Rule = Rule {
    code: "set_incomplete",
    severity: Severity::Error,
    scope: Scope::Set,
    meaning: Words::new(
        "一緒に送るファイルが足りません（第1・2・3表と利用者補足情報、第6・7表と利用者補足情報、介護予防の計画書とその別表）。",
        "A file that must travel with another is missing: tables 1, 2 and 3 and the supplement; tables 6 and 7 and the supplement; a preventive plan and its details.",
    ),
    clause: clause::SETS,
    advice: Words::new(
        "足りないファイルも同じ操作で出力し、一緒に送ってください。作成日時（ファイル名の最後の14桁）が同じファイルが1組です。",
        "Export the missing file in the same go and send it along; files of one sending have the same time at the end of their names.",
    ),
    check: Check::Set(|sending, found| {
        let Err(SetFault::Incomplete { kind, missing }) = &sending.kind else {
            return;
        };
        let Some(first) = sending.files.iter().find(|file| file.facts.parsed.is_ok()) else {
            return;
        };
        if missing.is_empty() {
            return;
        }
        found.report(&SET_INCOMPLETE, Place::file(&first.facts), || {
            Bilingual::both(|lang| {
                let (set, files) = (kind.name(lang), titles(missing, lang));
                match lang {
                    Lang::Ja => format!("{set}として、{files}が足りません。"),
                    Lang::En => format!("As {set} this sending lacks {files}."),
                }
            })
            .into()
        });
    }),
};

/// `set_not_allowed`
pub(crate) static SET_NOT_ALLOWED: Rule = Rule {
    code: "set_not_allowed",
    severity: Severity::Error,
    scope: Scope::Set,
    meaning: Words::new(
        "標準仕様で一緒に送れないファイルの組合せです。",
        "Files that the standard does not let travel together.",
    ),
    clause: clause::SETS,
    advice: Words::new(
        "計画書（第1～3表）、利用票（第6・7表）、実績、削除は、それぞれ別々に送ってください。",
        "Send the plan (tables 1 to 3), the month (tables 6 and 7), actuals and deletions each by itself.",
    ),
    check: Check::Set(|sending, found| {
        let Some(first) = sending.files.first() else {
            return;
        };
        let said: Message = match &sending.kind {
            Err(SetFault::NotTogether { files }) => Bilingual::both(|lang| {
                let files = titles(files, lang);
                match lang {
                    Lang::Ja => format!("次のファイルは一緒に送れません: {files}。"),
                    Lang::En => format!("These files do not travel together: {files}."),
                }
            }),
            Err(SetFault::Duplicate { file }) => Bilingual::both(|lang| {
                let file = title(*file, lang);
                match lang {
                    Lang::Ja => format!("1回の送信に{file}が2つあります。"),
                    Lang::En => format!("There are two of {file} in one sending."),
                }
            }),
            Err(SetFault::Months) if !sending.months_differ_by_supplement_only() => message!(
                ja: "ファイル名の対象年月がそろっていません。1回の送信は1か月分です。",
                en: "The months in the file names differ; a sending is for one month."
            ),
            _ => return,
        };
        found.report(&SET_NOT_ALLOWED, Place::file(&first.facts), || said.into());
    }),
};

/// `set_sequence_mismatch`
pub(crate) static SET_SEQUENCE_MISMATCH: Rule = Rule {
    code: "set_sequence_mismatch",
    severity: Severity::Error,
    scope: Scope::Set,
    meaning: Words::new(
        "1回の送信のファイルで、送信元・送信先・作成日時のいずれかが違います。",
        "Files of one sending have different senders, receivers or sequence timestamps.",
    ),
    clause: clause::SETS,
    advice: Words::new(
        "別々に出力したファイルが混ざっています。1回の操作でまとめて出力し、そのファイルだけを一緒に送ってください。",
        "Files of different exports are mixed: export all in one go and send only those together.",
    ),
    check: Check::Set(|sending, found| {
        for (file, differences) in &sending.odd {
            found.report(&SET_SEQUENCE_MISMATCH, Place::file(&file.facts), || {
                Bilingual::both(|lang| {
                    let names: Vec<_> = differences
                        .iter()
                        .map(|difference| match (difference, lang) {
                            (Difference::Sender, Lang::Ja) => "送信元",
                            (Difference::Receiver, Lang::Ja) => "送信先",
                            (Difference::Sequence, Lang::Ja) => "作成日時",
                            (Difference::Sender, Lang::En) => "sender",
                            (Difference::Receiver, Lang::En) => "receiver",
                            (Difference::Sequence, Lang::En) => "sequence",
                        })
                        .collect();
                    match lang {
                        Lang::Ja => format!(
                            "ファイル名の{}が、一緒に送るほかのファイルと違います。",
                            names.join("・")
                        ),
                        Lang::En => format!(
                            "The name differs from those of the other files of the sending: {}.",
                            names.join(", ")
                        ),
                    }
                })
                .into()
            });
        }
    }),
};

/// The supplement of a sending, and whether it goes with tables 1 to 3 (or else 6 and 7).
fn supplement<'a>(sending: &Sending<'a>) -> Option<(&'a ReadFile, bool)> {
    let has = |kinds: &[FileKind]| {
        sending
            .files
            .iter()
            .any(|file| file.kind().is_some_and(|kind| kinds.contains(&kind)))
    };
    let plan = has(&[FileKind::Table1, FileKind::Table2, FileKind::Table3]);
    let month = has(&[FileKind::Table6Plan, FileKind::Table7]);
    let file = sending.file(FileKind::Supplement)?;
    (plan != month && sending.is_comparable()).then_some((file, plan))
}

/// Where a supplement contradicts what it travels with: line, column, what should stand there.
fn contradiction(sending: &Sending<'_>) -> Option<(u64, &'static str, Bilingual<String>)> {
    let (file, with_plan) = supplement(sending)?;
    let summary = &file.summary;
    let named = file.facts.month();
    // A month other than the name's has been told already.
    let month_as_named = |wanted: bool| {
        summary
            .months
            .iter()
            .find(|(month, _)| month.is_some() == wanted && *month == named)
            .map(|(_, line)| *line)
    };
    if with_plan {
        if let Some(line) = summary.without_plan_date {
            let say = message!(ja: "計画作成日", en: "the plan date");
            return Some((line, "plan_date", say));
        }
        let say = message!(ja: "000000", en: "000000");
        return month_as_named(true).map(|line| (line, "target_month", say));
    }
    if let Some(line) = summary.with_plan_date {
        let say = message!(ja: "00000000", en: "00000000");
        return Some((line, "plan_date", say));
    }
    let say = message!(ja: "第6表・第7表と同じ対象年月", en: "the month of tables 6 and 7");
    if let Some(line) = month_as_named(false) {
        return Some((line, "target_month", say));
    }
    let tables = [FileKind::Table6Plan, FileKind::Table7]
        .into_iter()
        .find_map(|kind| sending.file(kind))?;
    let other = named.is_some() && tables.facts.month().is_some() && named != tables.facts.month();
    let line = summary.months.first().map(|(_, line)| *line)?;
    other.then_some((line, "target_month", say))
}

/// `supplement_marker`
pub(crate) static SUPPLEMENT_MARKER: Rule = Rule {
    code: "supplement_marker",
    severity: Severity::Error,
    scope: Scope::Set,
    meaning: Words::new(
        "利用者補足情報の計画作成日・対象年月が、一緒に送る表と合いません（第1～3表とは計画作成日と対象年月000000、第6・7表とは対象年月と計画作成日00000000）。",
        "The supplement's plan date or month contradicts what it travels with (with tables 1 to 3: a plan date, and month 000000; with tables 6 and 7: a month, and plan date 00000000).",
    ),
    clause: clause::SUPPLEMENT,
    advice: Words::new(
        "利用者補足情報は、第1～3表と送るときは計画作成日を入れて対象年月を000000に、第6・7表と送るときは対象年月を入れて計画作成日を00000000にします。一緒に送る表と同じ操作で出力し直してください。",
        "With tables 1 to 3 the supplement has a plan date and month 000000, with tables 6 and 7 a month and plan date 00000000. Export it together with those tables.",
    ),
    check: Check::Set(|sending, found| {
        let (Some((file, with_plan)), Some((line, key, wanted))) =
            (supplement(sending), contradiction(sending))
        else {
            return;
        };
        found.report(
            &SUPPLEMENT_MARKER,
            Place::field(&file.facts, line, key),
            || {
                Bilingual::both(|lang| {
                    let name = file.facts.column_name(key);
                    let wanted = wanted.pick(lang);
                    match (lang, with_plan) {
                        (Lang::Ja, true) => format!(
                            "第1～3表と一緒に送る利用者補足情報の「{name}」は、{wanted}でなければなりません。"
                        ),
                        (Lang::Ja, false) => format!(
                            "第6・7表と一緒に送る利用者補足情報の「{name}」は、{wanted}でなければなりません。"
                        ),
                        (Lang::En, true) => format!(
                            "With tables 1 to 3, {key} ({name}) of the supplement must be {wanted}."
                        ),
                        (Lang::En, false) => format!(
                            "With tables 6 and 7, {key} ({name}) of the supplement must be {wanted}."
                        ),
                    }
                })
                .into()
            },
        );
    }),
};

/// The leading table of a sending, and those that go with it.
fn leading<'a>(sending: &Sending<'a>) -> Option<(&'a ReadFile, &'static [FileKind])> {
    if !sending.is_comparable() {
        return None;
    }
    let plan = sending.file(FileKind::Table1).map(|file| {
        (
            file,
            &[FileKind::Table2, FileKind::Table3, FileKind::Supplement][..],
        )
    });
    plan.or_else(|| {
        let month = sending.file(FileKind::Table6Plan)?;
        Some((month, &[FileKind::Table7, FileKind::Supplement][..]))
    })
}

/// Tables that go with the leading one, each with whether persons are matched by date or month
/// too, and not only by their numbers.
fn dependents<'a>(
    sending: &Sending<'a>,
    lead: &ReadFile,
    kinds: &[FileKind],
) -> Vec<(FileKind, &'a ReadFile, bool)> {
    kinds
        .iter()
        .filter_map(|&kind| {
            let file = sending.file(kind)?;
            // What the supplement says of itself is wrong, so nothing can be matched by it.
            let spoilt = kind == FileKind::Supplement && contradiction(sending).is_some();
            (!spoilt).then(|| (kind, file, Sending::match_by_occasion(lead, file)))
        })
        .collect()
}

/// `person_missing`
pub(crate) static PERSON_MISSING: Rule = Rule {
    code: "person_missing",
    severity: Severity::Error,
    scope: Scope::Set,
    meaning: Words::new(
        "基になる表（第1表・第6表）の利用者の記録が、一緒に送る表にありません（保険者・被保険者と計画作成日または対象年月で照合。第3表を除く）。",
        "A person of the leading table (1 or 6) has no record in a table that goes with it, matched by insurer, insured and plan date or month. Table 3 excepted.",
    ),
    clause: clause::SETS,
    advice: Words::new(
        "同じ利用者を選んで、すべての表を一緒に出力し直してください。計画作成日が表ごとに違っていないかも確認してください。",
        "Export all tables together for the same persons; see too whether the plan date is the same in all of them.",
    ),
    check: Check::Set(|sending, found| {
        let Some((lead, kinds)) = leading(sending) else {
            return;
        };
        let mut missing = Vec::new();
        for (kind, file, by_occasion) in dependents(sending, lead, kinds) {
            if kind == FileKind::Table3 || !file.is_complete() {
                continue;
            }
            for (&(person, occasion), &line) in &lead.summary.occasions {
                let there = if by_occasion && occasion != Occasion::Unknown {
                    file.summary.occasions.contains_key(&(person, occasion))
                        || file.summary.broken.contains(&person)
                        || file
                            .summary
                            .occasions
                            .contains_key(&(person, Occasion::Unknown))
                } else {
                    file.summary.persons.contains(&person)
                };
                if !there {
                    let elsewhere = file.summary.persons.contains(&person);
                    missing.push((line, kind, occasion, elsewhere));
                }
            }
        }
        missing.sort_unstable_by_key(|(line, kind, ..)| (*line, *kind));
        for (line, kind, occasion, elsewhere) in missing {
            found.report(&PERSON_MISSING, Place::line(&lead.facts, line), || {
                person_missing(kind, occasion, elsewhere)
            });
        }
    }),
};

fn person_missing(kind: FileKind, occasion: Occasion, elsewhere: bool) -> Said {
    Bilingual::both(|lang| {
        let file = title(kind, lang);
        let of = match (occasion, lang) {
            (Occasion::Plan(date), Lang::Ja) => {
                format!("（計画作成日{}）", date.format("%Y%m%d"))
            }
            (Occasion::Plan(date), Lang::En) => format!(" (plan date {})", date.format("%Y%m%d")),
            (Occasion::Month(month), Lang::Ja) => format!("（対象年月{month}）"),
            (Occasion::Month(month), Lang::En) => format!(" (month {month})"),
            (Occasion::Unknown, _) => String::new(),
        };
        let other_date = match (elsewhere, lang) {
            (false, _) => "",
            (true, Lang::Ja) => "この方の記録は、別の計画作成日・対象年月のものしかありません。",
            (true, Lang::En) => " There are only records of this person for another date or month.",
        };
        match lang {
            Lang::Ja => format!("この行の利用者{of}の記録が、{file}にありません。{other_date}"),
            Lang::En => {
                format!("The person of this line{of} has no record in {file}.{other_date}")
            }
        }
    })
    .into()
}

/// `person_unexpected`
pub(crate) static PERSON_UNEXPECTED: Rule = Rule {
    code: "person_unexpected",
    severity: Severity::Warning,
    scope: Scope::Set,
    meaning: Words::new(
        "基になる表（第1表・第6表）にいない利用者が、一緒に送る表にいます。",
        "A person in a dependent table who is not in the leading table.",
    ),
    clause: clause::SETS,
    advice: Words::new(
        "同じ利用者を選んで、すべての表を一緒に出力し直してください。送る必要のない方の記録なら除いてください。",
        "Export all tables together for the same persons, and leave out whoever is not to be sent.",
    ),
    check: Check::Set(|sending, found| {
        let Some((lead, kinds)) = leading(sending) else {
            return;
        };
        if !lead.is_complete() {
            return;
        }
        // Asked only of what the leading table has not just so, which mostly is nothing.
        let leading_occasions = LazyCell::new(|| {
            let mut leading_occasions: HashMap<Person, Vec<Occasion>> = HashMap::new();
            for (person, occasion) in lead.summary.occasions.keys() {
                leading_occasions
                    .entry(*person)
                    .or_default()
                    .push(*occasion);
            }
            leading_occasions
        });
        for (_, file, by_occasion) in dependents(sending, lead, kinds) {
            let mut told = HashSet::new();
            let occasions = &file.summary.occasions;
            let is_unexpected = |person: Person, occasion: Occasion| {
                let Some(leading) = leading_occasions.get(&person) else {
                    return true;
                };
                // A person of the leading table with another date is reported there, as missing,
                // unless the right date is there besides.
                by_occasion
                    && occasion != Occasion::Unknown
                    && !lead.summary.broken.contains(&person)
                    && !leading.contains(&occasion)
                    && leading
                        .iter()
                        .all(|right| occasions.contains_key(&(person, *right)))
            };
            let mut unexpected: Vec<_> = occasions
                .iter()
                .filter(|(here, _)| !lead.summary.occasions.contains_key(*here))
                .filter(|((person, occasion), _)| is_unexpected(*person, *occasion))
                .map(|((person, _), line)| (*line, *person))
                .collect();
            unexpected.sort_unstable();
            for (line, person) in unexpected {
                if told.insert(person) {
                    found.report(&PERSON_UNEXPECTED, Place::line(&file.facts, line), || {
                        Bilingual::both(|lang| {
                            let lead = lead
                                .kind()
                                .map(|kind| title(kind, lang))
                                .unwrap_or_default();
                            match lang {
                                Lang::Ja => format!("この行の利用者は{lead}にいません。"),
                                Lang::En => {
                                    format!("The person of this line is not in {lead}.")
                                }
                            }
                        })
                        .into()
                    });
                }
            }
        }
    }),
};

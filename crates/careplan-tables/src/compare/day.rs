//! The days of one service: which visit goes with which.

use std::collections::BTreeMap;

use careplan_core::{TimeOfDay, YearMonth};
use chrono::NaiveDate;

use super::report::{Day, Outcome, Visit};
use super::{Row, RowKey, Sides};
use crate::value::{DayBits, EquipmentCode};

/// The days on which something was planned or done, in order.
pub(super) fn days(month: YearMonth, sides: &Sides) -> Vec<Day> {
    if let Some(day) = once_a_month(sides) {
        return vec![day];
    }
    let mut days: BTreeMap<NaiveDate, (Vec<Visit>, Vec<Visit>)> = BTreeMap::new();
    for (key, row) in &sides.planned {
        for (date, visit) in visits(month, key, row) {
            days.entry(date).or_default().0.push(visit);
        }
    }
    for (key, row) in &sides.actual {
        for (date, visit) in visits(month, key, row) {
            days.entry(date).or_default().1.push(visit);
        }
    }
    days.into_iter()
        .map(|(date, (planned, actual))| compare(date, planned, actual))
        .collect()
}

/// A service without time with one row on each side stands for the month: its date says little.
/// `None` if the service is none such, or both rows say the same days.
fn once_a_month(sides: &Sides) -> Option<Day> {
    let mut planned = sides.planned.iter();
    let mut actual = sides.actual.iter();
    let (Some(plan), None, Some(done), None) =
        (planned.next(), planned.next(), actual.next(), actual.next())
    else {
        return None;
    };
    let untimed = |key: &RowKey| key.starts_at.is_none() && key.ends_at.is_none();
    let prorated = (plan.1.prorated.is_some(), done.1.prorated.is_some());
    let same_days = plan.0.date == done.0.date && prorated.0 == prorated.1;
    if !untimed(plan.0) || !untimed(done.0) || prorated == (true, true) || same_days {
        return None;
    }
    let mut day = compare(
        plan.0.date,
        vec![visit(plan.0, plan.1.count)],
        vec![visit(done.0, done.1.count)],
    );
    day.other_day = Some(done.0.date);
    if day.outcome == Outcome::AsPlanned {
        day.outcome = Outcome::OtherDay;
    }
    Some(day)
}

/// The visits a row stands for: on its date, or once on each day for which it is prorated.
fn visits<'r>(
    month: YearMonth,
    key: &'r RowKey,
    row: &'r Row,
) -> impl Iterator<Item = (NaiveDate, Visit)> + use<'r> {
    let prorated = row
        .prorated
        .filter(|days| days.count() > 0)
        .into_iter()
        .flat_map(DayBits::days)
        .filter_map(move |day| Some((month.day(day)?, visit(key, 1))));
    let single = row.prorated.is_none_or(|days| days.count() == 0);
    single
        .then(|| (key.date, visit(key, row.count)))
        .into_iter()
        .chain(prorated)
}

fn visit(key: &RowKey, count: u32) -> Visit {
    Visit {
        starts_at: key.starts_at,
        ends_at: key.ends_at,
        count,
        detail_number: key.detail_number,
        equipment: key.equipment,
    }
}

/// What visits have to have in common to go together.
#[derive(Clone, Copy)]
struct Likeness {
    times: bool,
    detail_number: bool,
    equipment: bool,
}

/// From the most alike to the least: first the same visit, at last any of the day.
const LIKENESSES: [Likeness; 5] = [
    Likeness {
        times: true,
        detail_number: true,
        equipment: true,
    },
    Likeness {
        times: true,
        detail_number: false,
        equipment: true,
    },
    Likeness {
        times: true,
        detail_number: true,
        equipment: false,
    },
    Likeness {
        times: true,
        detail_number: false,
        equipment: false,
    },
    Likeness {
        times: false,
        detail_number: false,
        equipment: false,
    },
];

/// The part of a visit that has to be the same.
type Trait = (
    Option<(Option<TimeOfDay>, Option<TimeOfDay>)>,
    Option<Option<u32>>,
    Option<Option<EquipmentCode>>,
);

impl Likeness {
    fn of(self, visit: &Visit) -> Trait {
        (
            self.times.then_some((visit.starts_at, visit.ends_at)),
            self.detail_number.then_some(visit.detail_number),
            self.equipment.then_some(visit.equipment),
        )
    }
}

/// Compares the visits of a day.
fn compare(date: NaiveDate, planned: Vec<Visit>, actual: Vec<Visit>) -> Day {
    // What has no partner yet, with its visit.
    let with_counts = |visits: &[Visit]| -> Vec<(Visit, u32)> {
        visits.iter().map(|visit| (*visit, visit.count)).collect()
    };
    let mut planned_left = with_counts(&planned);
    let mut actual_left = with_counts(&actual);
    let (mut at_other_times, mut other_equipment) = (0u32, 0u32);
    for likeness in LIKENESSES {
        let mut candidates: BTreeMap<Trait, Vec<&mut (Visit, u32)>> = BTreeMap::new();
        // From the back, so that the earliest is the last of the list, from where it is taken.
        for done in actual_left.iter_mut().rev().filter(|(_, left)| *left > 0) {
            candidates
                .entry(likeness.of(&done.0))
                .or_default()
                .push(done);
        }
        for (plan, left) in &mut planned_left {
            let Some(partners) = candidates.get_mut(&likeness.of(plan)) else {
                continue;
            };
            while *left > 0
                && let Some(done) = partners.last_mut()
            {
                let together = (*left).min(done.1);
                *left -= together;
                done.1 -= together;
                if (plan.starts_at, plan.ends_at) != (done.0.starts_at, done.0.ends_at) {
                    at_other_times = at_other_times.saturating_add(together);
                } else if let (Some(asked), Some(given)) = (plan.equipment, done.0.equipment)
                    && asked != given
                {
                    other_equipment = other_equipment.saturating_add(together);
                }
                if done.1 == 0 {
                    partners.pop();
                }
            }
        }
    }
    let sum = |visits: &[Visit]| {
        visits
            .iter()
            .map(|visit| u64::from(visit.count))
            .sum::<u64>()
    };
    let outcome = match (sum(&planned), sum(&actual)) {
        (0, 1..) => Outcome::Unplanned,
        (1.., 0) => Outcome::NotDone,
        (plan, done) if done > plan => Outcome::More,
        (plan, done) if done < plan => Outcome::Fewer,
        _ if at_other_times > 0 => Outcome::OtherTime,
        _ if other_equipment > 0 => Outcome::OtherEquipment,
        _ => Outcome::AsPlanned,
    };
    Day {
        date,
        outcome,
        planned,
        actual,
        at_other_times,
        other_equipment,
        other_day: None,
    }
}

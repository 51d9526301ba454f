//! Table 7 by person, for the rules that look at a person's rows together.

use careplan_core::{OfficeNumber, ServiceCode};

use crate::persons::PerPerson;
use crate::record::{Cell, CostRow, Record, Row};

/// The columns that subtotals and totals add up, by key.
pub(crate) const SUMMED: [&str; 10] = [
    "service_units",
    "managed_units",
    "type_limit_over_units",
    "type_limit_within_units",
    "category_limit_over_units",
    "category_limit_within_units",
    "total_cost",
    "insurance_claim",
    "copay_insured",
    "copay_full",
];

/// Where some of them are in [`SUMMED`].
const SERVICE_UNITS: usize = 0;
const CATEGORY_WITHIN: usize = 5;
const TOTAL_COST: usize = 6;
const CLAIM: usize = 7;
const COPAY: usize = 8;

/// The summed columns of a row.
fn cells(row: &CostRow) -> [Cell<u32>; SUMMED.len()] {
    [
        row.service_units,
        row.managed_units,
        row.type_over,
        row.type_within,
        row.category_over,
        row.category_within,
        row.total_cost,
        row.claim,
        row.copay,
        row.copay_full,
    ]
}

/// The sums of the columns over some rows. Packed, because there are several for each person.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    totals: [u64; SUMMED.len()],
    /// A bit per column: whether a row had a value.
    filled: u16,
    /// A bit per column: whether a row had something that is no value, or that does not fit its
    /// row, which is reported there, so that nothing sure can be said of the sum.
    doubtful: u16,
}

const _: () = assert!(SUMMED.len() <= u16::BITS as usize);

impl Sums {
    /// Those of one row.
    fn of(row: &CostRow) -> Self {
        let mut sums = Self::default();
        for (column, cell) in cells(row).into_iter().enumerate() {
            match cell {
                Cell::Empty => {}
                Cell::Bad => sums.doubt(column),
                Cell::Value(value) => {
                    if let Some(total) = sums.totals.get_mut(column) {
                        *total = u64::from(value);
                    }
                    sums.filled |= 1 << column;
                }
            }
        }
        sums
    }

    const fn doubt(&mut self, column: usize) {
        self.doubtful |= 1 << column;
    }

    fn add(&mut self, other: &Self) {
        for (total, more) in self.totals.iter_mut().zip(other.totals) {
            *total += more;
        }
        self.filled |= other.filled;
        self.doubtful |= other.doubtful;
    }

    fn at(&self, column: usize) -> Sum {
        Sum {
            total: self.totals.get(column).copied().unwrap_or_default(),
            filled: self.filled >> column & 1 == 1,
            doubtful: self.doubtful >> column & 1 == 1,
        }
    }
}

/// The sum of one column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    total: u64,
    filled: bool,
    doubtful: bool,
}

impl Sum {
    fn and(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            filled: self.filled || other.filled,
            doubtful: self.doubtful || other.doubtful,
        }
    }

    /// The sum, if there is one and it is sure.
    fn sure(self) -> Option<u64> {
        (self.filled && !self.doubtful).then_some(self.total)
    }
}

/// The rows of a person for one office and service type.
pub(crate) struct Group {
    pub(crate) office: OfficeNumber,
    pub(crate) type_characters: [u8; 2],
    pub(crate) first_line: u64,
    first_code: Option<ServiceCode>,
    several_codes: bool,
    details: Sums,
    /// The TTAAAA rows: one, or one per satellite.
    pub(crate) subtotal_line: Option<u64>,
    subtotals: Sums,
}

/// A person's rows.
#[derive(Default)]
pub(crate) struct PersonCosts {
    pub(crate) first_line: u64,
    /// Whether a record could not be read, so that nothing sure can be said of what is missing.
    broken: bool,
    pub(crate) groups: Vec<Group>,
    /// The grand total row.
    total: Option<(u64, Sums)>,
}

/// A subtotal or total that is not the sum of its rows.
pub(crate) struct WrongSum {
    pub(crate) line: u64,
    /// The column's key.
    pub(crate) column: &'static str,
    pub(crate) stated: u64,
    pub(crate) sum: u64,
}

/// What has to hold between the columns of a row, and does not.
pub(crate) struct Unequal {
    /// What the row says.
    pub(crate) stated: u64,
    /// What follows from its other columns.
    pub(crate) expected: u64,
}

fn unequal(stated: u32, expected: u64) -> Option<Unequal> {
    let stated = u64::from(stated);
    (stated != expected).then_some(Unequal { stated, expected })
}

impl CostRow {
    /// Whether it is a row for a service, no subtotal or total.
    pub(crate) fn is_detail(&self) -> bool {
        self.code
            .value()
            .is_some_and(|code| !code.is_subtotal() && !code.is_grand_total())
    }

    pub(crate) fn is_grand_total(&self) -> bool {
        self.code.value().is_some_and(|code| code.is_grand_total())
    }

    /// Units (after discount where there is one) times count, against the service units.
    pub(crate) fn service_units_fault(&self) -> Option<Unequal> {
        if !self.is_detail() {
            return None;
        }
        let units = match self.discounted_units {
            Cell::Value(units) => units,
            Cell::Empty => self.units.value()?,
            Cell::Bad => return None,
        };
        let expected = u64::from(units) * u64::from(self.count.value()?);
        unequal(self.service_units.value()?, expected)
    }

    /// Units within the limit times the unit price, rounded down.
    fn expected_cost(&self) -> Option<u64> {
        Some(self.unit_price.value()?.yen(self.category_within.value()?))
    }

    /// That, against the total cost.
    pub(crate) fn cost_fault(&self) -> Option<Unequal> {
        if self.is_grand_total() {
            return None;
        }
        unequal(self.total_cost.value()?, self.expected_cost()?)
    }

    /// A cost times the benefit rate, rounded down.
    fn claim_of(&self, cost: u64) -> Option<u64> {
        Some(cost * u64::from(self.benefit_rate.value()?) / 100)
    }

    /// The total cost times the benefit rate, against the insurance claim. If the total cost is
    /// what is wrong, the claim is held against the right one.
    pub(crate) fn claim_fault(&self) -> Option<Unequal> {
        // A fixed share of the user (定額) is no share of the cost.
        let fixed = self.fixed_copay.value().is_some_and(|yen| yen > 0);
        if self.is_grand_total() || fixed || self.fixed_copay.is_bad() {
            return None;
        }
        let fault = unequal(
            self.claim.value()?,
            self.claim_of(u64::from(self.total_cost.value()?))?,
        )?;
        let right_cost = self
            .cost_fault()
            .and_then(|cost| self.claim_of(cost.expected));
        (right_cost != Some(fault.stated)).then_some(fault)
    }

    /// The total cost less the claim, against the user's share. If the cost or the claim is what
    /// is wrong, the share is held against the right one. On the grand total row the sums show
    /// it.
    pub(crate) fn copay_fault(&self) -> Option<Unequal> {
        if self.is_grand_total() {
            return None;
        }
        let cost = u64::from(self.total_cost.value()?);
        let claim = u64::from(self.claim.value()?);
        let fault = unequal(self.copay.value()?, cost.saturating_sub(claim))?;
        let right_cost = self.cost_fault().map_or(cost, |fault| fault.expected);
        let right_claim = self.claim_fault().map_or(claim, |fault| fault.expected);
        (right_cost.saturating_sub(right_claim) != fault.stated).then_some(fault)
    }

    /// The columns of the row that something is wrong with, in the order of [`SUMMED`].
    fn doubtful(&self) -> impl Iterator<Item = usize> {
        let cost = self.cost_fault().is_some();
        [
            self.service_units_fault().map(|_| SERVICE_UNITS),
            cost.then_some(CATEGORY_WITHIN),
            cost.then_some(TOTAL_COST),
            self.claim_fault().map(|_| CLAIM),
            self.copay_fault().map(|_| COPAY),
        ]
        .into_iter()
        .flatten()
    }
}

/// Table 7 of a file, by person.
#[derive(Default)]
pub(crate) struct Costs {
    /// Whether a record could not be assigned to a person: it may be anyone's.
    unattributed: bool,
    persons: PerPerson<PersonCosts>,
}

impl Costs {
    /// Takes the next record in.
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        if record.twin.is_some() {
            return;
        }
        let Some(person) = record.person else {
            self.unattributed = true;
            return;
        };
        let costs = self.persons.of(person, || PersonCosts {
            first_line: record.line,
            ..PersonCosts::default()
        });
        let Some(costs) = costs else { return };
        let Some(Row::CostRow(row)) = &record.row else {
            costs.broken = true;
            return;
        };
        let (Cell::Value(code), Cell::Value(office)) = (row.code, row.office) else {
            costs.broken = true;
            return;
        };
        let mut sums = Sums::of(row);
        // Every row has service units, so a sum without some row's is none. Other columns may be
        // empty because there is nothing to add.
        if row.service_units == Cell::Empty {
            sums.doubt(SERVICE_UNITS);
        }
        for column in row.doubtful() {
            sums.doubt(column);
        }
        if code.is_grand_total() {
            costs.total = Some((record.line, sums));
            return;
        }
        let type_characters = code.type_characters();
        let known = costs
            .groups
            .iter()
            .position(|group| group.office == office && group.type_characters == type_characters);
        let index = known.unwrap_or_else(|| {
            costs.groups.push(Group {
                office,
                type_characters,
                first_line: record.line,
                first_code: None,
                several_codes: false,
                details: Sums::default(),
                subtotal_line: None,
                subtotals: Sums::default(),
            });
            costs.groups.len() - 1
        });
        let Some(group) = costs.groups.get_mut(index) else {
            return;
        };
        let into = if code.is_subtotal() {
            // TTEEEE and TTZZZZ repeat a part of the rows; they are no part of a sum.
            if !code.as_str().ends_with("AAAA") {
                return;
            }
            group.subtotal_line = Some(record.line);
            &mut group.subtotals
        } else {
            group.several_codes |= *group.first_code.get_or_insert(code) != code;
            &mut group.details
        };
        into.add(&sums);
    }

    /// Persons whose records could all be read, in the order of the file.
    pub(crate) fn persons(&self) -> impl Iterator<Item = &PersonCosts> {
        let persons = self.persons.iter();
        persons.filter(|person| !person.broken && !self.unattributed)
    }
}

impl Group {
    /// Whether there have to be subtotals, and are none.
    pub(crate) fn lacks_subtotal(&self) -> bool {
        self.several_codes && self.subtotal_line.is_none()
    }

    /// A column of the subtotals that is not the sum of the rows.
    fn wrong_subtotal(&self, column: usize) -> Option<WrongSum> {
        let line = self.subtotal_line?;
        let stated = self.subtotals.at(column).sure()?;
        let sum = self.details.at(column).sure()?;
        (stated != sum).then_some(WrongSum {
            line,
            column: SUMMED.get(column).copied()?,
            stated,
            sum,
        })
    }

    /// What the group adds to the grand total: its subtotals where they are filled, or else its
    /// rows.
    fn share(&self, column: usize) -> Sum {
        let (subtotals, details) = (self.subtotals.at(column), self.details.at(column));
        let mut share = if subtotals.filled || subtotals.doubtful {
            subtotals
        } else {
            details
        };
        share.doubtful |= self.wrong_subtotal(column).is_some();
        share
    }
}

impl PersonCosts {
    pub(crate) fn has_total(&self) -> bool {
        self.total.is_some()
    }

    /// Subtotals and totals that are not the sum of their rows.
    pub(crate) fn wrong_sums(&self) -> Vec<WrongSum> {
        let mut wrong: Vec<_> = self
            .groups
            .iter()
            .flat_map(|group| (0..SUMMED.len()).filter_map(|column| group.wrong_subtotal(column)))
            .collect();
        let Some((line, total)) = &self.total else {
            return wrong;
        };
        for (column, key) in SUMMED.into_iter().enumerate() {
            let stated = total.at(column);
            let sum = self
                .groups
                .iter()
                .fold(Sum::default(), |sum, group| sum.and(group.share(column)));
            // Without subtotals that have to be there the sum says nothing.
            let lacks = self.groups.iter().any(Group::lacks_subtotal);
            if let (Some(stated), Some(sum)) = (stated.sure(), sum.sure())
                && stated != sum
                && !lacks
            {
                wrong.push(WrongSum {
                    line: *line,
                    column: key,
                    stated,
                    sum,
                });
            }
        }
        wrong
    }
}

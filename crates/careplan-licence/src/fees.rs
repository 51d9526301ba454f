//! What a licence year costs: a table by date with its sources, and quotes from it.

use std::num::{NonZeroU8, NonZeroU32};

use careplan_core::{Explain, Lang};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{APPLICATIONS_FROM, Validity, Yen};

/// The table that comes with the crate, from the public notices.
const STANDARD: &str = include_str!("../data/fees.toml");

/// Fees by the first day of the licence year they pay for.
///
/// An operator keeps the table in a TOML file and replaces it when a notice changes a fee; the
/// crate's `data/fees.toml` is both the default and the model. Periods follow one another without
/// gap or overlap, and the last one is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeTable {
    periods: Vec<FeePeriod>,
}

/// A span of days with one fee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeePeriod {
    from: NaiveDate,
    #[serde(default)]
    to: Option<NaiveDate>,
    fee: Yen,
    name_ja: String,
    name_en: String,
    sources: Vec<String>,
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeFile {
    period: Vec<FeePeriod>,
}

impl FeePeriod {
    /// The first day of the period.
    #[must_use]
    pub const fn from(&self) -> NaiveDate {
        self.from
    }

    /// The last day of the period; `None` if it is open.
    #[must_use]
    pub const fn to(&self) -> Option<NaiveDate> {
        self.to
    }

    /// The fee of one office for one year that starts in the period.
    #[must_use]
    pub const fn fee(&self) -> Yen {
        self.fee
    }

    /// What the period is called.
    #[must_use]
    pub fn name(&self, lang: Lang) -> &str {
        lang.pick(&self.name_ja, &self.name_en)
    }

    /// The notices the fee comes from; at least one.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.sources
    }
}

impl FeeTable {
    /// The table of the public notices up to 2026-10: 21,000 yen from 2023-04-01, none from
    /// 2025-06-01.
    ///
    /// # Panics
    /// Never: a test reads the same text.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "the text is part of the crate and a test reads it"
    )]
    pub fn standard() -> Self {
        Self::from_toml(STANDARD).expect("the crate's own fee table is well-formed")
    }

    /// Reads a table from TOML text of the form of `data/fees.toml`.
    ///
    /// # Errors
    /// If it is not such TOML, a period has no source, periods leave a gap, overlap or are not in
    /// order, or one that is not the last has no end.
    pub fn from_toml(text: &str) -> Result<Self, FeeTableError> {
        let file: FeeFile = toml::from_str(text).map_err(|error| {
            FeeTableError::at(
                line_of(text, error.span()),
                FeeTableErrorKind::Form(error.message().to_owned()),
            )
        })?;
        let periods = file.period;
        if periods.is_empty() {
            return Err(FeeTableError::at(None, FeeTableErrorKind::Empty));
        }
        for (at, period) in periods.iter().enumerate() {
            let error = |kind| FeeTableError::period(at + 1, kind);
            if period.sources.iter().all(|source| source.trim().is_empty()) {
                return Err(error(FeeTableErrorKind::NoSource));
            }
            if period.to.is_some_and(|to| to < period.from) {
                return Err(error(FeeTableErrorKind::EndsBeforeItStarts));
            }
            match (period.to, periods.get(at + 1)) {
                (Some(to), Some(next)) if to.succ_opt() == Some(next.from) => {}
                (Some(to), Some(next)) if to < next.from => {
                    return Err(error(FeeTableErrorKind::Gap));
                }
                (_, Some(_)) => return Err(error(FeeTableErrorKind::Overlap)),
                (Some(_), None) => return Err(error(FeeTableErrorKind::LastHasEnd)),
                (None, None) => {}
            }
        }
        Ok(Self { periods })
    }

    /// All periods in order.
    #[must_use]
    pub fn periods(&self) -> &[FeePeriod] {
        &self.periods
    }

    /// The period of a licence year that starts on `first_day`; `None` before the table begins.
    #[must_use]
    pub fn period_on(&self, first_day: NaiveDate) -> Option<&FeePeriod> {
        self.periods
            .iter()
            .rev()
            .find(|period| period.from <= first_day)
    }

    /// The fee of one office for the licence year that starts on `first_day`.
    #[must_use]
    pub fn fee_on(&self, first_day: NaiveDate) -> Option<Yen> {
        self.period_on(first_day).map(FeePeriod::fee)
    }

    /// What so many offices pay for so many consecutive years of which the first starts on
    /// `from`.
    ///
    /// # Errors
    /// If `from` lies before the first day of application (2023-04-01) or before the table
    /// begins, or the years run past the calendar, or the sum past 64 bits.
    pub fn quote(
        &self,
        offices: NonZeroU32,
        years: NonZeroU8,
        from: NaiveDate,
    ) -> Result<Quote, QuoteError> {
        if from < APPLICATIONS_FROM {
            return Err(QuoteError::BeforeApplications { from });
        }
        let mut lines = Vec::with_capacity(usize::from(years.get()));
        let mut total = Yen::ZERO;
        let mut validity = Validity::year_from(from).ok_or(QuoteError::TooLarge)?;
        for year in 1..=years.get() {
            let period = self.period_on(validity.first()).ok_or(QuoteError::NoFee {
                day: validity.first(),
            })?;
            let amount = period
                .fee
                .checked_mul(u64::from(offices.get()))
                .ok_or(QuoteError::TooLarge)?;
            total = total.checked_add(amount).ok_or(QuoteError::TooLarge)?;
            lines.push(QuoteLine {
                year,
                validity,
                offices: offices.get(),
                fee: period.fee,
                amount,
                period: period.clone(),
            });
            if year < years.get() {
                validity = validity.next().ok_or(QuoteError::TooLarge)?;
            }
        }
        Ok(Quote { total, lines })
    }
}

/// 1-based line of a byte span in a text.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> Option<usize> {
    let before = text.get(..span?.start)?;
    Some(before.matches('\n').count() + 1)
}

/// What offices × years cost (見積).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    /// The sum of the lines.
    pub total: Yen,
    /// One line per year, in order.
    pub lines: Vec<QuoteLine>,
}

/// One year of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuoteLine {
    /// Which year, from 1.
    pub year: u8,
    /// The days of the year.
    pub validity: Validity,
    /// How many offices.
    pub offices: u32,
    /// The fee of one office for the year.
    pub fee: Yen,
    /// The fee of all offices for the year.
    pub amount: Yen,
    /// The period of the fee table, with its sources.
    pub period: FeePeriod,
}

/// Why there is no quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum QuoteError {
    /// No licence could be applied for on that day.
    BeforeApplications {
        /// The day asked for.
        from: NaiveDate,
    },
    /// The fee table begins later.
    NoFee {
        /// First day of the year without a fee.
        day: NaiveDate,
    },
    /// Past the calendar or past 64 bits.
    TooLarge,
}

impl Explain for QuoteError {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::BeforeApplications { from } => lang.pick(
                format!("{from}からの見積はできません。利用申請の受付は{APPLICATIONS_FROM}からです。開始日を{APPLICATIONS_FROM}以降にしてください。"),
                format!("no quote from {from}: applications are taken from {APPLICATIONS_FROM}; ask for that day or a later one"),
            ),
            Self::NoFee { day } => lang.pick(
                format!("料金表に{day}の料金がありません。料金表にこの日を含む期間を加えてください。"),
                format!("the fee table has no fee for {day}: add a period that contains it"),
            ),
            Self::TooLarge => lang.pick(
                "年数または金額が大きすぎます。事業所数か年数を減らしてください。".to_owned(),
                "the quote is too large: ask for fewer offices or years".to_owned(),
            ),
        }
    }
}

/// A fee table that cannot be used, with the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
pub struct FeeTableError {
    line: Option<usize>,
    period: Option<usize>,
    kind: FeeTableErrorKind,
}

/// What is wrong with a fee table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeeTableErrorKind {
    /// Not TOML, or not of the table's form: the parser's words.
    Form(String),
    /// No period at all.
    Empty,
    /// A period names no source.
    NoSource,
    /// A period's `to` lies before its `from`.
    EndsBeforeItStarts,
    /// Days without a fee between a period and the next.
    Gap,
    /// A period overlaps the next, is open though it is not the last, or is out of order.
    Overlap,
    /// The last period has a `to`.
    LastHasEnd,
}

impl FeeTableError {
    const fn at(line: Option<usize>, kind: FeeTableErrorKind) -> Self {
        Self {
            line,
            period: None,
            kind,
        }
    }

    const fn period(period: usize, kind: FeeTableErrorKind) -> Self {
        Self {
            line: None,
            period: Some(period),
            kind,
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &FeeTableErrorKind {
        &self.kind
    }

    /// The line of the text, from 1, if the parser knows it.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }

    /// Which `[[period]]`, from 1, if it is about one.
    #[must_use]
    pub const fn period_number(&self) -> Option<usize> {
        self.period
    }
}

impl Explain for FeeTableError {
    fn explain(&self, lang: Lang) -> String {
        let place = match (self.line, self.period) {
            (Some(line), _) => lang.pick(
                format!("料金表の{line}行目: "),
                format!("fee table, line {line}: "),
            ),
            (None, Some(period)) => lang.pick(
                format!("料金表の{period}番目の期間: "),
                format!("fee table, period {period}: "),
            ),
            (None, None) => lang.pick("料金表: ".to_owned(), "fee table: ".to_owned()),
        };
        let what = match &self.kind {
            FeeTableErrorKind::Form(words) => lang.pick(
                format!("書式が正しくありません（{words}）。data/fees.tomlの形に直してください。"),
                format!("not of the expected form ({words}); follow data/fees.toml"),
            ),
            FeeTableErrorKind::Empty => lang.pick(
                "期間がありません。[[period]]を加えてください。".to_owned(),
                "no period; add a [[period]]".to_owned(),
            ),
            FeeTableErrorKind::NoSource => lang.pick(
                "出典がありません。sourcesに通知などを記入してください。".to_owned(),
                "no source; name the notice in sources".to_owned(),
            ),
            FeeTableErrorKind::EndsBeforeItStarts => lang.pick(
                "toがfromより前です。日付を直してください。".to_owned(),
                "`to` lies before `from`; correct the dates".to_owned(),
            ),
            FeeTableErrorKind::Gap => lang.pick(
                "次の期間との間に料金のない日があります。次のfromをtoの翌日にしてください。".to_owned(),
                "days without a fee before the next period; let that one start on the day after `to`"
                    .to_owned(),
            ),
            FeeTableErrorKind::Overlap => lang.pick(
                "次の期間と重なっています。toを次のfromの前日にしてください。".to_owned(),
                "overlaps the next period; let `to` be the eve of the next `from`".to_owned(),
            ),
            FeeTableErrorKind::LastHasEnd => lang.pick(
                "最後の期間にtoがあります。最後の期間のtoは削除してください。".to_owned(),
                "the last period has a `to`; leave it open".to_owned(),
            ),
        };
        place + &what
    }
}

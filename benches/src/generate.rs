//! Files like real ones: table 6 (mostly short ASCII columns) and table 2 (mostly Japanese text).

use std::io;

use careplan_core::{Edition, OfficeNumber, TimeOfDay, YearMonth};
use careplan_tables::table::{Table2, Table6Plan, table2, table6_plan};
use careplan_tables::value::{Flag, InsuranceCovered};
use careplan_tables::{Table, Text, Writer};
use chrono::NaiveDate;

type Failure = Box<dyn std::error::Error>;

/// Numbers that look random and are the same every time (xorshift, Marsaglia 2003).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Begins a row of numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % bound
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from.get(self.below(from.len() as u32) as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// A month's plan (table 6) of at least `size` bytes.
///
/// # Errors
/// If the sink fails.
pub fn table_6(size: u64, sink: impl io::Write) -> Result<(), Failure> {
    const SERVICES: [(&str, u32, &str); 5] = [
        ("111111", 244, "訪問介護ステーションさくら"),
        ("131211", 823, "ひまわり訪問看護ステーション"),
        ("152141", 658, "デイサービスセンター若葉"),
        ("171003", 1000, "福祉用具レンタル東和"),
        ("211131", 603, "ショートステイ桜丘"),
    ];
    let mut dice = Dice::new(6);
    let month = YearMonth::new(2026, 10).ok_or("no month")?;
    let mut writer = Sized::<Table6Plan<'_>, _>::new(sink);
    while writer.size() < size {
        let insured = format!("{:010}", dice.below(1_000_000_000));
        for _ in 0..20 {
            let service = dice.below(SERVICES.len() as u32) as usize;
            let (code, units, office) = SERVICES.get(service).copied().ok_or("no service")?;
            let from = 540 + dice.below(16) as u8 as u16 * 30;
            let time = |minutes: u16| TimeOfDay::new((minutes / 60) as u8, (minutes % 60) as u8);
            let rental = code.starts_with("17");
            let required = table6_plan::Required {
                csv_version: Edition::Fourth,
                insurer_number: "133594".parse()?,
                insured_number: insured.parse()?,
                created_on: date(2026, 9, 1 + dice.below(28))?,
                target_month: month,
                service_date: date(2026, 10, 1 + dice.below(31))?,
                starts_at: time(from).filter(|_| !rental),
                ends_at: time(from + 30).filter(|_| !rental),
                count: 1,
                service_code: code.parse()?,
                service_office_number: format!("13{:08}", service * 1_111_111).parse()?,
                over_30_days: Flag::No,
            };
            let care_manager: OfficeNumber = "1370948774".parse()?;
            writer.write(&Table6Plan {
                support_office_number: Some(care_manager),
                planner_name: Text::new("山本　恵子")?,
                units: Some(units),
                tais_code: rental.then(|| "00170-000123".parse()).transpose()?,
                equipment_name: if rental {
                    Text::new("特殊寝台　楽匠")?
                } else {
                    Text::EMPTY
                },
                service_office_name: Text::new(office)?,
                updated_by: Some(care_manager),
                ..Table6Plan::new(required)
            })?;
        }
    }
    writer.finish()
}

/// Care plans (table 2) of at least `size` bytes.
///
/// # Errors
/// If the sink fails.
pub fn table_2(size: u64, sink: impl io::Write) -> Result<(), Failure> {
    let mut dice = Dice::new(2);
    let mut writer = Sized::<Table2<'_>, _>::new(sink);
    while writer.size() < size {
        let insured = format!("{:010}", dice.below(1_000_000_000));
        for need in 1..=6 {
            let texts = Texts::roll(&mut dice);
            let required = table2::Required {
                csv_version: Edition::Fourth,
                insurer_number: "133594".parse()?,
                insured_number: insured.parse()?,
                created_on: date(2026, 9, 15)?,
                plan_date: date(2026, 9, 15)?,
            };
            writer.write(&Table2 {
                need_number: Some(need),
                need: Text::new(texts.need)?,
                goal_number: Some(1),
                long_term_goal: Text::new(texts.long_term_goal)?,
                short_term_goal: Text::new(texts.short_term_goal)?,
                long_term_period: Text::new("令和8年10月1日～令和9年9月30日")?,
                short_term_period: Text::new("令和8年10月1日～令和9年3月31日")?,
                support_number: Some(1),
                support: Text::new(texts.support)?,
                insurance_covered: Some(InsuranceCovered::Covered),
                service_kind: Text::new(texts.service_kind)?,
                service_office_number: Some("1377922960".parse()?),
                service_office_name: Text::new(texts.office)?,
                frequency: Text::new("週2回")?,
                period: Text::new("令和8年10月1日～令和9年3月31日")?,
                updated_by: Some("1372254257".parse()?),
                ..Table2::new(required)
            })?;
        }
    }
    writer.finish()
}

struct Texts {
    need: &'static str,
    long_term_goal: &'static str,
    short_term_goal: &'static str,
    support: &'static str,
    service_kind: &'static str,
    office: &'static str,
}

impl Texts {
    fn roll(dice: &mut Dice) -> Self {
        Self {
            need: dice.pick(&[
                "薬の飲み忘れがあり、体調管理に支援が必要である。",
                "人との交流が減っており、外出の機会を増やしたい。",
                "食事の準備が負担になっており、栄養が偏りがちである。家族の支援は週末に限られる。",
            ]),
            long_term_goal: dice.pick(&[
                "病状を安定させ在宅生活を続ける",
                "役割を持ち、楽しみのある生活を送る",
                "転倒せずに自宅での生活を続ける",
            ]),
            short_term_goal: dice.pick(&[
                "毎日決まった時間に服薬できる",
                "週2回外出し他者と会話する",
                "手すりを使い居間からトイレまで安全に歩ける",
            ]),
            support: dice.pick(&[
                "健康状態の観察、服薬管理",
                "家族による \"声かけ\" と見守り",
                "身体介護（入浴介助、移乗、移動の見守り）\n必要時は主治医へ連絡",
            ]),
            service_kind: dice.pick(&["訪問看護", "通所介護", "訪問介護", "福祉用具貸与"]),
            office: dice.pick(&[
                "ひまわり訪問看護ステーション",
                "デイサービスセンター若葉",
                "訪問介護ステーションさくら",
            ]),
        }
    }
}

fn date(year: i32, month: u32, day: u32) -> Result<NaiveDate, Failure> {
    NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| "no day".into())
}

/// A writer that counts.
struct Sized<T, W: io::Write> {
    writer: Writer<T, Counted<W>>,
    size: std::rc::Rc<std::cell::Cell<u64>>,
}

struct Counted<W> {
    sink: W,
    size: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<W: io::Write> io::Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.size.set(self.size.get() + written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<T: Table, W: io::Write> Sized<T, W> {
    fn new(sink: W) -> Self {
        let size = std::rc::Rc::default();
        let writer = Writer::new(Counted {
            sink,
            size: std::rc::Rc::clone(&size),
        });
        Self { writer, size }
    }

    fn size(&self) -> u64 {
        self.size.get()
    }

    fn write(&mut self, record: &T::Record<'_>) -> Result<(), Failure> {
        Ok(self.writer.write(record)?)
    }

    fn finish(self) -> Result<(), Failure> {
        self.writer.finish()?;
        Ok(())
    }
}

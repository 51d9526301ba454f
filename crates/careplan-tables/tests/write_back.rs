//! What is read from a conforming file is written back byte for byte: files made from the layouts,
//! of every kind and edition, with texts that are hard on CSV and on Shift_JIS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use careplan_core::{Edition, ServiceType};
use careplan_tables::raw::RawSlice;
use careplan_tables::{
    Column, FileKind, Kind, LenientSlice, Presence, Table, TableVisitor, Writer, records,
};
use proptest::prelude::*;

/// Numbers from a seed (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as u32 % bound
    }

    fn digits(&mut self, count: u32) -> String {
        (0..count)
            .map(|_| char::from(b'0' + self.below(10) as u8))
            .collect()
    }

    fn pick<'t, T: ?Sized>(&mut self, from: &[&'t T]) -> &'t T {
        from[self.below(from.len() as u32) as usize]
    }
}

/// A conforming field of a column, as it stands in a file.
fn field(dice: &mut Dice, column: &Column, edition: Edition) -> Vec<u8> {
    if column.kind == Kind::Text {
        return text(dice, column.presence == Presence::Required);
    }
    let required = column.presence == Presence::Required || column.kind == Kind::Fixed;
    if !required && dice.below(3) == 0 {
        return Vec::new();
    }
    if let Some(also) = column.also
        && dice.below(3) == 0
    {
        return also.into();
    }
    let length = u32::from(column.max_length(edition).unwrap_or(0));
    let value = match column.kind {
        Kind::Version => edition.csv_version().to_owned(),
        Kind::Insurer => dice.digits(6),
        Kind::Insured if dice.below(4) == 0 => format!("H{}", dice.digits(9)),
        Kind::Insured => dice.digits(10),
        Kind::Office if dice.below(4) == 0 => format!("13A{}", dice.digits(7)),
        Kind::Office => dice.digits(10),
        Kind::Date => format!(
            "{}{:02}{:02}",
            1900 + dice.below(200),
            1 + dice.below(12),
            1 + dice.below(28)
        ),
        Kind::Month => format!("{}{:02}", 1900 + dice.below(200), 1 + dice.below(12)),
        Kind::Time if dice.below(9) == 0 => "2400".to_owned(),
        Kind::Time => format!("{:02}{:02}", dice.below(24), dice.below(60)),
        Kind::Int => match column.range {
            Some((min, max)) => (min + dice.below(max - min + 1)).to_string(),
            None => dice.below(10_u32.pow(length)).to_string(),
        },
        Kind::Digits => {
            let count = 1 + dice.below(length);
            dice.digits(count)
        }
        Kind::Decimal => format!("{:02}.{:02}", dice.below(100), dice.below(100)),
        Kind::Code => {
            let codes = column.codes.expect("a code column has a table").rows;
            codes[dice.below(codes.len() as u32) as usize].0.to_owned()
        }
        Kind::ServiceType => {
            let types: Vec<_> = ServiceType::all().collect();
            types[dice.below(types.len() as u32) as usize].to_string()
        }
        Kind::ServiceCode => format!("1{}Z", dice.digits(4)),
        Kind::EquipmentCode => format!("{}-{}", dice.digits(5), dice.digits(6)),
        Kind::DayBits => (0..31).map(|_| dice.pick(&["0", "1"])).collect(),
        Kind::Postal => format!("{}-{}", dice.digits(3), dice.digits(4)),
        Kind::Phone => format!("0{}-{}", dice.digits(2), dice.digits(4)),
        Kind::Fixed => column.value.expect("a fixed column has a value").to_owned(),
        Kind::Unused => String::new(),
        kind => panic!("{kind:?} is not known to the test"),
    };
    value.into_bytes()
}

/// Text in quotation marks: commas, marks, line breaks, trail bytes that look like ASCII (表 is
/// 955C, ソ 835C), half-width katakana, and 髙 in both of its places (EEE0 and FBFC).
fn text(dice: &mut Dice, required: bool) -> Vec<u8> {
    let pieces: [&[u8]; 13] = [
        b",",
        b"\"\"",
        b"\r\n",
        b"\n",
        b"\r",
        b"\t",
        b"abc",
        b"\x95\x5C",
        b"\x83\x5C",
        b"\x8E\x52\x96\x7B\x8C\x62\x8E\x71",
        b"\xB1\xB2\xB3",
        b"\xEE\xE0",
        b"\xFB\xFC",
    ];
    let mut field = vec![b'"'];
    let count = u32::from(required) + dice.below(12);
    for _ in 0..count {
        field.extend_from_slice(dice.pick(&pieces));
    }
    field.push(b'"');
    field
}

fn file(dice: &mut Dice, kind: FileKind, edition: Edition) -> Vec<u8> {
    let mut file = Vec::new();
    for _ in 0..1 + dice.below(5) {
        for (index, column) in kind.layout().columns_in(edition).enumerate() {
            if index > 0 {
                file.push(b',');
            }
            file.extend(field(dice, column, edition));
        }
        file.extend_from_slice(b"\r\n");
    }
    file
}

struct WriteBack<'b>(&'b [u8]);

impl TableVisitor for WriteBack<'_> {
    type Output = Result<Vec<u8>, String>;

    fn visit<T: Table>(self) -> Self::Output {
        let mut writer = Writer::<T, _>::new(Vec::new());
        for record in records::<T>(self.0) {
            let record = record.map_err(|error| error.to_string())?;
            writer.write(&record).map_err(|error| error.to_string())?;
        }
        writer.finish().map_err(|error| error.to_string())
    }
}

/// The same through lenient reading: what came, and what is wrong.
struct Leniently<'b>(&'b [u8]);

impl TableVisitor for Leniently<'_> {
    type Output = (Vec<u8>, usize);

    fn visit<T: Table>(self) -> Self::Output {
        let mut reader = LenientSlice::<T>::new(self.0);
        let mut writer = Writer::<T, _>::new(Vec::new());
        let mut faults = 0;
        while let Some(record) = reader.next_record() {
            faults += record.faults().len();
            writer.write_raw(record.raw()).unwrap();
        }
        (writer.finish().unwrap(), faults)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn conforming_files_are_written_back_byte_for_byte(seed in 1u64.., kind in 0usize..17) {
        let kind = FileKind::ALL[kind];
        for edition in kind.layout().editions {
            let file = file(&mut Dice(seed), kind, *edition);
            let written = kind.visit(WriteBack(&file));
            prop_assert_eq!(written.as_ref(), Ok(&file));
        }
    }

    /// One byte of a conforming file changed: leniently nothing is lost, and strict reading
    /// accepts it only if lenient reading finds no error.
    #[test]
    fn damaged_files_are_written_back_as_they_came(
        seed in 1u64..,
        kind in 0usize..17,
        place: prop::sample::Index,
        byte: u8,
    ) {
        let kind = FileKind::ALL[kind];
        let mut file = file(&mut Dice(seed), kind, Edition::Fourth);
        let at = place.index(file.len());
        file[at] = byte;
        let (written, faults) = kind.visit(Leniently(&file));
        prop_assert_eq!(&written, &file);
        if kind.visit(WriteBack(&file)).is_err() {
            prop_assert!(faults > 0);
        }
    }

    /// Any bytes at all are split without loss, and as the `csv` crate splits them.
    #[test]
    fn splitting_agrees_with_csv(
        pieces in prop::collection::vec(
            prop::sample::select(
                vec![&b","[..], b"\"", b"\r\n", b"\n", b"\r", b"ab", b"\"x,y\"", b"\x95\x5C"],
            ),
            0..60,
        ),
    ) {
        let file = pieces.concat();
        let mut slice = RawSlice::new(&file);
        let mut ours: Vec<Vec<Vec<u8>>> = Vec::new();
        let mut joined = Vec::new();
        while let Some(record) = slice.next_record() {
            joined.extend_from_slice(record.bytes());
            // `csv` leaves blank lines out.
            if !record.is_empty() {
                ours.push(record.fields().map(|field| field.content().into_owned()).collect());
            }
        }
        prop_assert_eq!(joined, &*file);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&*file);
        let theirs: Vec<Vec<Vec<u8>>> = reader
            .byte_records()
            .map(|record| record.unwrap().iter().map(<[u8]>::to_vec).collect())
            .collect();
        prop_assert_eq!(ours, theirs);
    }
}

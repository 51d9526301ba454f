//! Criterion benches of reading, writing, decoding and encoding.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use careplan_benches::generate;
use careplan_tables::table::{Table2, Table6Plan};
use careplan_tables::{Table, Writer, ms932, raw::RawSlice, records};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn file(make: impl Fn(u64, &mut Vec<u8>) -> Result<(), Box<dyn std::error::Error>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    make(1 << 20, &mut bytes).expect("records are conforming");
    bytes
}

fn one<T: Table>(criterion: &mut Criterion, name: &str, bytes: &[u8]) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("split", |bencher| {
        bencher.iter(|| {
            let mut raw = RawSlice::new(bytes);
            let mut fields = 0;
            while let Some(record) = raw.next_record() {
                fields += record.len();
            }
            fields
        });
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            records::<T>(bytes).map(Result::unwrap).for_each(|record| {
                black_box(&record);
            });
        });
    });
    let owned: Vec<_> = records::<T>(bytes)
        .map(|record| T::into_owned(record.unwrap()))
        .collect();
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            let mut writer = Writer::<T, _>::new(Vec::with_capacity(bytes.len()));
            for record in &owned {
                writer.write(record).unwrap();
            }
            writer.finish().unwrap()
        });
    });
    group.finish();
}

fn tables(criterion: &mut Criterion) {
    let table_6 = file(|size, sink| generate::table_6(size, sink));
    let table_2 = file(|size, sink| generate::table_2(size, sink));
    one::<Table6Plan<'_>>(criterion, "table 6", &table_6);
    one::<Table2<'_>>(criterion, "table 2", &table_2);
    let text = ms932::decode(&table_2).unwrap().into_owned();
    let mut group = criterion.benchmark_group("ms932");
    group.throughput(Throughput::Bytes(table_2.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| ms932::decode(&table_2).unwrap());
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| ms932::encode(&text).unwrap());
    });
    group.finish();
}

criterion_group!(benches, tables);
criterion_main!(benches);

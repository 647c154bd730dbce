//! What it costs to make something of a blob of 100 records of 1.5 KB, beside what JSON crates cost alone.

#![allow(missing_docs, clippy::unwrap_used)] // Criterion's own function; and a benchmark that fails may panic.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use m365kit::bench;
use m365kit_bench_core::blob;

fn decoder(criterion: &mut Criterion) {
    let body = Bytes::from(blob(100, 1_500));
    let mut group = criterion.benchmark_group("decoder");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("places", |b| b.iter(|| bench::places(black_box(&body))));
    group.bench_function("fields", |b| b.iter(|| bench::fields(black_box(&body))));
    group.bench_function("records", |b| b.iter(|| bench::records(black_box(&body))));
    group.bench_function("lines", |b| {
        // A body of its own for each, as when it was just received.
        b.iter_batched(
            || BytesMut::from(&body[..]).freeze(),
            |own| bench::lines(&mut Some(own)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("serde_json to values", |b| {
        b.iter(|| serde_json::from_slice::<serde_json::Value>(black_box(&body)).unwrap());
    });
    group.bench_function("sonic-rs to values", |b| {
        b.iter(|| sonic_rs::from_slice::<sonic_rs::Value>(black_box(&body)).unwrap());
    });
    group.bench_function("simd-json to a tape", |b| {
        let mut buffers = simd_json::Buffers::new(body.len());
        let mut own = Vec::with_capacity(body.len());
        b.iter(|| {
            own.clear();
            own.extend_from_slice(black_box(&body));
            simd_json::to_tape_with_buffers(&mut own, &mut buffers).unwrap().0.len()
        });
    });
    group.finish();
}

criterion_group!(benches, decoder);
criterion_main!(benches);

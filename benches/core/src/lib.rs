//! Bodies of blobs for the benchmarks of the core.

use serde_json::{Map, Value};

const SAMPLES: [&str; 4] = [
    include_str!("../../../sandbox/data/synthetic-sharepoint.jsonl"),
    include_str!("../../../sandbox/data/synthetic-exchange-mailbox.jsonl"),
    include_str!("../../../sandbox/data/entra.jsonl"),
    include_str!("../../../sandbox/data/synthetic-general-mixed.jsonl"),
];

/// The body of a blob of so many records of about so many bytes, the same each time: records of the simulated
/// tenant with ids of their own, filled up with fields of others.
///
/// # Panics
///
/// If the samples are no JSON.
#[allow(clippy::expect_used)] // They are part of this program.
pub fn blob(records: usize, bytes: usize) -> Vec<u8> {
    let samples: Vec<Map<String, Value>> = SAMPLES
        .iter()
        .flat_map(|file| file.lines())
        .map(|line| serde_json::from_str(line).expect("a sample is an object"))
        .collect();
    let mut random = fastrand::Rng::with_seed(1);
    let records: Vec<String> = (0..records)
        .map(|_| {
            let mut record = samples[random.usize(..samples.len())].clone();
            let id = random.u128(..);
            record.insert(
                "Id".into(),
                format!("{:08x}-0000-4000-8000-{:012x}", id >> 96, id & 0xffff_ffff).into(),
            );
            let mut length = Value::Object(record.clone()).to_string().len();
            for (name, value) in samples.iter().flatten().cycle().skip(random.usize(..200)).take(500) {
                if length >= bytes {
                    break;
                }
                let name = format!("{name}{}", record.len());
                length += name.len() + value.to_string().len() + 4;
                record.insert(name, value.clone());
            }
            Value::Object(record).to_string()
        })
        .collect();
    format!("[{}]", records.join(",")).into_bytes()
}

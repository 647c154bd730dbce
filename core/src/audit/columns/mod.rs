//! The feed as columns: Arrow record batches, and Parquet files.

mod batches;
mod build;
mod dictionary;
mod find;
mod gather;
mod ipc;
mod parquet;
mod paths;
mod plan;
#[cfg(test)]
mod tests;

pub use batches::{BatchesBuilder, ColumnBatch, RecordBatches};
#[cfg(any(test, feature = "fuzzing"))]
pub(in crate::audit) use build::build;
pub(crate) use ipc::as_bytes;
pub use parquet::{Compression, PartitionColumn, WriteParquet, WriteParquetBuilder, Written};
pub(in crate::audit) use parquet::{Spooled, write_file};
pub(in crate::audit) use plan::Plan;

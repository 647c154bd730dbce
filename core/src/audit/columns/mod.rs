//! The feed as columns: Arrow record batches, and Parquet files.

mod batches;
mod parquet;

pub(crate) use batches::as_bytes;
pub use batches::{ColumnBatch, RecordBatches};
pub use parquet::{Compression, PartitionColumn, WriteParquet, Written};

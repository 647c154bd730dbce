//! The command `m365kit-sandbox`: a simulated tenant until it is told to stop.

use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use clap::Parser;
use m365kit_sandbox::{
    ClockFile, ClockSource, Compression, Config, ContentType, Live, RateLimit, Sandbox, Shape,
};

/// A simulated Microsoft 365 tenant on loopback. Prints one line of JSON that says where it is and how to sign in, and
/// runs until it is interrupted.
#[derive(Parser)]
#[command(name = "m365kit-sandbox", version)]
struct Args {
    /// Configuration in JSON, for what has no option here; options win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Port to listen on; 0 takes any.
    #[arg(long)]
    port: Option<u16>,
    /// What everything random is made from.
    #[arg(long)]
    seed: Option<u64>,
    /// Days the feed reaches back.
    #[arg(long)]
    days: Option<f64>,
    /// Blobs over all content types and days.
    #[arg(long)]
    blobs: Option<usize>,
    /// Mean number of records in a blob.
    #[arg(long)]
    records: Option<usize>,
    /// Mean size of a record in bytes.
    #[arg(long)]
    record_bytes: Option<usize>,
    /// Bytes of bodies to keep once they were made.
    #[arg(long, value_name = "BYTES")]
    keep_bytes: Option<usize>,
    /// Blobs of each content type whose bodies differ; further ones repeat them.
    #[arg(long)]
    distinct_blobs: Option<usize>,
    /// Seconds before every answer.
    #[arg(long, value_name = "SECONDS")]
    latency: Option<f64>,
    /// Requests that the ledger keeps.
    #[arg(long)]
    ledger: Option<usize>,
    /// Records in one extra blob.
    #[arg(long)]
    large_blob: Option<usize>,
    /// Items on a page of a listing.
    #[arg(long)]
    page_size: Option<usize>,
    /// A content type that has a feed; may be repeated.
    #[arg(long = "content-type", value_name = "TYPE", value_parser = content_type)]
    content_types: Vec<ContentType>,
    /// Where the clock starts (RFC 3339).
    #[arg(long)]
    now: Option<String>,
    /// Let the feed grow by so many blobs a minute.
    #[arg(long, value_name = "BLOBS_PER_MINUTE")]
    live: Option<f64>,
    /// Keep the clock in a file, so that the feed is the same when the sandbox is started again.
    #[arg(long, value_name = "FILE")]
    clock: Option<PathBuf>,
    /// Directory id of the tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Domain of the tenant.
    #[arg(long)]
    domain: Option<String>,
    /// Seconds a token lives.
    #[arg(long)]
    token_lifetime: Option<i64>,
    /// Requests a minute for each publisher, refused with 429 beyond that.
    #[arg(long, value_name = "PER_MINUTE")]
    rate_limit: Option<f64>,
    /// Speak TLS with a certificate made for this run.
    #[arg(long)]
    https: bool,
    /// Never compress bodies.
    #[arg(long)]
    no_compression: bool,
    /// Stop when standard input ends, so that a parent process cannot leave it behind.
    #[arg(long)]
    watch_stdin: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let watch_stdin = args.watch_stdin;
    let sandbox = Sandbox::start(args.config()?)?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", sandbox.describe())?;
    out.flush()?;
    drop(out);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(stopped(watch_stdin))?;
    drop(sandbox);
    // The thread that watches standard input may still be in its read; it must not hold up the end.
    std::process::exit(0);
}

impl Args {
    fn config(self) -> Result<Config, Box<dyn Error>> {
        let mut config = match &self.config {
            Some(path) => Config::from_json(
                &std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?,
            )?,
            None => Config::default(),
        };
        set(&mut config.port, self.port);
        set(&mut config.seed, self.seed);
        set(&mut config.days, self.days);
        set(&mut config.blobs, self.blobs);
        set(&mut config.records, self.records);
        set(&mut config.page_size, self.page_size);
        set(&mut config.domain, self.domain);
        set(&mut config.token_lifetime, self.token_lifetime);
        set(&mut config.keep_bytes, self.keep_bytes);
        set(&mut config.latency, self.latency);
        set(&mut config.ledger, self.ledger);
        config.distinct_blobs = self.distinct_blobs.or(config.distinct_blobs);
        config.record_bytes = self.record_bytes.or(config.record_bytes);
        config.large_blob = self.large_blob.or(config.large_blob);
        config.now = self.now.or(config.now);
        config.tenant = self.tenant.or(config.tenant);
        config.https |= self.https;
        if let Some(blobs_per_minute) = self.live {
            config.live = Some(Live { blobs_per_minute, records: None, content_types: None });
        }
        if let Some(file) = self.clock {
            config.clock = ClockSource::File(ClockFile { file });
        }
        if !self.content_types.is_empty() {
            config.content_types = self.content_types;
        }
        if let Some(per_minute) = self.rate_limit {
            config.rate_limit = Some(RateLimit {
                per_minute,
                burst: None,
                shape: Shape::default(),
                retry_after: None,
                count_refused: false,
            });
        }
        if self.no_compression {
            config.compression = Compression::Any(false);
        }
        Ok(config)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn content_type(text: &str) -> Result<ContentType, String> {
    ContentType::parse(text).ok_or_else(|| {
        let known: Vec<_> = ContentType::ALL.into_iter().map(ContentType::as_str).collect();
        format!("not one of {}", known.join(", "))
    })
}

/// Returns when the process is told to end.
async fn stopped(watch_stdin: bool) -> io::Result<()> {
    let closed = async {
        if !watch_stdin {
            return std::future::pending().await;
        }
        // What is read does not matter, only that it ends.
        let _ =
            tokio::task::spawn_blocking(|| io::copy(&mut io::stdin().lock().by_ref(), &mut io::sink())).await;
    };
    #[cfg(unix)]
    let terminated = {
        let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        async move { signal.recv().await }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminated => Ok(()),
        () = closed => Ok(()),
    }
}

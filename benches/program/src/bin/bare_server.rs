//! A server that can do nothing but answer with bodies it holds: what the sandbox is compared with.

#![allow(missing_docs, reason = "a program has no users of its items")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use clap::Parser;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use m365kit_bench::Error;
use m365kit_bench::lean::{Reader, Work};
use m365kit_bench::tenant::Tenant;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Takes the bodies at these paths from the server that `BENCH_TENANT` names, prints where it serves them, and does so
/// until its standard input ends.
#[derive(Parser)]
struct Args {
    /// The paths, a line each.
    paths: PathBuf,
}

type Bodies = HashMap<String, Bytes>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let reader = Reader::sign_in(&Tenant::from_environment()?).await?;
    let taken = Arc::new(Mutex::new(Bodies::new()));
    for path in fs::read_to_string(Args::parse().paths)?.lines() {
        let keep = || Keep { path: path.to_owned(), body: BytesMut::new(), taken: Arc::clone(&taken) };
        reader.read_paths(vec![path.to_owned()], 1, keep).await?;
    }
    let bodies = Arc::new(std::mem::take(&mut *taken.lock().unwrap_or_else(PoisonError::into_inner)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    drop(out);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = socket.set_nodelay(true);
            let bodies = Arc::clone(&bodies);
            let service = service_fn(move |request| {
                let answer = answer(&bodies, &request);
                async move { Ok::<_, Infallible>(answer) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        }
    });
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

fn answer(bodies: &Bodies, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if let Some(body) = bodies.get(request.uri().path()) {
        return Response::new(Full::new(body.clone()));
    }
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

struct Keep {
    path: String,
    body: BytesMut,
    taken: Arc<Mutex<Bodies>>,
}

impl Work for Keep {
    fn piece(&mut self, piece: &Bytes) {
        self.body.extend_from_slice(piece);
    }

    fn end(&mut self) -> Result<(), Error> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(std::mem::take(&mut self.path), self.body.split().freeze());
        Ok(())
    }
}

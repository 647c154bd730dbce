//! A server that answers what it is told, in order, and remembers what it was asked.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

use crate::cloud::{Cloud, CustomCloud};

#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HashMap<String, String>,
    pub(super) form: HashMap<String, String>,
}

pub(super) struct Reply {
    status: u16,
    headers: String,
    body: String,
}

#[expect(clippy::needless_pass_by_value, reason = "shorter where it is used")]
pub(super) fn reply(status: u16, body: impl ToString) -> Reply {
    Reply { status, headers: String::new(), body: body.to_string() }
}

impl Reply {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }
}

#[derive(Clone)]
pub(super) struct Server {
    port: u16,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server {
            port: listener.local_addr().unwrap().port(),
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            asked: Arc::default(),
        };
        let own = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let own = own.clone();
                tokio::spawn(async move { own.answer(stream).await });
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A cloud that is this server alone.
    pub(super) fn cloud(&self) -> Cloud {
        let host = Some(self.url());
        Cloud::custom(CustomCloud {
            authority: host.clone(),
            management: host.clone(),
            graph: host.clone(),
            ..CustomCloud::default()
        })
    }

    pub(super) fn say(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn answer(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let (head, length) = loop {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
                });
                break (head, end + 4 + length.unwrap_or(0));
            }
        };
        while bytes.len() < length {
            stream.read_buf(&mut bytes).await.unwrap();
        }
        let body = &bytes[head.len() + 4..];
        self.asked.lock().unwrap().push(read(&head, body));
        let reply =
            self.replies.lock().unwrap().pop_front().unwrap_or_else(|| reply(599, "nothing was expected"));
        let answer = format!(
            "HTTP/1.1 {} X\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            reply.status,
            reply.headers,
            reply.body.len(),
            reply.body
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.ok();
    }
}

fn read(head: &str, body: &[u8]) -> Asked {
    let pairs = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(": "));
    Asked {
        method: method.to_owned(),
        path: path.to_owned(),
        query: pairs(query.as_bytes()),
        headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
        form: pairs(body),
    }
}

//! A mail server for tests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail that it took.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// `MAIL FROM`
    pub from: String,
    /// Each `RCPT TO`.
    pub to: Vec<String>,
    /// The mail itself.
    pub data: String,
}

/// A server that takes what is not for `refused@…`, `stranger@…` or `later@…`.
#[derive(Debug)]
pub struct Smtp {
    pub address: SocketAddr,
    pub taken: Arc<Mutex<Vec<Taken>>>,
}

impl Smtp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&all)));
            }
        });
        Self { address, taken }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }
}

/// Ends where the client does.
async fn serve(stream: TcpStream, taken: Arc<Mutex<Vec<Taken>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await.ok()?;
    let mut mail = Taken::default();
    loop {
        let line = line(&mut stream).await?;
        let (verb, rest) = line.split_at(line.len().min(4));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-test\r\n250 8BITMIME\r\n",
            "MAIL" => {
                mail = Taken { from: address(rest), ..Taken::default() };
                "250 ok\r\n"
            }
            "RCPT" if rest.contains("refused@") => "550 no such user\r\n",
            "RCPT" if rest.contains("stranger@") => "530 sign in first\r\n",
            "RCPT" if rest.contains("later@") => "451 not now\r\n",
            "RCPT" => {
                mail.to.push(address(rest));
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    match self::line(&mut stream).await?.as_str() {
                        "." => break,
                        text => mail.data += &format!("{}\n", text.strip_prefix('.').unwrap_or(text)),
                    }
                }
                taken.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken as 42\r\n"
            }
            "QUIT" => return None,
            "RSET" | "NOOP" => "250 ok\r\n",
            _ => "502 what?\r\n",
        };
        stream.write_all(answer.as_bytes()).await.ok()?;
    }
}

async fn line(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(1..) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}

fn address(text: &str) -> String {
    text.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

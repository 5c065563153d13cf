//! HTTP/1.1 byte by byte, for requests that no client library would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back over a connection until the server closed it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// All of it, as text.
    pub text: String,
}

impl Exchange {
    /// The statuses of the answers, in order.
    pub fn statuses(&self) -> Vec<u16> {
        let heads = self.text.split("HTTP/1.1 ").skip(1);
        heads.filter_map(|head| head.get(..3)?.parse().ok()).collect()
    }
}

/// Sends `bytes` and reads until the server closes the connection.
///
/// # Panics
/// The server keeps the connection for longer than 10 s.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Exchange {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    // The server may refuse and close before it has read everything.
    drop(stream.write_all(bytes).await);
    Exchange { text: read_to_close(&mut stream, Duration::from_secs(30)).await }
}

/// Reads until the server closes the connection.
///
/// # Panics
/// The server keeps the connection for longer than that.
pub async fn read_to_close(stream: &mut TcpStream, within: Duration) -> String {
    let mut received = Vec::new();
    let read = async {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            received.extend_from_slice(&buffer[..length]);
        }
    };
    let closed = tokio::time::timeout(within, read).await;
    let text = String::from_utf8_lossy(&received).into_owned();
    assert!(closed.is_ok(), "the server kept the connection open; until then it said: {text}");
    text
}

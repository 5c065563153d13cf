//! The way between clients and the server, on which connections are cut, and stand still.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::interval;

use super::Chance;

/// For how long nothing is carried where a reader stalls.
const STALL: Duration = Duration::from_secs(5);

/// What befalls connections: of a hundred one is cut in each second, and one stands still.
#[derive(Debug, Default)]
pub struct Weather {
    pub calm: AtomicBool,
    pub cuts: AtomicUsize,
    pub stalls: AtomicUsize,
}

/// Carries whatever connects to wherever the server is then; gives where it listens.
pub async fn start(server: watch::Receiver<SocketAddr>, weather: Arc<Weather>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((client, _)) = listener.accept().await else { continue };
            let (server, weather) = (*server.borrow(), Arc::clone(&weather));
            tokio::spawn(carry(client, server, weather, Chance(number)));
        }
    });
    address
}

async fn carry(mut client: TcpStream, server: SocketAddr, weather: Arc<Weather>, mut chance: Chance) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let mut carried = pin!(copy_bidirectional(&mut client, &mut server));
    let mut seconds = interval(Duration::from_secs(1));
    seconds.tick().await;
    loop {
        tokio::select! {
            _ = &mut carried => return,
            _ = seconds.tick(), if !weather.calm.load(Ordering::SeqCst) => match chance.below(100) {
                0 => {
                    weather.cuts.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                1 => {
                    weather.stalls.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(STALL).await;
                }
                _ => {}
            },
        }
    }
}

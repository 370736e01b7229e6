//! A black hole: an address at which no connection is made and none is refused.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Duration, timeout};

/// Connections to it hang until it is dropped.
pub struct Hole {
    address: SocketAddr,
    _listener: TcpListener,
    /// They fill the queue of those who wait to be accepted, so that the system drops who comes next.
    _queue: Vec<TcpStream>,
}

impl Hole {
    /// In real time: a test that has paused the clock makes it before that.
    pub async fn open() -> Self {
        Self::behind(bound(0).expect("a free port on loopback")).await
    }

    /// On a port that was a server's.
    pub async fn open_at(port: u16) -> Self {
        // That one lets go of it when its task has noticed its end.
        loop {
            match bound(port) {
                Ok(socket) => return Self::behind(socket).await,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    async fn behind(socket: TcpSocket) -> Self {
        let listener = socket.listen(1).expect("a listener");
        let address = listener.local_addr().expect("a bound listener has an address");
        let mut queue = Vec::new();
        while let Ok(Ok(stream)) =
            timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            queue.push(stream);
        }
        Self { address, _listener: listener, _queue: queue }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn bound(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of the server before are still being forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    Ok(socket)
}

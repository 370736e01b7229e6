//! `secret-manager health`: for supervisors that can run a program, but have no HTTP client. A
//! container with nothing else in it is one.

use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::failure::Failure;

/// Check that a service on this machine is ready; ends with 0 when it is
///
/// Asks /readyz in plain HTTP: at the address for monitoring when there is one, else at the
/// service's own.
#[derive(Debug, Args)]
pub(super) struct Health {
    /// Address and port of the service
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SECRET_MANAGER_LISTEN",
        default_value = "127.0.0.1:8200"
    )]
    address: String,
    /// Address and port for monitoring, as `serve` got it; goes before the other one
    #[arg(long, value_name = "ADDRESS", env = "SECRET_MANAGER_METRICS_LISTEN")]
    metrics_address: Option<String>,
}

const PATIENCE: Duration = Duration::from_secs(8);

impl Health {
    pub(super) async fn run(self) -> Result<(), Failure> {
        let address = self.metrics_address.unwrap_or(self.address);
        let unreachable = |why: &str| Failure::new(format!("{address} doesn't answer: {why}"));
        let answer = tokio::time::timeout(PATIENCE, ask(&address))
            .await
            .map_err(|_| unreachable("it takes too long"))?
            .map_err(|error| unreachable(&error.to_string()))?;
        match answer.split(' ').nth(1) {
            Some("200") => Ok(()),
            Some("503") => Err(Failure::new("the service is not ready; its log says why")),
            _ => Err(unreachable(
                "what is there speaks no plain HTTP; give serve an address for monitoring with \
                 --metrics-listen",
            )),
        }
    }
}

/// The first line of the answer, more or less.
async fn ask(address: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut answer = Vec::new();
    // Enough for any line of status; a service that speaks TLS sends an alert and hangs up.
    stream.take(1024).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

//! The baseline of `npm run bench -- service`: an axum server that does nothing but answer with a
//! body of a given size.
//!
//! `hello_world BYTES` prints its address and serves until it is killed.

#![expect(clippy::print_stdout, reason = "the one who started it reads the address there")]

use std::error::Error;
use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let size = std::env::args().nth(1).ok_or("hello_world BYTES")?.parse()?;
    let body = Bytes::from(vec![b'x'; size]);
    let router = Router::new().route("/", get(async move || body.clone()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, router).await?)
}

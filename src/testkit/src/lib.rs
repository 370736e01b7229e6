//! For tests only: servers on loopback that answer as a script says, so that faults which no
//! well-behaved server shows can be had at will.

mod authority;
mod hole;
mod server;

pub use authority::{Authority, Identity, Validity};
pub use hole::Hole;
pub use server::{Reply, Request, Server};

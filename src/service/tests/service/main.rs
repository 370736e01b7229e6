//! The service as its users meet it: over HTTP on a free port, and as a program.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod accounts;
mod api;
mod audit;
mod backup;
mod commands;
mod connections;
mod copies;
mod deltas;
mod events;
mod gates;
mod http;
mod import;
mod keys;
mod killed;
mod leak;
mod monitoring;
mod openapi;
mod packaging;
mod page;
mod people;
mod person;
mod program;
mod roles;
mod start;
mod tls;
mod vault;
mod watch;

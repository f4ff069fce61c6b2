//! The N-API face of the crate: converts arguments and answers, decides nothing. Each topic has a file without N-API.
//! Reads fill typed arrays that JavaScript allocates (memory that native code allocates cannot be transferred to
//! another thread); the caller leaves them alone until the promise settles.

#![cfg_attr(test, allow(dead_code))]

mod departures;
mod framing;
mod glob;
mod notice;
mod position;
mod replay;
mod tail;
mod tail_thread;
mod tailed;
mod watch;

#[cfg(not(test))]
mod exports;

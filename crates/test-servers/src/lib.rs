//! Servers that tests and drills start for themselves: a PostgreSQL cluster, an S3 server and, with
//! the feature `browser`, a `WebDriver` server with headless browsers.
//!
//! They end with the process that started them, however it ends: a shell beside each waits for the
//! end of a pipe, then stops the server and removes its files.

// Part of the tests: what is wrong with the machine is told by panicking.
#![allow(clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]
#![cfg(unix)]

#[cfg(feature = "browser")]
pub mod browser;
mod guard;
mod postgres;
mod s3;

pub use postgres::Postgres;
pub use s3::S3;

/// Tells that a server is not to be had: panics if `CAREPLAN_REQUIRE_PEERS` is set, as in
/// `cargo xtask test`, and prints the reason otherwise.
fn missing(what: &str) {
    assert!(
        std::env::var_os("CAREPLAN_REQUIRE_PEERS").is_none(),
        "{what}"
    );
    // A test that leaves itself out has nothing but the output to say so.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("left out: {what}");
    }
}

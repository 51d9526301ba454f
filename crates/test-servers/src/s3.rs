//! An S3 server: moto, in Python.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::guard::Guarded;
use crate::missing;

/// A running S3 server that keeps what it is given in memory.
#[derive(Debug)]
pub struct S3 {
    address: String,
    _server: Guarded,
}

impl S3 {
    /// Starts a server on a free loopback port; `None`, with a message, if `CAREPLAN_PYTHON` names no
    /// Python that has it.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Ok(python) = env::var("CAREPLAN_PYTHON") else {
            missing("CAREPLAN_PYTHON is not set to a Python with moto");
            return None;
        };
        let folder = tempfile::Builder::new()
            .prefix("s3-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let line = [&python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"];
        let mut server = Guarded::start(&line, "TERM", &folder);
        let told = server.shell.stderr.take().expect("its standard error");
        let mut lines = BufReader::new(told).lines();
        let address = loop {
            let line = lines
                .next()
                .expect("the S3 server ended")
                .expect("its standard error");
            if let Some((_, address)) = line.split_once("Running on http://") {
                break address.trim().to_owned();
            }
        };
        // It logs every call there: somebody has to read it.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            address,
            _server: server,
        })
    }

    /// Makes a bucket.
    pub fn make_bucket(&self, bucket: &str) {
        let mut connection = TcpStream::connect(&self.address).expect("the S3 server");
        write!(
            connection,
            "PUT /{bucket} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            self.address
        )
        .expect("a request");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// Where it is: `http://127.0.0.1:port`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }
}

//! Large containers pass through little memory. Alone in its binary, as it looks at the whole
//! process.
#![allow(
    clippy::unwrap_used,
    reason = "clippy knows test functions, not what they call"
)]

mod common;

use std::io::{self, Read, Write};

use careplan_envelope::*;
use common::{authority, now, signer, verifier};

/// Bytes that look random to a compressor, from a counter.
struct Noise {
    left: u64,
    state: u64,
}

impl Read for Noise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = usize::try_from(self.left.min(buffer.len() as u64)).unwrap();
        for chunk in buffer[..len].chunks_mut(8) {
            // xorshift64 (Marsaglia).
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            chunk.copy_from_slice(&self.state.to_le_bytes()[..chunk.len()]);
        }
        self.left -= len as u64;
        Ok(len)
    }
}

/// Counts what is written.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The most memory the process ever had resident, in bytes; `None` where it cannot be told.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// What is promised; a fifth of it where compressing it would take long, and shows the same.
const SIZES: [(Compression, u64); 2] = [
    (Compression::Stored, 500_000_000),
    (Compression::Deflate, 96 << 20),
];

#[test]
fn large_files_are_signed_verified_and_taken_out_in_little_memory() {
    let mut authority = authority();
    let signer = signer(&mut authority);
    for (compression, size) in SIZES {
        let output = tempfile::tempfile().unwrap();
        let options = WriterOptions::default().with_compression(compression);
        let mut writer = EnvelopeWriter::new(output, options).unwrap();
        let mut noise = Noise {
            left: size,
            state: 1,
        };
        writer.add("LARGE.PDF", &mut noise).unwrap();
        let (signed, mut output) = writer.finish(&signer, now()).unwrap();
        assert!(signed.size > size);

        let mut envelope = verifier(&authority).verify(&mut output, now()).unwrap();
        let mut counter = Counter(0);
        envelope.copy_file("LARGE.PDF", &mut counter).unwrap();
        assert_eq!(counter.0, size);
    }
    if let Some(peak) = peak_memory() {
        println!("peak memory {} KB", peak / 1024);
        assert!(peak < 32 << 20, "{peak} bytes");
    }
}

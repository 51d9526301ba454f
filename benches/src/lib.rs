//! What benches have in common: files like real ones, of any length, made on the way.

pub mod generate;

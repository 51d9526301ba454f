//! A month, end to end.
fn main() {}

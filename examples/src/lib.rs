//! What the programs of this package share.

use std::fmt;
use std::io::{self, Write as _};

/// Prints a line on standard output, with the arguments of [`format!`].
///
/// If nobody reads any more, as after `office list sent | head -1`, the line goes nowhere and the
/// program does its work to the end; `println!` would panic. If it cannot be written for another
/// reason, such as a full disk, the program says so and ends with exit code 2.
#[macro_export]
macro_rules! say {
    ($($arguments:tt)*) => {
        $crate::print_line(::std::format_args!($($arguments)*))
    };
}

#[doc(hidden)]
pub fn print_line(line: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            // If nobody reads this either, the exit code tells it.
            let _ = writeln!(io::stderr(), "error: standard output: {error}");
            std::process::exit(2);
        }
    }
}

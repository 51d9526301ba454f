//! Showing the page in the person's browser.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempPath;

/// Opens an address in the browser the system opens pages with.
///
/// The arguments of programs can be seen by everybody on the machine, and the address is a secret:
/// so the browser is given a file that only this user can read and that leads there. The file is
/// removed when what is returned is dropped.
///
/// # Errors
/// If the file cannot be written or there is no program that opens pages.
pub(crate) fn open(address: &str, folder: &Path) -> io::Result<TempPath> {
    let mut page = tempfile::Builder::new()
        .prefix("open-")
        .suffix(".html")
        .tempfile_in(folder)?;
    // The address is made of digits, letters and the signs of addresses only.
    write!(
        page,
        "<!DOCTYPE html><meta charset=\"utf-8\"><title>office</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\">\
         <p><a href=\"{address}\">ケアプランデータ連携</a></p>"
    )?;
    page.flush()?;
    let page = page.into_temp_path();
    let mut opener = opener();
    opener
        .arg(&page)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = opener.spawn()?;
    // It hands the page to the browser and ends; nobody waits for it.
    std::thread::spawn(move || child.wait());
    Ok(page)
}

fn opener() -> Command {
    if cfg!(windows) {
        let mut command = Command::new("rundll32.exe");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else if cfg!(target_os = "macos") {
        Command::new("open")
    } else {
        Command::new("xdg-open")
    }
}

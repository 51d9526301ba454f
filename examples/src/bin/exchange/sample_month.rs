//! The sample month: made-up files of a care manager's office and two service offices.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Files of a folder under `examples/month`, which stands for what care software exported there.
macro_rules! folder {
    ($folder:literal: $($file:literal),* $(,)?) => {
        ($folder, &[$((
            $file,
            include_bytes!(concat!("../../../month/", $folder, "/", $file)),
        )),*])
    };
}

/// A file's name and bytes.
type File = (&'static str, &'static [u8]);

/// One folder a sending: two plan sets with a PDF, two month sets, and two offices' actuals.
#[rustfmt::skip]
const MONTH: &[(&str, &[File])] = &[
    folder!("plan-for-1374220867":
        "UP1KYO_1370948774_43_1374220867_13_20260921113310.CSV",
        "UP2KYO_1370948774_43_1374220867_13_20260921113310.CSV",
        "UP3KYO_1370948774_43_1374220867_13_20260921113310.CSV",
        "UPHOSOKU_000000_1370948774_43_1374220867_13_20260921113310.CSV",
        "weekly-plan.pdf"),
    folder!("plan-for-1375169671":
        "UP1KYO_1370948774_43_1375169671_11_20260921113310.CSV",
        "UP2KYO_1370948774_43_1375169671_11_20260921113310.CSV",
        "UP3KYO_1370948774_43_1375169671_11_20260921113310.CSV",
        "UPHOSOKU_000000_1370948774_43_1375169671_11_20260921113310.CSV",
        "weekly-plan.pdf"),
    folder!("month-for-1374220867":
        "UPPLAN_202610_1370948774_43_1374220867_13_20260921113320.CSV",
        "UPSIKYU_202610_1370948774_43_1374220867_13_20260921113320.CSV",
        "UPHOSOKU_202610_1370948774_43_1374220867_13_20260921113320.CSV"),
    folder!("month-for-1375169671":
        "UPPLAN_202610_1370948774_43_1375169671_11_20260921113320.CSV",
        "UPSIKYU_202610_1370948774_43_1375169671_11_20260921113320.CSV",
        "UPHOSOKU_202610_1370948774_43_1375169671_11_20260921113320.CSV"),
    folder!("actuals-of-1374220867":
        "UPJSK_202610_1374220867_13_1370948774_43_20261102101500.CSV"),
    folder!("actuals-of-1375169671":
        "UPJSK_202610_1375169671_11_1370948774_43_20261102113320.CSV"),
];

/// Writes the sample month under the home, as the offices' care software would export it, and
/// returns the folder.
pub(crate) fn write(home: &Path) -> Result<PathBuf, Failure> {
    let month = home.join("exported");
    for (folder, files) in MONTH {
        let folder = month.join(folder);
        fs::create_dir_all(&folder).map_err(Failure::io(&folder))?;
        for (name, bytes) in *files {
            let path = folder.join(name);
            fs::write(&path, bytes).map_err(Failure::io(&path))?;
        }
    }
    Ok(month)
}

//! Taking files from the browser: piece by piece into a folder, however long they are.

use std::io;
use std::path::Path;

use axum::extract::Multipart;
use axum::extract::multipart::MultipartError;
use tempfile::TempDir;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt as _;

use crate::said::Said;

/// The most files at once: a month of a large office, with room.
const MOST_FILES: usize = 10_000;

/// Files as they came.
pub(crate) struct Uploaded {
    pub(crate) folder: TempDir,
    pub(crate) names: Vec<String>,
}

/// Writes the files of a form into a new folder in `place`.
pub(crate) async fn take(
    mut form: Multipart,
    place: &Path,
    most_bytes: u64,
) -> Result<Uploaded, Said> {
    let folder = tempfile::tempdir_in(place).map_err(|error| not_written(&error))?;
    let mut names = Vec::new();
    let mut left = most_bytes;
    while let Some(mut field) = form.next_field().await.map_err(cut_off)? {
        // A file chooser with nothing chosen sends one file without a name.
        let Some(name) = field.file_name().filter(|name| !name.is_empty()) else {
            continue;
        };
        let name = base_name(name).to_owned();
        let file = start(folder.path(), &name).await?;
        let mut file = tokio::io::BufWriter::with_capacity(1 << 16, file);
        while let Some(piece) = field.chunk().await.map_err(cut_off)? {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            left = left.checked_sub(length).ok_or_else(|| {
                let most = most_bytes >> 20;
                Said::new(
                    format!(
                        "一度に選べるのは合わせて{most}MBまでです。何回かに分けて選んでください。"
                    ),
                    format!(
                        "At most {most} MB can be put in at once. Choose the files in several goes."
                    ),
                )
            })?;
            file.write_all(&piece)
                .await
                .map_err(|error| not_written(&error))?;
        }
        file.flush().await.map_err(|error| not_written(&error))?;
        names.push(name);
        if names.len() > MOST_FILES {
            return Err(Said::new(
                format!(
                    "一度に選べるのは{MOST_FILES}ファイルまでです。何回かに分けて選んでください。"
                ),
                format!(
                    "At most {MOST_FILES} files can be put in at once. Choose them in several goes."
                ),
            ));
        }
    }
    if names.is_empty() {
        return Err(Said::new(
            "ファイルが選ばれていません。ソフトウェアから出力したCSVファイルを選んでください。",
            "No file was chosen. Choose the CSV files that your software exported.",
        ));
    }
    Ok(Uploaded { folder, names })
}

async fn start(folder: &Path, name: &str) -> Result<tokio::fs::File, Said> {
    if !may_be_a_file(name) {
        return Err(Said::new(
            format!(
                "「{name}」はファイル名に使えません。記号を除いた名前に変えてから選んでください。"
            ),
            format!(
                "\"{name}\" cannot be a file's name. Rename the file without signs and choose it again."
            ),
        ));
    }
    let open = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(folder.join(name))
        .await;
    open.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Said::new(
            format!("同じ名前のファイルが2つ選ばれています：{name}。1つにしてください。"),
            format!("Two files have the same name: {name}. Choose one of them."),
        ),
        _ => not_written(&error),
    })
}

/// Some browsers send the folder too.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Whether the name stays within its folder and can be written on every system; what may travel
/// is for the client to say.
fn may_be_a_file(name: &str) -> bool {
    let bad = |c: char| c.is_control() || "<>:\"/\\|?*".contains(c);
    !name.is_empty()
        && name.len() <= 240
        && !name.contains(bad)
        && !name.starts_with('.')
        && !name.ends_with(['.', ' '])
        && !name.starts_with("set.")
}

fn cut_off(error: MultipartError) -> Said {
    let why = error.status();
    Said::new(
        format!("ファイルを最後まで受け取れませんでした（{why}）。もう一度選んでください。"),
        format!("The files did not arrive completely ({why}). Choose them again."),
    )
}

fn not_written(error: &io::Error) -> Said {
    if error.kind() == io::ErrorKind::StorageFull {
        return Said::new(
            "パソコンの空き容量が足りません。不要なファイルを削除してから、もう一度選んでください。",
            "The disk is full. Make room and choose the files again.",
        );
    }
    Said::new(
        format!("ファイルを保存できませんでした（{error}）。もう一度選んでください。"),
        format!("The files could not be stored ({error}). Choose them again."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_folder() {
        for (given, taken) in [
            ("a.csv", "a.csv"),
            (r"C:\export\a.csv", "a.csv"),
            ("export/第3表.pdf", "第3表.pdf"),
            ("../../etc/passwd", "passwd"),
            (r"..\..\x.csv", "x.csv"),
        ] {
            assert_eq!(base_name(given), taken);
            assert!(may_be_a_file(taken), "{taken}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".htaccess",
            "a\0b",
            "a\nb",
            "x.",
            "x ",
            "a:b",
            "set.0",
            "a|b",
        ] {
            assert!(!may_be_a_file(bad), "{bad:?}");
        }
    }
}

//! The configuration: what is refused, where, and that all faults come at once.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use careplan_core::{Explain, Lang};
use careplan_platform::settings::{FaultKind, Place};
use careplan_platform::{Settings, SettingsError, make_development_home};

fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("platform.toml");
    fs::write(&file, text).unwrap();
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(&file, variables, [])
}

/// Line and column of every fault.
fn places(error: &SettingsError) -> Vec<(usize, usize)> {
    error
        .faults()
        .iter()
        .map(|fault| match fault.place() {
            Place::File { line, column, .. } => (*line, *column),
            _ => (0, 0),
        })
        .collect()
}

#[test]
fn the_environment_stands_over_the_file_and_the_file_over_what_is_built_in() {
    let settings = read(
        "[server]\nlisten = \"127.0.0.1:1\"\n[keep]\ndays = 10\n",
        &[
            ("CAREPLAN_PLATFORM_KEEP_DAYS", "20"),
            ("CAREPLAN_OFFICE_HOME", "another program's"),
            ("CAREPLAN_PLATFORM_HOME", "the program's own"),
        ],
    )
    .unwrap();
    assert_eq!(settings.server.listen.port(), 1);
    assert_eq!(settings.keep.days.get(), 20);
    assert_eq!(settings.limits.headers.get(), 64);
}

#[test]
fn options_stand_over_the_environment_and_are_named_in_faults() {
    let folder = tempfile::tempdir().unwrap();
    let variables = || {
        let url = "postgres://platform@127.0.0.1/environment".to_owned();
        [("CAREPLAN_PLATFORM_STORAGE_DATABASE_URL".to_owned(), url)]
    };
    let [(database, of_database), (objects, _)] = Settings::OPTIONS;
    assert_eq!(
        (database, of_database),
        ("--database-url", "storage.database_url")
    );
    let url = "postgres://platform:secret@127.0.0.1/option".to_owned();
    let settings =
        Settings::without_file(folder.path(), variables(), [(database, url.clone())]).unwrap();
    let given = settings.storage.database_url.as_ref().unwrap();
    assert_eq!(given.expose(), url);
    assert!(!format!("{settings:?}").contains("secret"));
    // One without the other.
    let error = settings.storage_choice().unwrap_err();
    assert_eq!(error.faults()[0].place(), &Place::Option("--database-url"));
    assert!(!error.to_string().contains("secret"), "{error}");
    // No URL, and no option.
    let given = [
        (objects, "secret".to_owned()),
        ("--object-stores", "secret".to_owned()),
    ];
    let error = Settings::without_file(folder.path(), variables(), given).unwrap_err();
    let places: Vec<_> = error
        .faults()
        .iter()
        .map(|fault| fault.place().clone())
        .collect();
    assert_eq!(
        places,
        [
            Place::Option("--object-store"),
            Place::Option("--object-stores")
        ]
    );
    for lang in [Lang::Ja, Lang::En] {
        let told = error.explain(lang);
        assert!(told.contains("storage.object_store"), "{told}");
        assert!(told.contains("--object-store"), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
}

#[test]
fn all_faults_come_at_once_each_with_its_place() {
    let error = read(
        "[server]\nlisen = \"x\"\nlisten = \"nonsense\"\n[limit]\n[keep]\ndays = 0\n",
        &[("CAREPLAN_PLATFORM_LOG_FROM", "json")],
    )
    .unwrap_err();
    assert_eq!(places(&error), [(2, 1), (3, 10), (4, 2), (6, 8), (0, 0)]);
    let nearest: Vec<_> = error
        .faults()
        .iter()
        .filter_map(|fault| match fault.kind() {
            FaultKind::Unknown { nearest, .. } => Some(*nearest),
            _ => None,
        })
        .collect();
    assert_eq!(
        nearest,
        [Some("server.listen"), Some("limits"), Some("log.form")]
    );
    for lang in [Lang::Ja, Lang::En] {
        assert_eq!(error.explain(lang).lines().count(), 5);
    }
}

#[test]
fn values_outside_their_bounds_or_of_another_type_are_refused() {
    for text in [
        "[keep]\ndays = 3651",
        "[keep]\ndays = -1",
        "[keep]\ndays = \"90\"",
        "[keep]\ndays = 1.5",
        "[limits]\nhead_bytes = 8191",
        "[server]\nlisten = 8443",
        "[server]\nlisten = \"localhost:8443\"",
        "[trust]\nauthorities = \"one.pem\"",
        "[trust]\nauthorities = [1]",
        "[log]\nlevel = \"loud\"",
    ] {
        let error = read(text, &[]).unwrap_err();
        assert_eq!(error.faults().len(), 1, "{text}");
        assert!(
            matches!(error.faults()[0].kind(), FaultKind::Form { .. }),
            "{text}: {error}"
        );
    }
}

#[test]
fn what_is_no_toml_is_refused_with_the_line() {
    let error = read("[server]\nlisten = \n", &[]).unwrap_err();
    assert!(matches!(error.faults()[0].kind(), FaultKind::NotToml(_)));
    assert_eq!(places(&error)[0].0, 2);
    // A value is never repeated: it may be secret.
    let error = read("[server]\nkey = hunter2hunter2\n", &[]).unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn every_setting_may_be_left_at_its_example() {
    // The example's lines with the comment signs of settings taken away.
    let example: String = Settings::example()
        .lines()
        .filter_map(|line| match line.strip_prefix("# ") {
            Some(setting) if setting.contains(" = ") && !setting.ends_with("= ") => {
                Some(format!("{setting}\n"))
            }
            Some(_) => None,
            None => Some(format!("{line}\n")),
        })
        .collect();
    read(&example, &[]).unwrap_or_else(|error| panic!("{error}\n{example}"));
}

#[test]
fn files_that_cannot_be_used_are_named_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    make_development_home(folder.path(), &["127.0.0.1"], chrono::Utc::now()).unwrap();
    let settings = Settings::read(&folder.path().join(Settings::FILE), [], []).unwrap();
    settings.platform_config(folder.path()).unwrap();
    let certificates = folder.path().join("certificates");
    fs::remove_file(certificates.join("server.pem")).unwrap();
    fs::write(certificates.join("offices.crl"), "no list").unwrap();
    let error = settings.platform_config(folder.path()).unwrap_err();
    let named: Vec<_> = error
        .faults()
        .iter()
        .map(|fault| match fault.kind() {
            FaultKind::NamedFile { name, file, .. } => (*name, file.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        named,
        [
            ("server.certificate", certificates.join("server.pem")),
            ("trust.revocation_lists", certificates.join("offices.crl")),
        ]
    );
}

#[test]
fn settings_that_only_make_sense_together_are_refused_alone() {
    for (text, place) in [
        (
            "[web]\nkey = \"certificates/server.key.pem\"\n",
            "web.certificate",
        ),
        ("[web]\nclient_version = \"1.0\"\n", "web.client_file"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        make_development_home(folder.path(), &["127.0.0.1"], chrono::Utc::now()).unwrap();
        let file = folder.path().join(Settings::FILE);
        fs::write(&file, text).unwrap();
        let settings = Settings::read(&file, [], []).unwrap();
        let error = settings.platform_config(folder.path()).unwrap_err();
        assert_eq!(error.faults().len(), 1, "{error}");
        assert!(
            matches!(error.faults()[0].kind(), FaultKind::Conflict { name, .. } if *name == place),
            "{error}"
        );
    }
}

#[test]
fn a_home_may_be_named_relatively() {
    // Below the working folder of tests, which is the crate's.
    let folder = tempfile::tempdir_in(".").unwrap();
    let home = Path::new(folder.path().file_name().unwrap());
    make_development_home(home, &["127.0.0.1"], chrono::Utc::now()).unwrap();
    let settings = Settings::read(&home.join(Settings::FILE), [], []).unwrap();
    settings.platform_config(home).unwrap();
}

#[test]
fn a_development_home_is_never_made_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let now = chrono::Utc::now();
    make_development_home(folder.path(), &["127.0.0.1"], now).unwrap();
    let before = fs::read(folder.path().join("certificates/server.pem")).unwrap();
    make_development_home(folder.path(), &["127.0.0.1"], now).unwrap_err();
    let after = fs::read(folder.path().join("certificates/server.pem")).unwrap();
    assert_eq!(before, after);
    assert!(Path::new(&folder.path().join("authority/authority.key.pem")).exists());
}

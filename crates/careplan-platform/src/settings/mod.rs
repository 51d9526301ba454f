//! The platform's configuration: a TOML file and environment variables, checked whole before
//! anything starts.
//!
//! Every setting is declared once, below: its field, its type, its built-in value, its words. From
//! that follow reading, checking, and the table in docs/operations.md.

mod fault;
mod identity;
mod storage;
mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

pub use fault::{Fault, FaultKind, Place, SettingsError};
pub use value::{Listener, LogForm, LogLevel, Number, SecretUrl};
use value::{Value, Written};

/// What the names of environment variables begin with: `CAREPLAN_PLATFORM_SERVER_LISTEN` is
/// `listen` of `[server]`.
const ENVIRONMENT: &str = "CAREPLAN_PLATFORM_";
/// Variables of that prefix that are options of the program, not settings.
const OF_THE_PROGRAM: [&str; 3] = ["HOME", "CONFIG", "LANG"];
/// How alike an unknown name must be to be taken for a slip of the pen.
const SLIP: f64 = 0.75;

/// One line of the declaration.
struct Setting {
    section: &'static str,
    key: &'static str,
    /// `section.key`.
    name: &'static str,
    en: &'static str,
    ja: &'static str,
    form: fn() -> (String, String),
    show: fn(&Settings) -> Option<String>,
    read: fn(&mut Settings, Written<'_>, &Path) -> bool,
}

macro_rules! settings {
    ($(
        $(#[doc = $about:literal])*
        [$section:ident] $Section:ident {
            $(
                $(#[doc = $en:literal])*
                $key:ident: $type:ty = $built_in:expr, $ja:literal;
            )*
        }
    )*) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug, Clone)]
            #[non_exhaustive]
            pub struct $Section {
                $( $(#[doc = $en])* pub $key: $type, )*
            }
        )*

        /// The platform's configuration. [`Settings::read`] makes one.
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub struct Settings {
            $( $(#[doc = $about])* pub $section: $Section, )*
            /// Where the settings that are not built in were given, by name.
            given: BTreeMap<&'static str, Place>,
            /// What relative paths are relative to.
            folder: PathBuf,
        }

        impl Settings {
            /// The built-in values; relative paths are below `folder`.
            fn built_in(folder: &Path) -> Self {
                Self {
                    $( $section: $Section { $( $key: $built_in, )* }, )*
                    given: BTreeMap::new(),
                    folder: folder.to_owned(),
                }
            }
        }

        /// Every setting, in the order of the declaration.
        const ALL: &[Setting] = &[ $( $( Setting {
            section: stringify!($section),
            key: stringify!($key),
            name: concat!(stringify!($section), ".", stringify!($key)),
            en: concat!($($en),*),
            ja: $ja,
            form: <$type as Value>::form,
            show: |settings| settings.$section.$key.show(),
            read: |settings, written, folder| match <$type as Value>::read(written, folder) {
                Some(value) => {
                    settings.$section.$key = value;
                    true
                }
                None => false,
            },
        }, )* )* ];
    };
}

settings! {
    /// Where offices call, and what the platform shows them.
    [server] Server {
        /// Address of the API
        listen: std::net::SocketAddr = loopback(8443), "APIの待受アドレス";
        /// Certificate of the server, then its intermediates, PEM
        certificate: PathBuf = "certificates/server.pem".into(), "サーバー証明書と中間証明書（PEM）";
        /// Private key of that certificate, PEM
        key: PathBuf = "certificates/server.key.pem".into(), "サーバー証明書の秘密鍵（PEM）";
        /// How long calls under way may take to finish when the platform is stopped
        stop_seconds: Number<0, 3600> = Number::near(30), "停止時に処理中の呼び出しを待つ秒数";
    }
    /// What receipts and the evidence log are signed with.
    [evidence] EvidenceKey {
        /// The operator's certificate, then its intermediates, PEM
        certificate: PathBuf = "certificates/evidence.pem".into(), "受領証と証拠ログに署名する運用者の証明書と中間証明書（PEM）";
        /// Private key of that certificate, PEM
        key: PathBuf = "certificates/evidence.key.pem".into(), "運用者の証明書の秘密鍵（PEM）";
        /// Seconds a receipt may wait until the log takes it in
        merge_delay_seconds: Number<1, 3600> = Number::near(1), "受領証が証拠ログに追加されるまでの最大の秒数";
        /// Name of the log in its checkpoints; another one after a restore from a backup
        log: careplan_envelope::evidence::EvidenceName = evidence_log(), "チェックポイントに記す証拠ログの名前。バックアップから復元した後は別の名前にする";
    }
    /// Whose certificates are believed.
    [trust] Trusted {
        /// Certificates of the authorities that issue offices' certificates, PEM; read again when they change
        authorities: Vec<PathBuf> = vec!["certificates/authority.pem".into()], "事業所の証明書を発行する認証局の証明書（PEM）。変更されると読み直す";
        /// Revocation lists of those authorities, PEM or DER; read again when they change. If there is any, every certificate must be covered by one in date
        revocation_lists: Vec<PathBuf> = Vec::new(), "認証局の失効リスト（PEMまたはDER）。変更されると読み直す。指定すると、すべての証明書が期限内のリストの対象でなければならない";
        /// Where kind and office number stand in a certificate, JSON; the profile of this project's authority if not set
        profile: Option<PathBuf> = None, "証明書プロファイル（JSON）。省略時は本プロジェクトの認証局のもの";
    }
    /// How long things are kept.
    [keep] Keep {
        /// Days a sending can be fetched and confirmed; it expires after that
        days: Number<1, 3650> = Number::near(90), "送信されたデータを受信できる日数。過ぎると期限切れになる";
        /// Days the container is kept after it was confirmed, expired or withdrawn; the record stays
        settled_days: Number<1, 3650> = Number::near(30), "受信確認、期限切れ、取消の後にデータを残す日数。記録は残る";
        /// Days the lines of the access log are kept
        access_log_days: Number<1, 36500> = Number::near(1825), "アクセス記録（監査ログ）を残す日数";
    }
    /// The web site for offices' staff, to browsers.
    [web] Web {
        /// Its address, or off
        listen: Listener = Listener(Some(loopback(8444))), "ウェブサイトの待受アドレス、または「off」";
        /// Its certificate, one that browsers trust, then its intermediates, PEM; the server's if not set
        certificate: Option<PathBuf> = None, "ブラウザーが信頼するサーバー証明書（PEM）。省略時はAPIのもの";
        /// Private key of that certificate, PEM; the server's if not set
        key: Option<PathBuf> = None, "その秘密鍵（PEM）。省略時はAPIのもの";
        /// Folder of the authority that issues certificates at the site; without one, offices are told to ask
        authority: Option<PathBuf> = None, "ウェブサイトで証明書を発行する認証局のフォルダー。省略時は問い合わせの案内になる";
        /// How to reach the operations centre, at the bottom of every page
        contact: String = String::new(), "各ページの末尾に載せる運用センターの連絡先";
        /// The office client to download
        client_file: Option<PathBuf> = None, "ダウンロードできるクライアントのファイル";
        /// Its version
        client_version: Option<String> = None, "クライアントの版";
        /// First day it is offered
        client_from: Option<chrono::NaiveDate> = None, "クライアントの提供開始日";
    }
    /// Licences.
    [licence] LicenceRules {
        /// Fee table, TOML; the built-in one if not set
        fees: Option<PathBuf> = None, "料金表（TOML）。省略時は組込みのもの";
    }
    /// The operators' own listener: /health, /ready, /metrics.
    [operations] Operations {
        /// Its address, or off. Plain HTTP without log-in: loopback, or a network of the operations centre's own
        listen: Listener = Listener(Some(loopback(9464))), "監視用の待受アドレス、または「off」。暗号化も認証もないため、この機械か運用センター内のネットワークに限る";
        /// Megabytes of free space below which the platform is not ready
        least_free_mb: Number<0, 1_000_000_000> = Number::near(1024), "準備完了とみなす空き容量の下限（MB）";
    }
    /// Where sendings are kept: in the home, or in PostgreSQL and an object store.
    [storage] StorageSettings {
        /// Connections that read the home's database
        readers: Number<1, 64> = Number::near(4), "保存先のデータベースを読む接続の数";
        /// PostgreSQL database, like `postgres://user:password@host/database`; the home's if not set
        database_url: Option<SecretUrl> = None, "PostgreSQLデータベースのURL。省略時は保存先の中";
        /// Object store of the containers, `s3://bucket/prefix` or `file:///folder`; goes with the database's URL. Region, endpoint and keys of S3 are taken from the AWS_… variables
        object_store: Option<SecretUrl> = None, "コンテナを置くオブジェクトストアのURL。データベースのURLと共に指定する。S3の設定は環境変数AWS_…から読む";
        /// Certificates of the authorities that the database server's certificate is believed from, PEM; without, only a database on this machine is used
        database_authorities: Vec<PathBuf> = Vec::new(), "データベースサーバーの証明書の認証局（PEM）。省略時はこの機械のデータベースに限る";
        /// Connections to the PostgreSQL database, at most
        connections: Number<1, 1000> = Number::near(16), "PostgreSQLへの接続の最大数";
    }
    /// What callers can take.
    [limits] LimitsOfCallers {
        /// Connections at a time; further ones wait to be accepted
        connections: Number<1, 1_000_000> = Number::near(20_000), "同時に開ける接続の数。超えた分は待つ";
        /// Seconds for the TLS handshake
        handshake_seconds: Number<1, 600> = Number::near(10), "TLSハンドシェイクの秒数";
        /// Seconds for the head of a request; also how long an idle connection is kept
        head_seconds: Number<1, 3600> = Number::near(60), "要求のヘッダーを待つ秒数。使われない接続を保つ時間でもある";
        /// Bytes of the head of a request
        head_bytes: Number<8192, 1_048_576> = Number::near(16 * 1024), "要求のヘッダーのバイト数";
        /// Headers in a request
        headers: Number<8, 1000> = Number::near(64), "要求のヘッダーの個数";
        /// Bytes of a JSON body
        json_bytes: Number<1024, 1_048_576> = Number::near(16 * 1024), "JSON本文のバイト数";
        /// Bytes of a container
        container_bytes: Number<65_536, 1_073_741_824> = Number::near(512 * 1024 * 1024), "コンテナのバイト数";
        /// Seconds of the longest pause in a body, in either direction
        pause_seconds: Number<1, 600> = Number::near(30), "本文の途絶を待つ秒数（送受信とも）";
        /// Seconds for a whole body
        upload_seconds: Number<1, 3500> = Number::near(1800), "本文全体の秒数";
        /// Passwords checked at a time; each takes a core and keeps about 60 MB
        passwords_at_once: Number<1, 256> = Number::near(2), "同時に照合するパスワードの数。1件ごとにコア1つと約60MBを使う";
        /// Calls an office may make at once after a quiet time
        office_calls_at_once: Number<1, 1_000_000> = Number::near(2000), "1事業所が続けて行える呼び出しの数";
        /// Calls a second an office may make after that
        office_calls_per_second: Number<1, 100_000> = Number::near(500), "その後1事業所が1秒間に行える呼び出しの数";
        /// Log-ins, refreshes and password changes at once from an address after a quiet time
        address_log_ins_at_once: Number<1, 1_000_000> = Number::near(500), "1つのアドレスから続けて行えるログイン・更新・パスワード変更の数";
        /// Such calls a minute from an address after that
        address_log_ins_per_minute: Number<1, 1_000_000> = Number::near(1200), "その後1つのアドレスから1分間に行えるログイン等の数";
    }
    /// The log, on standard error.
    [log] Log {
        /// What its lines look like
        form: LogForm = LogForm::Json, "ログの形式";
        /// From which severity on
        level: LogLevel = LogLevel(tracing::Level::INFO), "ログに残す重要度の下限";
    }
}

/// A folder as an absolute path, so that a path below it is the same wherever it is used from, and
/// joining it again changes nothing. Where the working folder cannot be told, as it was written.
fn absolute(folder: &Path) -> PathBuf {
    let named = if folder == Path::new("") {
        Path::new(".")
    } else {
        folder
    };
    std::path::absolute(named).unwrap_or_else(|_| folder.to_owned())
}

/// The name of the log of a platform that was never restored.
#[expect(clippy::expect_used, reason = "the text is a name")]
fn evidence_log() -> careplan_envelope::evidence::EvidenceName {
    "evidence".parse().expect("a name of lower-case letters")
}

const fn loopback(port: u16) -> std::net::SocketAddr {
    std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), port)
}

impl Settings {
    /// Name of the configuration file in a home.
    pub const FILE: &str = "platform.toml";

    /// The settings that are options of the program too: option and setting.
    pub const OPTIONS: [(&str, &str); 2] = [
        ("--database-url", "storage.database_url"),
        ("--object-store", "storage.object_store"),
    ];

    /// Reads a configuration: the built-in values, over them the file's, over them those of the
    /// environment (`variables`, all of the process's; those of other programs are skipped), over
    /// them those of the program's options (the names of [`OPTIONS`](Self::OPTIONS) with their
    /// texts). Relative paths are below the file's folder.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(
        file: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        options: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, SettingsError> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let mut settings = Self::built_in(&absolute(folder));
        let mut faults = Vec::new();
        match std::fs::read_to_string(file) {
            Ok(text) => settings.read_file(file, &text, &mut faults),
            Err(error) => faults.push(Fault::new(
                Place::File {
                    path: file.to_owned(),
                    line: 1,
                    column: 1,
                },
                FaultKind::Unreadable(error.to_string()),
            )),
        }
        // As they stand in the file, not as the parser's map is sorted.
        faults.sort_by_key(|fault| match fault.place() {
            Place::File { line, column, .. } => (*line, *column),
            _ => (usize::MAX, 0),
        });
        settings.read_over(variables, options, faults)
    }

    /// As [`read`](Self::read), of a home that has no configuration file.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn without_file(
        home: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
        options: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, SettingsError> {
        Self::built_in(&absolute(home)).read_over(variables, options, Vec::new())
    }

    fn read_over(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        options: impl IntoIterator<Item = (&'static str, String)>,
        mut faults: Vec<Fault>,
    ) -> Result<Self, SettingsError> {
        self.read_environment(variables, &mut faults);
        for (option, text) in options {
            let setting = Self::OPTIONS
                .iter()
                .find(|(name, _)| *name == option)
                .and_then(|(_, of)| ALL.iter().find(|setting| setting.name == *of));
            let place = Place::Option(option);
            match setting {
                Some(setting) => self.put(setting, Written::Text(&text), place, &mut faults),
                None => {
                    let kind = unknown(option, Self::OPTIONS.iter().map(|(name, _)| *name));
                    faults.push(Fault::new(place, kind));
                }
            }
        }
        SettingsError::unless_faulty(Some(self), faults)
    }

    fn read_file(&mut self, path: &Path, text: &str, faults: &mut Vec<Fault>) {
        let place = |offset: usize| place_in(path, text, offset);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let offset = error.span().map_or(0, |span| span.start);
            faults.push(Fault::new(
                place(offset),
                FaultKind::NotToml(error.message().to_owned()),
            ));
        }
        for (section, content) in document.get_ref() {
            let name = section.get_ref().as_ref();
            let Some(table) = content
                .get_ref()
                .as_table()
                .filter(|_| ALL.iter().any(|setting| setting.section == name))
            else {
                let kind = unknown(name, ALL.iter().map(|setting| setting.section));
                faults.push(Fault::new(place(section.span().start), kind));
                continue;
            };
            for (key, value) in table {
                self.read_setting(
                    name,
                    key.get_ref().as_ref(),
                    value.get_ref(),
                    [place(key.span().start), place(value.span().start)],
                    faults,
                );
            }
        }
    }

    fn read_setting(
        &mut self,
        section: &str,
        key: &str,
        value: &DeValue<'_>,
        [at_key, at_value]: [Place; 2],
        faults: &mut Vec<Fault>,
    ) {
        let setting = ALL
            .iter()
            .find(|setting| setting.section == section && setting.key == key);
        let Some(setting) = setting else {
            let name = format!("{section}.{key}");
            let kind = unknown(&name, ALL.iter().map(|setting| setting.name));
            faults.push(Fault::new(at_key, kind));
            return;
        };
        self.put(setting, Written::Toml(value), at_value, faults);
    }

    fn read_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
        faults: &mut Vec<Fault>,
    ) {
        // Sorted, so that faults come in the same order each time.
        let variables: BTreeMap<String, String> = variables.into_iter().collect();
        for (variable, text) in variables {
            let Some(name) = variable
                .strip_prefix(ENVIRONMENT)
                .filter(|name| !OF_THE_PROGRAM.contains(name))
            else {
                continue;
            };
            match ALL.iter().find(|setting| setting.variable() == name) {
                Some(setting) => {
                    let place = Place::Environment(variable.clone());
                    self.put(setting, Written::Text(&text), place, faults);
                }
                None => {
                    let dotted = name.to_ascii_lowercase().replacen('_', ".", 1);
                    let mut kind = unknown(&dotted, ALL.iter().map(|setting| setting.name));
                    if let FaultKind::Unknown { name, .. } = &mut kind {
                        variable.clone_into(name);
                    }
                    faults.push(Fault::new(Place::Environment(variable), kind));
                }
            }
        }
    }

    fn put(
        &mut self,
        setting: &Setting,
        written: Written<'_>,
        place: Place,
        faults: &mut Vec<Fault>,
    ) {
        let folder = self.folder.clone();
        if (setting.read)(self, written, &folder) {
            self.given.insert(setting.name, place);
        } else {
            let kind = FaultKind::Form {
                name: setting.name,
                form: (setting.form)(),
            };
            faults.push(Fault::new(place, kind));
        }
    }

    /// Where a setting was given.
    fn place_of(&self, name: &'static str) -> Place {
        self.given
            .get(name)
            .cloned()
            .unwrap_or(Place::BuiltIn(name))
    }

    /// A path as it is used: what is built in is below the configuration's folder too.
    fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The settings as a table in Markdown, for the documentation.
    #[must_use]
    pub fn table() -> String {
        let built_in = Self::built_in(Path::new(""));
        let mut table =
            "| setting | built in | takes | meaning | 意味 |\n| --- | --- | --- | --- | --- |\n"
                .to_owned();
        for setting in ALL {
            let value = (setting.show)(&built_in)
                .map_or("not set".to_owned(), |value| format!("`{value}`"));
            let (_, form) = (setting.form)();
            table.push_str(&format!(
                "| `{}` | {value} | {form} | {} | {} |\n",
                setting.name,
                setting.en.trim(),
                setting.ja
            ));
        }
        table
    }

    /// A configuration file with every setting, commented out at its built-in value.
    #[must_use]
    pub fn example() -> String {
        let built_in = Self::built_in(Path::new(""));
        let mut example = String::new();
        let mut section = "";
        for setting in ALL {
            if setting.section != section {
                section = setting.section;
                example.push_str(&format!("\n[{section}]\n"));
            }
            let value = (setting.show)(&built_in).unwrap_or_default();
            example.push_str(&format!(
                "# {} ({})\n# {} = {value}\n",
                setting.en.trim(),
                setting.ja,
                setting.key
            ));
        }
        example
    }
}

impl Setting {
    /// Its environment variable, without the prefix.
    fn variable(&self) -> String {
        self.name.replace('.', "_").to_ascii_uppercase()
    }
}

/// The fault of a name that is none, with the nearest that is one.
fn unknown(name: &str, known: impl Iterator<Item = &'static str>) -> FaultKind {
    let nearest = known
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .filter(|(alike, _)| *alike >= SLIP)
        .map(|(_, known)| known);
    FaultKind::Unknown {
        name: name.to_owned(),
        nearest,
    }
}

/// Line and column of an offset, counted from 1.
fn place_in(path: &Path, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::File {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_begin..].chars().count() + 1,
    }
}

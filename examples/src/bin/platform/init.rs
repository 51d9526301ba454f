//! `platform init`: a home for development.

use careplan_platform::make_development_home;
use chrono::Utc;
use clap::Args;
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Args)]
pub(crate) struct Init {
    /// DNS name or IP address the server is called by, repeatable (サーバー名)
    #[arg(long = "name", value_name = "NAME", default_values = ["localhost", "127.0.0.1"])]
    names: Vec<String>,
}

impl Init {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        make(home, &names)?;
        let folder = home.folder().display();
        home.tell(
            &json!({"home": home.folder(), "for_development": true}),
            &format!(
                "{folder} に開発用の環境を作成しました（認証局 authority/、証明書 certificates/、設定 platform.toml）。\n\
                 この認証局は本番では使用できません。\n\
                 次: platform --home {folder}"
            ),
            &format!(
                "{folder} is a home for development now: authority/ (an authority), certificates/, platform.toml.\n\
                 This authority is not for service.\n\
                 Next: platform --home {folder}"
            ),
        );
        Ok(())
    }
}

/// Makes the home of this machine alone.
pub(crate) fn make_local(home: &Home) -> Result<(), Failure> {
    make(home, &["localhost", "127.0.0.1"])
}

fn make(home: &Home, names: &[&str]) -> Result<(), Failure> {
    make_development_home(home.folder(), names, Utc::now()).map_err(Failure::of)
}

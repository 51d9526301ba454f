//! `office status`: what an office looks at first.

use chrono::Utc;
use serde_json::json;

use crate::Outcome;
use crate::failure::Failure;
use crate::office::Office;
use crate::output::when;

pub(crate) fn run(office: &Office) -> Result<Outcome, Failure> {
    let setup = office.setup()?;
    let client = office.client()?;
    let status = client.status()?;
    let certificate = client.certificate();
    let days_left = (certificate.not_after - Utc::now()).num_days();
    let renew = days_left < careplan_client::RENEW_BEFORE_DAYS;
    let outcome = if status.refused + status.quarantined > 0 || renew {
        Outcome::LookAtIt
    } else {
        Outcome::Done
    };
    if office.json {
        office.print_json(&json!({
            "office": client.office(),
            "home": setup.home(),
            "platform": setup.settings().platform,
            "sets": status,
            "certificate": {
                "ends_at": certificate.not_after, "days_left": days_left, "renew": renew,
            },
        }));
        return Ok(outcome);
    }
    let number = client.office();
    let platform = &setup.settings().platform;
    office.say(
        format!("事業所 {number}（接続先 {platform}）"),
        format!("office {number}, platform {platform}"),
    );
    let rows = [
        ("送信待ち", "waiting to be sent", status.waiting),
        ("配送中", "under way", status.under_way),
        ("配送済", "delivered", status.delivered),
        (
            "取消・期限切れ等",
            "withdrawn, expired and the like",
            status.ended,
        ),
        (
            "送信できません（要確認）",
            "not accepted: look at them",
            status.refused,
        ),
        ("新着（未取り出し）", "new, not taken out yet", status.new),
        ("取り出し済", "taken out", status.taken_out),
        (
            "隔離（要確認）",
            "quarantined: look at them",
            status.quarantined,
        ),
    ];
    for (ja, en, count) in rows {
        office.say(format!("{count:>8}  {ja}"), format!("{count:>8}  {en}"));
    }
    let until = when(certificate.not_after);
    office.say(
        format!("証明書の有効期限 {until}（あと{days_left}日）"),
        format!("the certificate ends {until}, in {days_left} days"),
    );
    if status.quarantined > 0 {
        office.say(
            "隔離したデータの理由は office show で確かめられます。鍵、認証局の証明書、時計を直した後は office sync --recheck で確かめ直します。",
            "why something is quarantined is told by office show; after a key, an authority or the clock was put right, office sync --recheck looks again",
        );
    }
    if renew {
        office.say(
            "証明書の更新が必要です。office renew で更新の要求を作ってください。",
            "the certificate has to be renewed; begin with office renew",
        );
    }
    Ok(outcome)
}

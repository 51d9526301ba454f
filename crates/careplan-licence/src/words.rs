//! The rules in words, with the dates and fees they stand on, for people: `licence explain` and a
//! web site's help say the same. And what a state is called.

use careplan_core::{Lang, japan_date};

use crate::{
    APPLICATIONS_FROM, AUTOMATIC_RENEWAL_FROM, FeePeriod, FeeTable, Payment, PaymentMethod,
    Renewal, SENDING_FROM, Standing,
};

/// The rules in words (ライセンスの決まり), one sentence or two each. Fees are not among them:
/// those are [`fees_in_words`].
#[must_use]
pub fn rules_in_words(lang: Lang) -> Vec<String> {
    let rules: [(String, String); 11] = [
        (
            "ライセンスは事業所番号ごとに1つ、1年分です。複数年を申請すると、1年ごとのライセンスが続けて付与されます。".into(),
            "There is one licence per office number and year. Several years are licences of one year each in a row.".into(),
        ),
        (
            format!("利用申請は{APPLICATIONS_FROM}から、送信と受信は{SENDING_FROM}からできます。"),
            format!("Applications are taken from {APPLICATIONS_FROM}; sending and receiving began on {SENDING_FROM}."),
        ),
        (
            "ライセンスは、利用規約を最後まで読んで同意した日に始まります。同意した規約の版、同意した人、日時を保存します。".into(),
            "A licence begins on the day of consent to the terms, after they were read to the end. The edition of the terms, who consented and when are kept.".into(),
        ),
        (
            "有効期限は翌年の応当日の前日です。2月29日に始まるライセンスは翌年2月28日で終わります。".into(),
            "It is valid up to the eve of its anniversary. One that begins on 29 February ends on 28 February.".into(),
        ),
        (
            "有効期限までに更新すると、次のライセンスは有効期限の翌日に始まります。早く更新しても日数は減りません。".into(),
            "Renewed before its end, it goes on on the day after its last; no day is lost by renewing early.".into(),
        ),
        (
            "有効期限を過ぎてから申請すると、同意した日から新しく1年が始まります。".into(),
            "Applied for after the end, a new year begins on the day of consent.".into(),
        ),
        (
            format!("最初の申請が{AUTOMATIC_RENEWAL_FROM}以降のライセンスは、停止を申し出ない限り自動で更新されます。それより前のものは、有効期限までに更新の手続きが必要です。"),
            format!("A licence first applied for on or after {AUTOMATIC_RENEWAL_FROM} renews by itself unless that is declined; an earlier one has to be renewed by hand before its end."),
        ),
        (
            "利用料は、国保連合会が事業所に支払う介護給付費から差し引かれます。国保連合会に申し出ると、請求書による振込にできます。差し引く給付費がない事業所には請求書が届きます。".into(),
            "The fee is deducted from the care benefits the prefectural federation pays the office, or paid by transfer on an invoice after the office told the federation. An office without benefits to deduct from gets an invoice.".into(),
        ),
        (
            "支払状況は、未請求、請求済、支払済、支払期限超過のいずれかです。".into(),
            "The payment state is: not yet charged, charged, paid or overdue.".into(),
        ),
        (
            "送信には、その日に送信側と受信側の両方のライセンスが有効であることが必要です。有効なうちに受信したものは、期限が切れた後も読めます。".into(),
            "Sending needs a licence of the sender and of the receiver, both valid on that day. What was received while licensed stays readable afterwards.".into(),
        ),
        (
            "電子証明書の発行は無料です。".into(),
            "Certificates are issued free of charge.".into(),
        ),
    ];
    rules
        .into_iter()
        .map(|(ja, en)| lang.pick(ja, en))
        .collect()
}

/// The fee table in words, one line per period; the sources are the periods' own
/// ([`FeePeriod::sources`]).
#[must_use]
pub fn fees_in_words(fees: &FeeTable, lang: Lang) -> Vec<(String, &FeePeriod)> {
    fees.periods()
        .iter()
        .map(|period| {
            let (from, fee, name) = (period.from(), period.fee(), period.name(lang));
            let span = match (period.to(), lang) {
                (Some(to), Lang::Ja) => format!("{from}から{to}まで"),
                (None, Lang::Ja) => format!("{from}から"),
                (Some(to), Lang::En) => format!("from {from} to {to}"),
                (None, Lang::En) => format!("from {from}"),
            };
            let fee = match (fee.is_zero(), lang) {
                (true, Lang::Ja) => "無料".to_owned(),
                (true, Lang::En) => "no fee".to_owned(),
                (false, Lang::Ja) => format!("1事業所1年{fee}円（税込）"),
                (false, Lang::En) => format!("{fee} yen per office and year, tax included"),
            };
            let words = lang.pick(
                format!("{span}に始まる年: {fee}（{name}）"),
                format!("A year that begins {span}: {fee} ({name})"),
            );
            (words, period)
        })
        .collect()
}

impl Standing {
    /// In words: `有効（2027-03-31まで）`.
    #[must_use]
    pub fn in_words(self, lang: Lang) -> String {
        match self {
            Self::None => lang.pick("ライセンスなし", "no licence").to_owned(),
            Self::NotYetValid { from } => lang.pick(
                format!("開始前（{from}から）"),
                format!("not yet valid, from {from}"),
            ),
            Self::Valid { until } => lang.pick(
                format!("有効（{until}まで）"),
                format!("valid until {until}"),
            ),
            Self::Expired { last } => lang.pick(
                format!("有効期限切れ（{last}まで）"),
                format!("expired after {last}"),
            ),
            Self::Revoked { since } => lang.pick(
                format!("取消（{since}から）"),
                format!("revoked since {since}"),
            ),
        }
    }
}

impl Renewal {
    /// In words: `自動更新`.
    #[must_use]
    pub const fn in_words(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::None, Lang::Ja) => "更新するライセンスなし",
            (Self::None, Lang::En) => "no licence to renew",
            (Self::ByHand, Lang::Ja) => "手続きが必要（有効期限で終了）",
            (Self::ByHand, Lang::En) => "by hand, ends with its last day otherwise",
            (Self::Automatic, Lang::Ja) => "自動更新",
            (Self::Automatic, Lang::En) => "renews by itself",
            (Self::Declined, Lang::Ja) => "自動更新しない（有効期限で終了）",
            (Self::Declined, Lang::En) => "automatic renewal declined, ends with its last day",
        }
    }
}

impl PaymentMethod {
    /// In words: `介護給付費からの差引`.
    #[must_use]
    pub const fn in_words(self, lang: Lang) -> &'static str {
        match (self, lang) {
            (Self::Deduction, Lang::Ja) => "介護給付費からの差引",
            (Self::Deduction, Lang::En) => "deducted from care benefits",
            (Self::Invoice, Lang::Ja) => "請求書による振込",
            (Self::Invoice, Lang::En) => "transfer on an invoice",
        }
    }
}

impl Payment {
    /// In words: `請求済（2026-12-31まで）`.
    #[must_use]
    pub fn in_words(self, lang: Lang) -> String {
        match self {
            Self::NoFee => lang.pick("支払不要（無料）", "nothing to pay").to_owned(),
            Self::NotCharged => lang.pick("未請求", "not yet charged").to_owned(),
            Self::Charged { due, .. } => lang.pick(
                format!("請求済（支払期限 {due}）"),
                format!("charged, due {due}"),
            ),
            Self::Overdue { due, .. } => lang.pick(
                format!("支払期限超過（支払期限 {due}）"),
                format!("overdue since {due}"),
            ),
            Self::Paid { at, .. } => {
                let day = japan_date(at);
                lang.pick(format!("支払済（{day}）"), format!("paid on {day}"))
            }
        }
    }
}

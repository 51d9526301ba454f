//! `platform licence`: how an office's licence stands, and what happens to it.

use std::num::NonZeroU8;

use careplan_core::{Lang, OfficeNumber, UserId};
use careplan_licence::{EventKind, OfficeState, PaymentMethod, Standing, TermsEdition, Yen};
use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::Failure;
use crate::home::Home;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// How the licence stands (状態)
    Show(Of),
    /// Records something that happened to it (記録)
    #[command(subcommand)]
    Record(What),
}

#[derive(Args)]
pub(crate) struct Of {
    /// Office number (事業所番号)
    office: OfficeNumber,
}

#[derive(Subcommand)]
pub(crate) enum What {
    /// An application on paper with consent to the terms: valid from today on (申請と同意)
    Granted {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        years: Years,
        #[command(flatten)]
        terms: Terms,
    },
    /// An application (利用申請)
    Applied {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        years: Years,
    },
    /// Consent to the terms, read to the end (規約への同意)
    Consented {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        by: By,
        #[command(flatten)]
        terms: Terms,
    },
    /// That it is not to be renewed (更新しない)
    RenewalDeclined {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        by: By,
    },
    /// That it is to be renewed after all (更新しないことの取消し)
    RenewalDeclineWithdrawn {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        by: By,
    },
    /// How fees are paid (支払方法)
    PaymentMethod {
        #[command(flatten)]
        of: Of,
        /// From the benefits, or by invoice
        #[arg(long, value_enum)]
        method: Method,
    },
    /// The fee was charged (請求)
    Charged {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        fee: Fee,
        /// Day until which it is to be paid (支払期限)
        #[arg(long)]
        due: NaiveDate,
    },
    /// The fee was paid (入金)
    Paid {
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        fee: Fee,
    },
    /// The licence was revoked (取消し)
    Revoked {
        #[command(flatten)]
        of: Of,
        /// Why, for the office and the record (理由)
        #[arg(long)]
        reason: String,
    },
    /// A revoked licence is good again (取消しの解除)
    Reinstated {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Args)]
pub(crate) struct By {
    /// Who did it: user ID (ユーザID)
    #[arg(long)]
    by: UserId,
}

#[derive(Args)]
pub(crate) struct Years {
    /// For how many years (年数)
    #[arg(long, default_value = "1")]
    years: NonZeroU8,
}

#[derive(Args)]
pub(crate) struct Terms {
    /// Edition of the terms (規約の版)
    #[arg(long)]
    terms: TermsEdition,
}

#[derive(Args)]
pub(crate) struct Fee {
    /// First day of the licence it is for (ライセンスの開始日)
    #[arg(long)]
    first_day: NaiveDate,
    /// Whole yen (金額)
    #[arg(long)]
    amount: u64,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Method {
    /// Taken from the benefits (給付からの控除)
    Deduction,
    /// By invoice (請求書)
    Invoice,
}

impl Command {
    pub(crate) fn run(&self, home: &Home) -> Result<(), Failure> {
        let office = match self {
            Self::Show(of) => of.office,
            Self::Record(what) => {
                let (office, events) = what.events();
                home.administration()?
                    .record_licence_events(office, events)
                    .map_err(Failure::of)?;
                office
            }
        };
        let state = home
            .administration()?
            .licence(office)
            .map_err(Failure::of)?;
        home.tell(
            &json!(state),
            &sentence(&state, Lang::Ja),
            &sentence(&state, Lang::En),
        );
        Ok(())
    }
}

impl What {
    fn events(&self) -> (OfficeNumber, Vec<EventKind>) {
        let applied = |by: &By, years: &Years| EventKind::Applied {
            by: by.by,
            years: years.years,
        };
        let consented = |by: &By, terms: &Terms| EventKind::Consented {
            by: by.by,
            terms: terms.terms.clone(),
            read_to_end: true,
        };
        match self {
            Self::Granted {
                of,
                by,
                years,
                terms,
            } => (of.office, vec![applied(by, years), consented(by, terms)]),
            Self::Applied { of, by, years } => (of.office, vec![applied(by, years)]),
            Self::Consented { of, by, terms } => (of.office, vec![consented(by, terms)]),
            Self::RenewalDeclined { of, by } => {
                (of.office, vec![EventKind::RenewalDeclined { by: by.by }])
            }
            Self::RenewalDeclineWithdrawn { of, by } => (
                of.office,
                vec![EventKind::RenewalDeclineWithdrawn { by: by.by }],
            ),
            Self::PaymentMethod { of, method } => {
                let method = match method {
                    Method::Deduction => PaymentMethod::Deduction,
                    Method::Invoice => PaymentMethod::Invoice,
                };
                (of.office, vec![EventKind::PaymentMethodChosen { method }])
            }
            Self::Charged { of, fee, due } => (
                of.office,
                vec![EventKind::Charged {
                    first_day: fee.first_day,
                    amount: Yen::new(fee.amount),
                    due: *due,
                }],
            ),
            Self::Paid { of, fee } => (
                of.office,
                vec![EventKind::Paid {
                    first_day: fee.first_day,
                    amount: Yen::new(fee.amount),
                }],
            ),
            Self::Revoked { of, reason } => (
                of.office,
                vec![EventKind::Revoked {
                    reason: reason.clone(),
                }],
            ),
            Self::Reinstated { of } => (of.office, vec![EventKind::Reinstated]),
        }
    }
}

fn sentence(state: &OfficeState, lang: Lang) -> String {
    let office = state.office;
    let (ja, en) = match state.standing {
        Standing::None => ("ライセンスなし".to_owned(), "no licence".to_owned()),
        Standing::NotYetValid { from } => {
            (format!("{from}から有効"), format!("valid from {from} on"))
        }
        Standing::Valid { until } => (format!("{until}まで有効"), format!("valid until {until}")),
        Standing::Expired { last } => (format!("{last}で終了"), format!("ended on {last}")),
        Standing::Revoked { since } => (format!("{since}に取消し"), format!("revoked on {since}")),
    };
    match lang {
        Lang::Ja => format!("事業所{office}: {ja}"),
        Lang::En => format!("Office {office}: {en}"),
    }
}

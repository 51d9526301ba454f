//! From when to when certificates and revocation lists are good, to warn before they are not.

use chrono::{DateTime, TimeDelta, Utc};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;
use x509_cert::time::Time;

/// How long before its end something is worth a word.
const SOON: TimeDelta = TimeDelta::days(30);

/// The time all of some certificates or lists are good together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dates {
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
}

impl Dates {
    /// When all of some certificates are good; what cannot be read says nothing.
    pub(crate) fn of_certificates(certificates: &[CertificateDer<'_>]) -> Self {
        Self::of(certificates.iter().filter_map(|certificate| {
            let certificate = Certificate::from_der(certificate).ok()?;
            let validity = certificate.tbs_certificate().validity();
            Some((
                instant(&validity.not_before),
                Some(instant(&validity.not_after)),
            ))
        }))
    }

    /// When all of some revocation lists are good.
    pub(crate) fn of_lists(lists: &[CertificateRevocationListDer<'_>]) -> Self {
        Self::of(lists.iter().filter_map(|list| {
            let list: CertificateList = CertificateList::from_der(list).ok()?;
            let next = list.tbs_cert_list.next_update.as_ref().map(instant);
            Some((instant(&list.tbs_cert_list.this_update), next))
        }))
    }

    fn of(all: impl Iterator<Item = (DateTime<Utc>, Option<DateTime<Utc>>)>) -> Self {
        let mut dates = Self {
            from: None,
            until: None,
        };
        for (from, until) in all {
            dates.from = dates.from.max(Some(from));
            dates.until = match (dates.until, until) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        dates
    }

    /// Whether all are good at an instant, with what an operator should know.
    pub(crate) fn judge(self, at: DateTime<Utc>) -> Result<Option<String>, String> {
        if let Some(from) = self.from.filter(|from| at < *from) {
            return Err(format!("not good before {from}"));
        }
        match self.until {
            Some(until) if at >= until => Err(format!("outdated since {until}; renew it")),
            Some(until) if at >= until - SOON => {
                Ok(Some(format!("outdated from {until} on; renew it soon")))
            }
            Some(until) => Ok(Some(format!("good until {until}"))),
            None => Ok(None),
        }
    }
}

fn instant(time: &Time) -> DateTime<Utc> {
    time.to_system_time().into()
}

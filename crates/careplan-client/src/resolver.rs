//! Where the platform's name leads, remembered for a while.
//!
//! The HTTP library asks before every request, also when a connection is open, and each question
//! takes a thread, so that it can be given up. A sync makes thousands of requests to one host.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an answer is good.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The system's resolver, with the last answer remembered. Copies share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remembering {
    last: Arc<Mutex<Option<Answer>>>,
}

#[derive(Debug)]
struct Answer {
    host: Authority,
    addresses: ResolvedSocketAddrs,
    at: Instant,
}

impl Remembering {
    /// Asks anew next time: the platform may have moved, or the office's machine.
    pub(crate) fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Resolver for Remembering {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // One lock for asking, too: there is one host to ask for.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(answer), Some(host)) = (&*last, uri.authority())
            && answer.host == *host
            && answer.at.elapsed() < REMEMBERED
        {
            return Ok(copy(self, &answer.addresses));
        }
        let addresses = DefaultResolver::default().resolve(uri, config, timeout)?;
        *last = uri.authority().map(|host| Answer {
            host: host.clone(),
            addresses: copy(self, &addresses),
            at: Instant::now(),
        });
        Ok(addresses)
    }
}

fn copy(resolver: &Remembering, addresses: &ResolvedSocketAddrs) -> ResolvedSocketAddrs {
    let mut copied = resolver.empty();
    for address in addresses {
        copied.push(*address);
    }
    copied
}

#[cfg(test)]
mod tests {
    use ureq::Timeout;

    use super::*;

    fn ask(resolver: &Remembering, uri: &'static str) -> Vec<String> {
        let timeout = NextTimeout {
            after: ureq::unversioned::transport::time::Duration::NotHappening,
            reason: Timeout::Resolve,
            ..NextTimeout::default()
        };
        let uri = Uri::from_static(uri);
        let found = resolver.resolve(&uri, &Config::default(), timeout).unwrap();
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_host_and_port_has_its_own_answer() {
        let resolver = Remembering::default();
        for _ in 0..2 {
            assert_eq!(ask(&resolver, "https://127.0.0.1/a"), ["127.0.0.1:443"]);
            assert_eq!(ask(&resolver, "https://127.0.0.1/b"), ["127.0.0.1:443"]);
            assert_eq!(
                ask(&resolver, "https://127.0.0.1:8443/"),
                ["127.0.0.1:8443"]
            );
            assert_eq!(ask(&resolver, "https://127.0.0.2/"), ["127.0.0.2:443"]);
        }
    }

    #[test]
    fn what_is_forgotten_is_asked_anew() {
        let resolver = Remembering::default();
        ask(&resolver, "https://127.0.0.1/");
        // As if the name had led elsewhere when it was asked.
        let mut elsewhere = resolver.empty();
        elsewhere.push("192.0.2.1:443".parse().unwrap());
        resolver.last.lock().unwrap().as_mut().unwrap().addresses = elsewhere;
        assert_eq!(ask(&resolver, "https://127.0.0.1/"), ["192.0.2.1:443"]);
        resolver.forget();
        assert_eq!(ask(&resolver, "https://127.0.0.1/"), ["127.0.0.1:443"]);
    }

    #[test]
    fn an_old_answer_is_asked_anew() {
        let resolver = Remembering::default();
        ask(&resolver, "https://127.0.0.1/");
        let mut last = resolver.last.lock().unwrap();
        let answer = last.as_mut().unwrap();
        answer.addresses = resolver.empty();
        let Some(at) = Instant::now().checked_sub(REMEMBERED) else {
            return;
        };
        answer.at = at;
        drop(last);
        assert_eq!(ask(&resolver, "https://127.0.0.1/"), ["127.0.0.1:443"]);
    }
}

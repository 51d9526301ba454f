//! Where a sending stands and what moves it on: one pure function, used by the platform to decide
//! and by a client to know what to expect.
//!
//! ```text
//!              release              fetch              confirm
//!  accepted ────────────▶ available ───────▶ fetched ──────────▶ confirmed
//!     │ │ refuse             │                │ ▲ │
//!     │ └──────▶ refused     │          fetch └─┘ │ expire
//!     │                      │                    │
//!     ├── withdraw ──────────┼──▶ withdrawn       │
//!     └── expire ────────────┴───────────────────▶┴ expired
//! ```
//!
//! Delivery is at least once: fetching can be repeated until, and after, confirming, so a receiver
//! that crashes with a container half stored gets it again. Confirming, withdrawing and the
//! platform's own events can be repeated too: the second time changes nothing and is no error.

use std::fmt;
use std::str::FromStr;

use careplan_core::{Explain, Lang};

use crate::text::serde_as_text;
use crate::{EvidenceEvent, InvalidText, ProblemCode, TextKind, TextReason, Wording};

/// The state of a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SendingState {
    /// Stored durably; the receiver does not see it yet.
    Accepted,
    /// The receiver can fetch it; the sender can still withdraw it.
    Available,
    /// The receiver fetched it at least once, and has not confirmed.
    Fetched,
    /// The receiver has it safely. Settled.
    Confirmed,
    /// The sender took it back before it was fetched. Settled.
    Withdrawn,
    /// It was not fetched and confirmed in time. Settled.
    Expired,
    /// The platform found after accepting that it may not be delivered. Settled.
    Refused,
}

impl SendingState {
    /// Every state, in the order above.
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Available,
        Self::Fetched,
        Self::Confirmed,
        Self::Withdrawn,
        Self::Expired,
        Self::Refused,
    ];

    /// The stable name on the wire and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Available => "available",
            Self::Fetched => "fetched",
            Self::Confirmed => "confirmed",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        let (ja, en) = match self {
            Self::Accepted => ("受付済", "accepted"),
            Self::Available => ("受信待ち", "waiting to be fetched"),
            Self::Fetched => ("受信中（確認待ち）", "fetched, not yet confirmed"),
            Self::Confirmed => ("受信確認済", "confirmed by the receiver"),
            Self::Withdrawn => ("取消済", "withdrawn by the sender"),
            Self::Expired => ("期限切れ", "expired"),
            Self::Refused => ("配信不可", "refused"),
        };
        lang.pick(ja, en)
    }

    /// Whether nothing moves it on any more.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Confirmed | Self::Withdrawn | Self::Expired | Self::Refused
        )
    }

    /// Whether the receiver sees it in lists and by its number; otherwise it is to the receiver
    /// as if it did not exist.
    #[must_use]
    pub const fn is_visible_to_receiver(self) -> bool {
        !matches!(self, Self::Accepted | Self::Refused)
    }

    /// The state after `event`, or why there is none.
    ///
    /// # Errors
    /// If the event cannot happen in this state.
    pub const fn after(self, event: Event) -> Result<Transition, TransitionRefused> {
        use SendingState::{Accepted, Available, Confirmed, Expired, Fetched, Refused, Withdrawn};
        let next = match (self, event) {
            (Accepted | Available, Event::Release) => Available,
            (Accepted | Refused, Event::Refuse) => Refused,
            (Available | Fetched, Event::Fetch) => Fetched,
            (Confirmed, Event::Fetch) => Confirmed,
            (Fetched | Confirmed, Event::Confirm) => Confirmed,
            (Accepted | Available | Withdrawn, Event::Withdraw) => Withdrawn,
            (Accepted | Available | Fetched | Expired, Event::Expire) => Expired,

            (Available | Fetched | Confirmed, Event::Refuse)
            | (Fetched | Confirmed, Event::Release) => {
                return Err(TransitionRefused::AlreadyReleased);
            }
            (Accepted, Event::Fetch | Event::Confirm) => {
                return Err(TransitionRefused::NotYetAvailable);
            }
            (Available, Event::Confirm) => return Err(TransitionRefused::NotFetched),
            (Fetched, Event::Withdraw) => return Err(TransitionRefused::AlreadyFetched),
            (Confirmed, Event::Withdraw | Event::Expire) => {
                return Err(TransitionRefused::AlreadyConfirmed);
            }
            (Withdrawn, _) => return Err(TransitionRefused::Withdrawn),
            (Expired, _) => return Err(TransitionRefused::Expired),
            (Refused, _) => return Err(TransitionRefused::Refused),
        };
        Ok(Transition {
            from: self,
            to: next,
        })
    }
}

impl FromStr for SendingState {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, InvalidText> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(InvalidText::new(TextKind::SendingState, TextReason::Form))
    }
}

impl fmt::Display for SendingState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

serde_as_text!(SendingState);

/// What happens to a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// The platform finished its checks: the receiver may have it.
    Release,
    /// The platform's checks found that it may not be delivered.
    Refuse,
    /// The receiver fetched the container.
    Fetch,
    /// The receiver has it safely.
    Confirm,
    /// The sender takes it back.
    Withdraw,
    /// The time for fetching and confirming is over.
    Expire,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 6] = [
        Self::Release,
        Self::Refuse,
        Self::Fetch,
        Self::Confirm,
        Self::Withdraw,
        Self::Expire,
    ];

    /// Who makes it happen; from anyone else it is as if the sending did not exist.
    #[must_use]
    pub const fn party(self) -> Party {
        match self {
            Self::Release | Self::Refuse | Self::Expire => Party::Platform,
            Self::Fetch | Self::Confirm => Party::Receiver,
            Self::Withdraw => Party::Sender,
        }
    }

    /// The receipt the platform signs when it happens. Fetching makes none: it can be cut off, and
    /// only confirming says that the receiver has the container.
    #[must_use]
    pub const fn evidence(self) -> Option<EvidenceEvent> {
        match self {
            Self::Release => Some(EvidenceEvent::MadeAvailable),
            Self::Refuse => Some(EvidenceEvent::Refused),
            Self::Fetch => None,
            Self::Confirm => Some(EvidenceEvent::Received),
            Self::Withdraw => Some(EvidenceEvent::Withdrawn),
            Self::Expire => Some(EvidenceEvent::Expired),
        }
    }
}

/// A side of a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The office that sent.
    Sender,
    /// The office it is for.
    Receiver,
    /// The platform in between.
    Platform,
}

/// An event that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Transition {
    from: SendingState,
    to: SendingState,
}

impl Transition {
    /// The state after it.
    #[must_use]
    pub const fn state(self) -> SendingState {
        self.to
    }

    /// Whether the state is another one than before; a repeated event changes nothing.
    #[must_use]
    pub fn is_change(self) -> bool {
        self.from != self.to
    }
}

/// Why an event cannot happen to a sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum TransitionRefused {
    /// Only before the receiver could see it.
    AlreadyReleased,
    /// The platform has not finished its checks.
    NotYetAvailable,
    /// It must be fetched before it can be confirmed.
    NotFetched,
    /// The receiver fetched it already.
    AlreadyFetched,
    /// The receiver confirmed it already.
    AlreadyConfirmed,
    /// The sender took it back.
    Withdrawn,
    /// Its time is over.
    Expired,
    /// The platform refused it.
    Refused,
}

impl TransitionRefused {
    /// The problem an API call is answered with.
    #[must_use]
    pub const fn problem(self) -> ProblemCode {
        match self {
            Self::AlreadyReleased => ProblemCode::SendingAlreadyReleased,
            Self::NotYetAvailable => ProblemCode::SendingNotYetAvailable,
            Self::NotFetched => ProblemCode::SendingNotFetched,
            Self::AlreadyFetched => ProblemCode::SendingAlreadyFetched,
            Self::AlreadyConfirmed => ProblemCode::SendingAlreadyConfirmed,
            Self::Withdrawn => ProblemCode::SendingWithdrawn,
            Self::Expired => ProblemCode::SendingExpired,
            Self::Refused => ProblemCode::SendingRefused,
        }
    }
}

impl Explain for TransitionRefused {
    fn explain(&self, lang: Lang) -> String {
        Wording::of(self.problem(), lang).sentence(lang)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for state in SendingState::ALL {
            assert_eq!(state.as_str().parse::<SendingState>().unwrap(), state);
        }
        assert!("lost".parse::<SendingState>().is_err());
    }

    #[test]
    fn the_ordinary_way_of_a_sending() {
        let mut state = SendingState::Accepted;
        for (event, next) in [
            (Event::Release, SendingState::Available),
            (Event::Fetch, SendingState::Fetched),
            (Event::Confirm, SendingState::Confirmed),
        ] {
            let transition = state.after(event).unwrap();
            assert!(transition.is_change());
            state = transition.state();
            assert_eq!(state, next);
        }
    }

    #[test]
    fn refusals_name_the_reason() {
        use SendingState::{Accepted, Available, Confirmed, Expired, Fetched, Withdrawn};
        for (state, event, reason) in [
            (Accepted, Event::Fetch, TransitionRefused::NotYetAvailable),
            (Available, Event::Confirm, TransitionRefused::NotFetched),
            (Fetched, Event::Withdraw, TransitionRefused::AlreadyFetched),
            (
                Confirmed,
                Event::Withdraw,
                TransitionRefused::AlreadyConfirmed,
            ),
            (
                Confirmed,
                Event::Expire,
                TransitionRefused::AlreadyConfirmed,
            ),
            (Withdrawn, Event::Fetch, TransitionRefused::Withdrawn),
            (Expired, Event::Confirm, TransitionRefused::Expired),
            (
                SendingState::Refused,
                Event::Release,
                TransitionRefused::Refused,
            ),
            (Fetched, Event::Refuse, TransitionRefused::AlreadyReleased),
        ] {
            assert_eq!(state.after(event), Err(reason), "{state} {event:?}");
        }
    }

    #[test]
    fn an_event_that_happened_can_be_repeated_without_effect() {
        for state in SendingState::ALL {
            for event in Event::ALL {
                if let Ok(transition) = state.after(event) {
                    let again = transition.state().after(event).unwrap();
                    assert!(!again.is_change(), "{state} {event:?}");
                }
            }
        }
    }

    /// What people at the three parties would remember of a sending, without any notion of
    /// states: the model the state machine is held against.
    #[derive(Debug, Clone, Default)]
    struct Memories {
        released: bool,
        refused: bool,
        fetched: bool,
        confirmed: bool,
        withdrawn: bool,
        expired: bool,
    }

    impl Memories {
        /// Whether the receiver may still expect the container.
        fn is_over(&self) -> bool {
            self.refused || self.withdrawn || self.expired
        }

        /// Whether an event may happen, from the promises made to the parties.
        fn permits(&self, event: Event) -> bool {
            match event {
                // Before anybody could see it, and again.
                Event::Release => !self.is_over() && !self.fetched,
                Event::Refuse => self.refused || (!self.released && !self.is_over()),
                // At least once: as often as wanted, once it is released.
                Event::Fetch => self.released && !self.is_over(),
                // Only what was fetched.
                Event::Confirm => self.fetched && !self.is_over(),
                // Only what nobody fetched.
                Event::Withdraw => self.withdrawn || (!self.fetched && !self.is_over()),
                // Never what was confirmed.
                Event::Expire => self.expired || (!self.confirmed && !self.is_over()),
            }
        }

        fn remember(&mut self, event: Event) {
            match event {
                Event::Release => self.released = true,
                Event::Refuse => self.refused = true,
                Event::Fetch => self.fetched = true,
                Event::Confirm => self.confirmed = true,
                Event::Withdraw => self.withdrawn = true,
                Event::Expire => self.expired = true,
            }
        }
    }

    impl ReferenceStateMachine for Memories {
        type State = Self;
        type Transition = Event;

        fn init_state() -> BoxedStrategy<Self> {
            Just(Self::default()).boxed()
        }

        fn transitions(_: &Self) -> BoxedStrategy<Event> {
            proptest::sample::select(Event::ALL.to_vec()).boxed()
        }

        fn apply(mut memories: Self, event: &Event) -> Self {
            if memories.permits(*event) {
                memories.remember(*event);
            }
            memories
        }
    }

    struct Sending;

    impl StateMachineTest for Sending {
        type SystemUnderTest = SendingState;
        type Reference = Memories;

        fn init_test(_: &Memories) -> SendingState {
            SendingState::Accepted
        }

        fn apply(state: SendingState, memories: &Memories, event: Event) -> SendingState {
            // `memories` are those after the event: it may happen if it was remembered, and what
            // was remembered may happen again.
            match state.after(event) {
                Ok(transition) => {
                    assert!(memories.permits(event), "{state} took {event:?}");
                    transition.state()
                }
                Err(_) => {
                    assert!(!memories.permits(event), "{state} refused {event:?}");
                    state
                }
            }
        }

        fn check_invariants(state: &SendingState, memories: &Memories) {
            // Nothing is confirmed that was not fetched, nothing taken back that was fetched.
            assert_eq!(*state == SendingState::Confirmed, memories.confirmed);
            assert!(!memories.confirmed || memories.fetched);
            assert!(!(memories.withdrawn && memories.fetched));
            assert!(!(memories.confirmed && memories.is_over()));
            assert_eq!(state.is_settled(), memories.confirmed || memories.is_over());
        }
    }

    prop_state_machine! {
        #[test]
        fn states_keep_the_promises_made_to_sender_and_receiver(sequential 1..40 => Sending);
    }
}

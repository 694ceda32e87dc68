//! Whether both ends know of each other, and of the same life of each other.
//!
//! ```text
//!            a Welcome that answers our Hello
//!  Calling ───────────────────────────────────► Up(peer)
//!     ▲                                            │
//!     └────────────────────────────────────────────┘
//!       a Hello of another epoch; or silence, behind which our own epoch is another one, too
//! ```
//! An epoch is drawn when an end begins. Each frame of a connection has the sum of both, so what was sent to a former life of
//! somebody, or by one, is nothing. Who hears nothing for a while asks whether there is still somebody; who then hears nothing takes the
//! other for gone, and has it notice.

/// How long one who knows of nobody waits between two Hellos.
pub const CALL_INTERVAL_MS: u32 = 250;
/// How long nothing may be heard before one asks.
pub const PROBE_AFTER_MS: u32 = 1_000;
/// How long nothing may be heard before the other end is taken for gone.
pub const SILENCE_MS: u32 = 4_000;

#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum LinkState {
    Calling,
    Up(u16),
}

/// What is heard of the other end.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum News {
    Hello { epoch: u16 },
    Welcome { epoch: u16, heard: u16 },
    Silence,
}

/// What becomes of the connections.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    Nothing,
    /// They have ended.
    Lost,
}

pub(crate) struct Link {
    state: LinkState,
    epoch: u16,
    welcome_due: Option<u16>,
    heard_at: u32,
    /// The last Hello.
    called_at: Option<u32>,
}

impl Link {
    pub(crate) const fn new(epoch: u16) -> Self {
        Self { state: LinkState::Calling, epoch, welcome_due: None, heard_at: 0, called_at: None }
    }

    pub(crate) const fn epoch(&self) -> u16 {
        self.epoch
    }

    /// What frames of connections have in common, when there are any.
    pub(crate) const fn number(&self) -> Option<u16> {
        match self.state {
            LinkState::Calling => None,
            LinkState::Up(peer) => Some(self.epoch.wrapping_add(peer)),
        }
    }

    /// A frame of the other end that belongs to this link has come.
    pub(crate) const fn note(&mut self, now_ms: u32) {
        self.heard_at = now_ms;
    }

    pub(crate) fn hear(&mut self, news: News, now_ms: u32) -> Effect {
        match (self.state, news) {
            (LinkState::Calling, News::Hello { epoch }) => {
                self.welcome_due = Some(epoch);
                Effect::Nothing
            }
            (LinkState::Calling, News::Welcome { epoch, heard }) => {
                if heard == self.epoch {
                    self.state = LinkState::Up(epoch);
                    self.note(now_ms);
                }
                Effect::Nothing
            }
            (LinkState::Calling, News::Silence) => Effect::Nothing,
            (LinkState::Up(peer), News::Hello { epoch }) => {
                self.welcome_due = Some(epoch);
                self.note(now_ms);
                if epoch == peer { Effect::Nothing } else { self.lose() }
            }
            (LinkState::Up(peer), News::Welcome { epoch, heard }) => {
                if heard != self.epoch {
                    return Effect::Nothing;
                }
                self.note(now_ms);
                self.state = LinkState::Up(epoch);
                if epoch == peer { Effect::Nothing } else { Effect::Lost }
            }
            (LinkState::Up(_), News::Silence) => {
                self.epoch = self.epoch.wrapping_add(1);
                self.lose()
            }
        }
    }

    fn lose(&mut self) -> Effect {
        self.state = LinkState::Calling;
        self.called_at = None;
        Effect::Lost
    }

    /// Lets time act.
    pub(crate) fn pass(&mut self, now_ms: u32) -> Effect {
        let is_silent = now_ms.wrapping_sub(self.heard_at) >= SILENCE_MS;
        if is_silent { self.hear(News::Silence, now_ms) } else { Effect::Nothing }
    }

    /// The epoch of a Hello that is to be answered.
    pub(crate) const fn take_welcome(&mut self) -> Option<u16> {
        self.welcome_due.take()
    }

    /// Whether to say Hello now; it counts as said.
    pub(crate) fn take_call(&mut self, now_ms: u32) -> bool {
        let is_due = self.call_in_ms(now_ms) == 0;
        if is_due {
            self.called_at = Some(now_ms);
        }
        is_due
    }

    fn call_in_ms(&self, now_ms: u32) -> u32 {
        let since_call = self.called_at.map(|at| now_ms.wrapping_sub(at));
        match (self.state, since_call) {
            (LinkState::Calling, None) => 0,
            (LinkState::Calling, Some(age_ms)) => CALL_INTERVAL_MS.saturating_sub(age_ms),
            (LinkState::Up(_), age_ms) => {
                let quiet_ms = now_ms.wrapping_sub(self.heard_at);
                PROBE_AFTER_MS.saturating_sub(quiet_ms.min(age_ms.unwrap_or(quiet_ms)))
            }
        }
    }

    /// In how long time has something to do here.
    pub(crate) fn next_ms(&self, now_ms: u32) -> u32 {
        if self.welcome_due.is_some() {
            return 0;
        }
        let silence_ms = match self.state {
            LinkState::Calling => u32::MAX,
            LinkState::Up(_) => SILENCE_MS.saturating_sub(now_ms.wrapping_sub(self.heard_at)),
        };
        self.call_in_ms(now_ms).min(silence_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u16 = 7;

    fn up() -> Link {
        let mut link = Link::new(OWN);
        assert!(link.take_call(0));
        assert_eq!(link.hear(News::Welcome { epoch: 3, heard: OWN }, 0), Effect::Nothing);
        link
    }

    #[test]
    fn only_an_answer_to_its_own_hello_makes_a_link() {
        let mut link = Link::new(OWN);
        for news in [News::Hello { epoch: 3 }, News::Welcome { epoch: 3, heard: OWN + 1 }] {
            assert_eq!(link.hear(news, 0), Effect::Nothing);
            assert_eq!(link.number(), None);
        }
        assert_eq!(link.take_welcome(), Some(3));
        link.hear(News::Welcome { epoch: 3, heard: OWN }, 0);
        assert_eq!(link.number(), Some(OWN + 3));
    }

    #[test]
    fn a_peer_that_has_begun_anew_is_noticed_and_one_that_asks_is_none() {
        for (news, effect, number) in [
            (News::Hello { epoch: 3 }, Effect::Nothing, Some(OWN + 3)),
            (News::Hello { epoch: 4 }, Effect::Lost, None),
            (News::Welcome { epoch: 3, heard: OWN }, Effect::Nothing, Some(OWN + 3)),
            (News::Welcome { epoch: 4, heard: OWN }, Effect::Lost, Some(OWN + 4)),
            (News::Welcome { epoch: 4, heard: OWN - 1 }, Effect::Nothing, Some(OWN + 3)),
            (News::Silence, Effect::Lost, None),
        ] {
            let mut link = up();
            assert_eq!(link.hear(news, 5), effect, "{news:?}");
            assert_eq!(link.number(), number, "{news:?}");
        }
    }

    #[test]
    fn both_sides_of_each_limit_before_and_behind_a_wrap() {
        for start in [0, u32::MAX - 500] {
            let at = |ms: u32| start.wrapping_add(ms);
            let mut link = Link::new(OWN);
            assert!(link.take_call(at(0)));
            assert!(!link.take_call(at(CALL_INTERVAL_MS - 1)));
            assert!(link.take_call(at(CALL_INTERVAL_MS)));
            link.hear(News::Welcome { epoch: 3, heard: OWN }, at(CALL_INTERVAL_MS));
            let heard = CALL_INTERVAL_MS;
            assert!(!link.take_call(at(heard + PROBE_AFTER_MS - 1)));
            assert!(link.take_call(at(heard + PROBE_AFTER_MS)));
            assert!(!link.take_call(at(heard + PROBE_AFTER_MS + 1)));
            assert_eq!(link.next_ms(at(heard + SILENCE_MS - 1)), 0, "a probe is due");
            assert_eq!(link.pass(at(heard + SILENCE_MS - 1)), Effect::Nothing);
            assert_eq!(link.pass(at(heard + SILENCE_MS)), Effect::Lost);
            assert_eq!(link.epoch(), OWN + 1, "so that the other one notices");
            assert!(link.take_call(at(heard + SILENCE_MS)));
        }
    }
}

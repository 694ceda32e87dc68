//! `Visitor`: whoever comes to the realm from outside, as the role of a node.

use tinyrealm_core::node::client::MainState;
use tinyrealm_core::node::{Caller, Context, Role};
use tinyrealm_core::protocol::{Dispatched, ErrorCode};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{LinkTag, SessionKey};
use tinyrealm_core::wire::{Frame, Framing};

use super::{Hoarder, Impostor, Intruder, Player};
use crate::ids::HostId;

/// A player, or somebody who should not be there.
#[derive(Debug)]
pub(crate) enum Visitor<'j> {
    Player { player: Box<Player<'j>>, main_address: String },
    Intruder(Intruder<'j>),
    Impostor(Box<Impostor<'j>>),
    Hoarder(Hoarder),
}

impl<'j> Visitor<'j> {
    pub(crate) fn player(player: Player<'j>, main: usize) -> Self {
        Self::Player { player: Box::new(player), main_address: HostId::main(main).address() }
    }

    pub(crate) fn start(&mut self, cx: &mut Context<'_, '_>) {
        match self {
            Self::Player { player, .. } => player.start(cx),
            Self::Intruder(intruder) => intruder.start(cx),
            Self::Impostor(impostor) => impostor.start(cx),
            Self::Hoarder(hoarder) => hoarder.dial(cx),
        }
    }

    pub(crate) fn stop(&mut self, cx: &mut Context<'_, '_>) {
        match self {
            Self::Player { player, .. } => player.machine.stop(cx),
            Self::Intruder(intruder) => intruder.stop(cx),
            Self::Impostor(impostor) => impostor.stop(cx),
            Self::Hoarder(hoarder) => hoarder.stop(cx),
        }
    }

    pub(crate) fn as_player(&self) -> Option<&Player<'j>> {
        match self {
            Self::Player { player, .. } => Some(player),
            Self::Intruder(_) | Self::Impostor(_) | Self::Hoarder(_) => None,
        }
    }

    pub(crate) fn as_player_mut(&mut self) -> Option<&mut Player<'j>> {
        match self {
            Self::Player { player, .. } => Some(player),
            Self::Intruder(_) | Self::Impostor(_) | Self::Hoarder(_) => None,
        }
    }

    pub(crate) const fn as_hoarder_mut(&mut self) -> Option<&mut Hoarder> {
        match self {
            Self::Hoarder(hoarder) => Some(hoarder),
            _ => None,
        }
    }

    /// Whether it wants to be in the realm, for as long as it lives.
    pub(crate) fn wants_in(&self) -> bool {
        self.as_player().is_some_and(|player| player.machine.state().0 != MainState::Stopped)
    }
}

impl<'a> Role<'a> for Visitor<'_> {
    fn on_connected(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        match self {
            Self::Player { player, .. } => player.machine.on_connected(&player.ears, cx, key),
            Self::Intruder(intruder) => intruder.on_connected(cx, key),
            Self::Impostor(impostor) => impostor.on_connected(cx, key),
            Self::Hoarder(hoarder) => hoarder.on_connected(cx, key),
        }
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        match self {
            Self::Player { player, .. } => player.on_frame(caller, frame),
            Self::Intruder(intruder) => intruder.on_frame(caller, frame),
            Self::Impostor(impostor) => impostor.on_frame(caller, frame),
            Self::Hoarder(hoarder) => hoarder.on_frame(caller, frame),
        }
    }

    fn on_error(&mut self, caller: &mut Caller<'_, 'a>, code: ErrorCode, about: i32) {
        if let Self::Player { player, .. } = self {
            player.machine.on_error(&mut player.ears, caller, code, about);
        }
    }

    fn on_ended(&mut self, cx: &mut Context<'_, 'a>, ended: Ended) {
        match self {
            Self::Player { player, .. } => player.on_ended(cx, ended),
            Self::Intruder(intruder) => intruder.on_ended(ended),
            Self::Impostor(_) => {}
            Self::Hoarder(hoarder) => hoarder.on_ended(&ended),
        }
    }

    fn on_timer(&mut self, cx: &mut Context<'_, 'a>, timer: u16) {
        if let Self::Player { player, .. } = self {
            player.machine.on_timer(&mut player.ears, cx, timer);
        }
    }

    fn framing(&self, _: LinkTag) -> Framing {
        self.as_player().map_or(Framing::Stream, |player| player.machine.framing())
    }

    fn address(&self, tag: LinkTag) -> &str {
        match self {
            Self::Player { player, main_address } => {
                player.machine.address(tag, main_address, &player.ears.login_address)
            }
            Self::Intruder(intruder) => &intruder.address,
            Self::Impostor(impostor) => &impostor.address,
            Self::Hoarder(hoarder) => &hoarder.address,
        }
    }
}

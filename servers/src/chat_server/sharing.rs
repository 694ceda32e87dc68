//! `Sharing`: a chat server that shares the channels with others says in the directory that it is there, and hears there which are
//! its own. While it drains it says that as well, and its channels are for the others.

use std::net::SocketAddr;
use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::chat::Chat;
use tinyrealm_std::{Control, NextStep};

use super::Beside;
use crate::config::ChatSettings;
use crate::directory::{Announcement, CERTAIN_FOR, Directory, Told};

impl Beside {
    /// Whoever looks for chat servers is to find this one, which may not know itself where it is.
    pub(super) fn share<C>(
        self,
        inner: C,
        settings: &ChatSettings,
        bound: SocketAddr,
    ) -> SharingControl<C> {
        let own = settings.found_at(bound);
        match (&self.directory, &own) {
            (Some(directory), Some(own)) => {
                let (for_clients, for_servers) = (own.clone(), own.clone());
                let worlds = Vec::new();
                let drains = false;
                directory.announce(Announcement { for_clients, for_servers, worlds, drains });
            }
            (Some(_), None) => tracing::warn!(
                "nobody is told of this chat server, which listens at every address: set chat.advertise"
            ),
            (None, _) => {}
        }
        let own = own.unwrap_or_default();
        let sharing = self.directory.map(|directory| Sharing { directory, own, drains: false });
        SharingControl { inner, sharing }
    }
}

/// See the [module](self).
struct Sharing {
    directory: Directory,
    /// Where Mains find it.
    own: String,
    /// As the directory was told.
    drains: bool,
}

impl Sharing {
    fn tell(&mut self, chat: &Chat<'_>) {
        if self.drains != chat.takes_nobody() {
            self.drains = chat.takes_nobody();
            self.directory.tell_of_draining(self.drains);
        }
    }

    fn hear<'a>(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Chat<'a>>,
    ) {
        while let Poll::Ready(Some(told)) = self.directory.told.poll_recv(cx) {
            match told {
                Told::ChatServers(map) => {
                    node.act(turn, |chat, _| chat.hear_of_chat_servers(&map, &self.own));
                }
                Told::Certain(since) => {
                    let rest_ms = CERTAIN_FOR.saturating_sub(since.elapsed()).as_millis() as u32;
                    node.act(turn, |chat, cx| chat.is_certain_until(cx.now.after_ms(rest_ms)));
                }
                Told::Answered(..) | Told::Named(..) | Told::Changed { .. } | Told::Mains(_) => {}
            }
        }
    }
}

/// Has a chat server hear what it shares.
pub(super) struct SharingControl<C> {
    inner: C,
    sharing: Option<Sharing>,
}

impl<'a, C: Control<'a, Chat<'a>>> Control<'a, Chat<'a>> for SharingControl<C> {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Chat<'a>>,
    ) -> NextStep {
        if let Some(sharing) = &mut self.sharing {
            sharing.hear(cx, turn, node);
        }
        self.inner.poll_control(cx, turn, node)
    }

    fn finish_turn(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Chat<'a>>,
    ) {
        self.inner.finish_turn(cx, turn, node);
        if let Some(sharing) = &mut self.sharing {
            sharing.tell(node.role());
        }
    }
}

impl<C> Drop for SharingControl<C> {
    fn drop(&mut self) {
        if let Some(sharing) = self.sharing.take() {
            sharing.directory.end();
        }
    }
}

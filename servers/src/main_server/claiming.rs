//! `DirectoryControl`: carries Main's questions to the directory, and what it says back.

use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::directory::{Answer, NameAnswer};
use tinyrealm_core::node::main::{Authenticator, Main};
use tinyrealm_core::time::Instant;
use tinyrealm_std::{Control, NextStep};

use crate::directory::{Asked, Directory, Told};

/// See the [module](self). Without a directory it does nothing.
pub(super) struct DirectoryControl<C> {
    pub(super) inner: C,
    pub(super) directory: Option<Directory>,
    /// How often worlds have come and gone, as far as the directory was told.
    pub(super) changes: (u32, u32, Option<Instant>),
}

impl<'a, A: Authenticator, C: Control<'a, Main<'a, A>>> Control<'a, Main<'a, A>>
    for DirectoryControl<C>
{
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Main<'a, A>>,
    ) -> NextStep {
        if let Some(directory) = &mut self.directory {
            while let Poll::Ready(Some(told)) = directory.told.poll_recv(cx) {
                node.act(turn, |main, cx| match told {
                    Told::Answered(work, answer) => main.directory_answered(cx, work, answer),
                    Told::Named(work, answer) => main.name_answered(cx, &work, answer),
                    Told::Changed { uid, number, is_ours } => {
                        main.directory_changed(cx, uid, number, is_ours);
                    }
                    Told::Mains(mains) => main.hear_of_mains(cx, *mains),
                    Told::ChatServers(map) => main.hear_of_chat_servers(cx, *map),
                    Told::Certain(_) => {}
                });
            }
        }
        // What has been waiting for these answers goes on before anything new is heard.
        self.finish_turn(cx, turn, node);
        self.inner.poll_control(cx, turn, node)
    }

    fn finish_turn(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Main<'a, A>>,
    ) {
        if let Some(directory) = &self.directory {
            // As many are under way at most as there is room for: only its end refuses one.
            while let Some(work) = node.act(turn, |main, _| main.next_directory_work()) {
                if directory.work.try_send(Asked::User(work)).is_err() {
                    node.act(turn, |main, cx| {
                        main.directory_answered(cx, work, Answer::Unavailable);
                    });
                }
            }
            while let Some(work) = node.act(turn, |main, _| main.next_name_work()) {
                if directory.work.try_send(Asked::Name(work.clone())).is_err() {
                    node.act(turn, |main, cx| {
                        main.name_answered(cx, &work, NameAnswer::Unavailable);
                    });
                }
            }
            let (main, now) = (node.role(), turn.now);
            let stats = main.stats();
            let changes =
                (stats.worlds_registered, stats.worlds_lost, main.next_world_forgotten(now));
            if std::mem::replace(&mut self.changes, changes) != changes {
                directory.tell_of_worlds(main.known_worlds(now).map(|world| world.0).collect());
            }
        }
        self.inner.finish_turn(cx, turn, node);
    }
}

impl<C> Drop for DirectoryControl<C> {
    fn drop(&mut self) {
        if let Some(directory) = self.directory.take() {
            directory.end();
        }
    }
}

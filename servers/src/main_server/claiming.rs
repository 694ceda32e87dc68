//! `DirectoryControl`: carries Main's questions to the directory, and what it says back.

use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::directory::Answer;
use tinyrealm_core::node::main::{Authenticator, Main};
use tinyrealm_std::{Control, NextStep};

use crate::directory::{Directory, Told};

/// See the [module](self). Without a directory it does nothing.
pub(super) struct DirectoryControl<C> {
    pub(super) inner: C,
    pub(super) directory: Option<Directory>,
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
            while let Some(work) = node.act(turn, |main, _| main.next_directory_work()) {
                // As many are under way at most as there is room for: only its end refuses one.
                if directory.work.try_send(work).is_err() {
                    node.act(turn, |main, cx| {
                        main.directory_answered(cx, work, Answer::Unavailable);
                    });
                }
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

//! `WorldHandle`: a running world, for threads of the author's own.
//!
//! Purpose: whatever is no part of a room's rules (a timetable, a console, a bridge to another service) runs on its own
//! thread and acts on rooms from there. [`Server::with_thread`](crate::Server::with_thread) starts it.
//!
//! Contract: commands are carried out by the world itself, between two of its turns, in the order in which a thread
//! gives them; what they say goes out with the flush that follows. Each has one [`Answer`], which nobody
//! needs to wait for. A world never waits for anybody: a thread that hangs or panics is nothing to it.
//!
//! What a game hands out ([`RoomContext::notice`]) is heard by [`WorldHandle::next_notice`], each notice once. When there
//! is no thread, or none any more, the game is answered
//! [`SendError::Closed`](tinyrealm_core::protocol::SendError::Closed).
//!
//! Bounds: [`COMMANDS_MAX`] commands wait, of which [`COMMANDS_PER_TURN`] are carried out a turn; [`NOTICES_MAX`] notices
//! wait beside the world, and [`NOTICE_LINE_BYTES`] in it; full is an answer.

use std::any::{Any, TypeId};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::world::{Game, Refusal, RoomContext, World};
use tinyrealm_core::protocol::{Message, RoomId, Uid, WorldId, decode};
use tinyrealm_core::wire::Frame;
use tinyrealm_core::wire::opcode::Opcode;
use tinyrealm_std::{Control, NextStep};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;

/// How many commands of all threads may wait for their world.
pub const COMMANDS_MAX: usize = 256;
/// How many notices of a world may wait for its threads.
pub const NOTICES_MAX: usize = 1_024;
/// Bytes of a world's notices that wait in it.
pub const NOTICE_LINE_BYTES: usize = 4_096;
/// How many commands a world carries out before its players have their turn.
pub const COMMANDS_PER_TURN: usize = 64;

/// Why a command is not carried out.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ControlError {
    /// As many wait as may; or, for a ban, the world keeps as many as it can. Later there is place.
    Full,
    /// The world has ended.
    Ended,
    /// It has no such room now.
    NoSuchRoom,
    /// The user is in none of its rooms.
    NoSuchUser,
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the world takes no more now: try again later",
            Self::Ended => "the world has ended",
            Self::NoSuchRoom => "the world has no such room now",
            Self::NoSuchUser => "the user is in no room of this world",
        })
    }
}

impl std::error::Error for ControlError {}

/// Which room is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RoomKey {
    /// The one with this number.
    Number(RoomId),
    /// The one that is called so when the command is carried out.
    Name(String),
}

impl From<RoomId> for RoomKey {
    fn from(number: RoomId) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for RoomKey {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// What becomes of a command: a future, or to be waited for.
#[derive(Debug)]
pub struct Answer<T>(oneshot::Receiver<Result<T, ControlError>>);

impl<T> Answer<T> {
    /// Waits for it, on a thread of the author's own.
    ///
    /// # Errors
    /// Why nothing was done.
    ///
    /// # Panics
    /// Inside of an asynchronous task, which awaits it instead.
    pub fn wait(self) -> Result<T, ControlError> {
        self.0.blocking_recv().unwrap_or(Err(ControlError::Ended))
    }
}

impl<T> Future for Answer<T> {
    type Output = Result<T, ControlError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.0).poll(cx);
        answer.map(|answer| answer.unwrap_or(Err(ControlError::Ended)))
    }
}

/// What a game has handed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// The room that it is of.
    pub room: RoomId,
    opcode: Opcode,
    payload: Vec<u8>,
}

impl Notice {
    fn new((room, frame): (RoomId, Frame<'_>)) -> Self {
        Self { room, opcode: frame.opcode, payload: frame.payload.to_vec() }
    }

    /// The message as it is encoded: for the `dispatch` of its direction.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        Frame { opcode: self.opcode, payload: &self.payload }
    }

    /// The message, if it is one of these.
    #[must_use]
    pub fn read<'n, M: Message + serde::Deserialize<'n>>(&'n self) -> Option<M> {
        (self.opcode == M::OPCODE).then(|| decode(&self.payload)).flatten()
    }
}

type WorldNode<G> = Node<'static, World<'static, G>>;
type Command<G> = Box<dyn FnOnce(&mut Turn<'_>, &mut WorldNode<G>) + Send>;

/// A running world, for threads of the author's own ([`Server::with_thread`](crate::Server::with_thread)).
///
/// What it is asked it carries out between two of its turns, in the order in which a thread asks; what that says goes
/// out with the flush that follows. Each command has one [`Answer`], which nobody needs to wait for. [`COMMANDS_MAX`]
/// wait, and [`COMMANDS_PER_TURN`] are carried out a turn; full is an answer.
pub struct WorldHandle<G: 'static> {
    id: WorldId,
    commands: mpsc::Sender<Command<G>>,
    notices: Arc<Mutex<mpsc::Receiver<Notice>>>,
}

impl<G> Clone for WorldHandle<G> {
    fn clone(&self) -> Self {
        let (commands, notices) = (self.commands.clone(), Arc::clone(&self.notices));
        Self { id: self.id, commands, notices }
    }
}

impl<G> fmt::Debug for WorldHandle<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorldHandle").field(&self.id).finish()
    }
}

impl<G: Game + 'static> WorldHandle<G> {
    /// Which world it is.
    #[must_use]
    pub const fn id(&self) -> WorldId {
        self.id
    }

    /// Whether the world has ended: it takes no more commands then.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.commands.is_closed()
    }

    /// Waits for what a game hands out, on a thread of the author's own; `None` when the world has ended and everything
    /// is heard. Of several threads one hears each notice.
    ///
    /// # Panics
    /// Inside of an asynchronous task.
    #[must_use]
    pub fn next_notice(&self) -> Option<Notice> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
    }

    /// Acts on a room with all that its game can do.
    ///
    /// # Errors
    /// [`ControlError::Full`] or [`ControlError::Ended`]; `act` is never called then. The answer may be
    /// [`ControlError::NoSuchRoom`].
    pub fn with_room<T: Send + 'static>(
        &self,
        room: impl Into<RoomKey>,
        act: impl FnOnce(&mut G, &mut RoomContext<'_, 'static>) -> T + Send + 'static,
    ) -> Result<Answer<T>, ControlError> {
        let room = room.into();
        self.command(move |turn, node| {
            let number = match &room {
                RoomKey::Number(number) => Some(*number),
                RoomKey::Name(name) => node.role().room_named(name),
            };
            let acted = number.and_then(|room| in_room(turn, node, room, act));
            acted.ok_or(ControlError::NoSuchRoom)
        })
    }

    /// Removes somebody from whatever room it is in, as [`RoomContext::kick`] does.
    ///
    /// # Errors
    /// [`ControlError::Full`] or [`ControlError::Ended`]; the answer may be [`ControlError::NoSuchUser`].
    pub fn kick(&self, uid: Uid, why: Refusal) -> Result<Answer<()>, ControlError> {
        self.command(move |turn, node| {
            let room = node.role().room_of(uid).ok_or(ControlError::NoSuchUser)?;
            in_room(turn, node, room, |_, room| room.kick(uid, &why))
                .ok_or(ControlError::NoSuchRoom)
        })
    }

    /// Bans somebody from the realm for a time, as [`RoomContext::ban`] does, whether it is here or not.
    ///
    /// # Errors
    /// [`ControlError::Full`] or [`ControlError::Ended`]; the answer may be [`ControlError::Full`], too: then it is
    /// out of its room, and no more.
    pub fn ban(
        &self,
        uid: Uid,
        duration: Duration,
        why: Refusal,
    ) -> Result<Answer<()>, ControlError> {
        let for_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        self.command(move |turn, node| {
            let room = node.role().room_of(uid).unwrap_or(RoomId(0));
            let banned = in_room(turn, node, room, |_, room| room.ban(uid, for_ms, &why));
            banned.ok_or(ControlError::NoSuchRoom)?.map_err(|_| ControlError::Full)
        })
    }

    fn command<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Turn<'_>, &mut WorldNode<G>) -> Result<T, ControlError> + Send + 'static,
    ) -> Result<Answer<T>, ControlError> {
        let (answer, answered) = oneshot::channel();
        let command: Command<G> = Box::new(move |turn, node| {
            // Who has not kept its answer does not want it.
            let _ = answer.send(run(turn, node));
        });
        match self.commands.try_send(command) {
            Ok(()) => Ok(Answer(answered)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(ControlError::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(ControlError::Ended),
        }
    }
}

fn in_room<G: Game, T>(
    turn: &mut Turn<'_>,
    node: &mut WorldNode<G>,
    room: RoomId,
    act: impl FnOnce(&mut G, &mut RoomContext<'_, 'static>) -> T,
) -> Option<T> {
    node.act(turn, |world, cx| world.with_room(cx, room, act))
}

/// What the author's thread of one game runs, once a world.
type Run<G> = Box<dyn Fn(WorldHandle<G>) + Send + Sync>;

/// A thread of the author's own for each world of one game.
struct GameThread {
    game: &'static str,
    type_id: TypeId,
    /// A [`Run`] of the game's.
    run: Box<dyn Any + Send + Sync>,
}

/// The author's own threads.
#[derive(Clone, Default)]
pub(crate) struct Threads(Vec<Arc<GameThread>>);

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|thread| thread.game)).finish()
    }
}

impl Threads {
    pub(crate) fn add<G: Game + 'static>(
        &mut self,
        run: impl Fn(WorldHandle<G>) + Send + Sync + 'static,
    ) {
        let run: Run<G> = Box::new(run);
        let (game, type_id) = (G::NAME, TypeId::of::<G>());
        self.0.push(Arc::new(GameThread { game, type_id, run: Box::new(run) }));
    }

    /// The game of a thread that is none of these, if there is one: it would never run.
    pub(crate) fn without_game(&self, is_there: impl Fn(TypeId) -> bool) -> Option<&'static str> {
        self.0.iter().find(|thread| !is_there(thread.type_id)).map(|thread| thread.game)
    }

    /// Starts those of a world, and has `inner` obey them as well.
    ///
    /// # Errors
    /// If the system has no thread for one.
    pub(crate) fn start<G: Game + 'static, C>(
        &self,
        id: WorldId,
        inner: C,
    ) -> std::io::Result<Obeying<G, C>> {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        let (told, notices) = mpsc::channel(NOTICES_MAX);
        let handle = WorldHandle { id, commands: sender, notices: Arc::new(Mutex::new(notices)) };
        for thread in self.0.iter().filter(|thread| thread.type_id == TypeId::of::<G>()) {
            let (thread, handle) = (Arc::clone(thread), handle.clone());
            let builder = std::thread::Builder::new().name(format!("{}-{}", thread.game, id.0));
            builder.spawn(move || {
                if let Some(run) = thread.run.downcast_ref::<Run<G>>() {
                    run(handle);
                }
            })?;
        }
        Ok(Obeying { inner, commands: Some(commands), notices: Some(PollSender::new(told)) })
    }
}

/// A control that also does what the author's threads want.
pub(crate) struct Obeying<G: 'static, C> {
    inner: C,
    /// `None` when there is no thread any more.
    commands: Option<mpsc::Receiver<Command<G>>>,
    /// `None` when there is no thread any more.
    notices: Option<PollSender<Notice>>,
}

impl<G: Game + 'static, C> Obeying<G, C> {
    /// Hands out as many notices as have a place, and is woken when there is more.
    fn hand_out(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut WorldNode<G>) {
        let Some(notices) = &mut self.notices else { return };
        if notices.get_ref().is_none_or(mpsc::Sender::is_closed) {
            node.act(turn, |world, _| world.end_notices());
            self.notices = None;
            return;
        }
        while let Poll::Ready(Ok(())) = notices.poll_reserve(cx)
            && let Some(notice) = node.act(turn, |world, _| world.next_notice().map(Notice::new))
            && notices.send_item(notice).is_ok()
        {}
    }

    fn obey(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut WorldNode<G>) {
        let Some(commands) = &mut self.commands else { return };
        for _ in 0..COMMANDS_PER_TURN {
            match commands.poll_recv(cx) {
                Poll::Ready(Some(command)) => command(turn, node),
                Poll::Ready(None) => {
                    self.commands = None;
                    return;
                }
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }
}

impl<G: Game + 'static, C: Control<'static, World<'static, G>>> Control<'static, World<'static, G>>
    for Obeying<G, C>
{
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut WorldNode<G>,
    ) -> NextStep {
        self.obey(cx, turn, node);
        self.inner.poll_control(cx, turn, node)
    }

    fn finish_turn(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut WorldNode<G>) {
        self.inner.finish_turn(cx, turn, node);
        self.hand_out(cx, turn, node);
    }

    fn may_end(&self, node: &WorldNode<G>) -> bool {
        self.inner.may_end(node)
    }
}

#[cfg(test)]
mod tests;

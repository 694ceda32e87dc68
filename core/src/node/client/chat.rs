//! A client's channels: what it asks of them, and what it hears.
//!
//! A client is in channels by its connection to Main: when that is lost, it is in none, and whoever
//! owns the client joins again after the next [`Welcome`](super::ClientEvent::Welcome).

#[cfg(doc)]
use super::ChatEvent;
use super::chat_event::ChannelName;
use super::machine::RealmClient;
use super::{Client, ClientHandler};
use crate::node::Context;
use crate::protocol::client_to_main::{ChatHistory, ChatJoin, ChatLeave, ChatSay, ChatWho};
use crate::protocol::{CHAT_MAX_BYTES, SendError, Seq, Text, Uid};

impl RealmClient {
    /// Asks to hear a channel: answered by [`ChatEvent::Joined`] or [`ChatEvent::Refused`].
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. So for all of these.
    pub fn join_channel(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
    ) -> Result<(), SendError> {
        self.tell_main(cx, &ChatJoin { channel })
    }

    /// Has heard enough of a channel: answered by [`ChatEvent::Left`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn leave_channel(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
    ) -> Result<(), SendError> {
        self.tell_main(cx, &ChatLeave { channel })
    }

    /// Says something in a channel; answers its number, which comes back with [`ChatEvent::Said`] or
    /// [`ChatEvent::Refused`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn say_in_channel(
        &mut self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
        msg: Text<'_, CHAT_MAX_BYTES>,
    ) -> Result<u32, SendError> {
        let request = self.next_request();
        self.tell_main(cx, &ChatSay { request, channel, msg })?;
        Ok(request)
    }

    /// Asks what was said from number `since` on: answered by [`ChatEvent::Past`] and
    /// [`ChatEvent::PastEnd`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn ask_history(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
        since: Seq,
    ) -> Result<(), SendError> {
        self.tell_main(cx, &ChatHistory { channel, since })
    }

    /// Asks who is there, behind the member `after`: answered by [`ChatEvent::Members`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn ask_who(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
        after: Uid,
    ) -> Result<(), SendError> {
        self.tell_main(cx, &ChatWho { channel, after })
    }
}

impl<H: ClientHandler> Client<H> {
    /// See [`RealmClient::join_channel`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn join_channel(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
    ) -> Result<(), SendError> {
        self.machine.join_channel(cx, channel)
    }

    /// See [`RealmClient::leave_channel`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn leave_channel(
        &self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
    ) -> Result<(), SendError> {
        self.machine.leave_channel(cx, channel)
    }

    /// See [`RealmClient::say_in_channel`].
    ///
    /// # Errors
    /// [`SendError`].
    pub fn say_in_channel(
        &mut self,
        cx: &mut Context<'_, '_>,
        channel: ChannelName<'_>,
        msg: Text<'_, CHAT_MAX_BYTES>,
    ) -> Result<u32, SendError> {
        self.machine.say_in_channel(cx, channel, msg)
    }
}

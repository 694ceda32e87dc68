//! Two Mains and one chat server, or two, with their bytes carried between them, under random clients.
//!
//! The order of a channel is the same for everyone, nothing comes behind leaving, and what is
//! accepted reaches every member, or its loss is announced: also when links break and readers stop, and when channels get another
//! chat server, of which one Main hears before the other.

use std::collections::{BTreeMap, HashMap};
use std::string::String;

use proptest::prelude::*;

use super::*;
use crate::node::main::ChatPolicy;
use crate::node::main::tests::{Guest, MainBench, with_two_mains};
use crate::node::testing::Asked;
use crate::protocol::ClaimNumber;
use crate::protocol::client_to_main::{ChatJoin, ChatLeave};
use crate::protocol::main_to_client::{ChatBroadcast, ChatGap, ChatJoined, ChatLeft, ChatRefused};

/// Each is of another chat server, if there are both.
const NAMES: [&str; 2] = ["b", "a"];
const CLIENTS: usize = 3;
const CHATS: usize = 2;
const ADDRESSES: [&str; CHATS] = ["chat:7", "chat:8"];
const POLICY: ChatPolicy =
    ChatPolicy { requests_per_second: 60_000, request_burst: 60_000, ..ChatPolicy::DEFAULT };

#[derive(Clone, Debug)]
enum Act {
    Join {
        client: usize,
        channel: usize,
    },
    Leave {
        client: usize,
        channel: usize,
    },
    Say {
        client: usize,
        channel: usize,
        bytes: usize,
    },
    /// A link of a Main ends; it comes back after a while.
    Cut {
        main: usize,
        chat: usize,
    },
    /// All agree that these are the chat servers, as bits; who has to hear of it has not yet.
    Agree {
        servers: usize,
    },
    /// A Main hears what all have agreed about.
    Hear {
        main: usize,
    },
    /// A client stops reading, or goes on.
    Stop {
        client: usize,
    },
    GoOn {
        client: usize,
    },
    /// Bytes reach the other end, and what is due is flushed.
    Carry,
}

fn any_act() -> impl Strategy<Value = Act> {
    let place = (0..2 * CLIENTS, 0..NAMES.len());
    prop_oneof![
        3 => place.clone().prop_map(|(client, channel)| Act::Join { client, channel }),
        1 => place.clone().prop_map(|(client, channel)| Act::Leave { client, channel }),
        8 => (place, 0..200usize)
            .prop_map(|((client, channel), bytes)| Act::Say { client, channel, bytes }),
        1 => (0..2usize, 0..CHATS).prop_map(|(main, chat)| Act::Cut { main, chat }),
        1 => (1..1usize << CHATS).prop_map(|servers| Act::Agree { servers }),
        2 => (0..2usize).prop_map(|main| Act::Hear { main }),
        1 => (0..2 * CLIENTS).prop_map(|client| Act::Stop { client }),
        1 => (0..2 * CLIENTS).prop_map(|client| Act::GoOn { client }),
        6 => Just(Act::Carry),
    ]
}

/// A link between a Main and the chat server, with how much of each stream was carried.
struct Wire {
    at_main: SessionKey,
    at_chat: SessionKey,
    to_chat: usize,
    to_main: usize,
}

impl Wire {
    /// Whether there was anything to carry.
    fn carry(&mut self, main: &mut MainBench<'_>, chat: &mut ChatBench<'_>) -> bool {
        let to_chat = main.stream(self.at_main)[self.to_chat..].to_vec();
        self.to_chat += to_chat.len();
        if chat.ended(self.at_chat).is_none() {
            chat.say_bytes(self.at_chat, &to_chat);
        }
        let to_main = chat.stream(self.at_chat)[self.to_main..].to_vec();
        self.to_main += to_main.len();
        if main.ended(self.at_main).is_none() {
            main.say_bytes(self.at_main, &to_main);
        }
        !to_chat.is_empty() || !to_main.is_empty()
    }
}

/// What a client knows.
#[derive(Default)]
struct Book {
    /// The number that it hears next, of each channel that it is in.
    next: BTreeMap<String, Seq>,
    outstanding: u32,
}

struct Realm<'r, 'c, 'm> {
    chats: [&'r mut ChatBench<'c>; CHATS],
    mains: [&'r mut MainBench<'m>; 2],
    /// By Main, and chat server.
    wires: [[Option<Wire>; CHATS]; 2],
    map: ChatMap,
    guests: Vec<Guest>,
    books: Vec<Book>,
    is_stopped: Vec<bool>,
    /// What everyone has heard under a number.
    said: HashMap<(String, Seq), (Uid, String)>,
    count: u32,
}

impl Realm<'_, '_, '_> {
    /// Lets Mains that want to connect do so, and carries bytes until none are left.
    fn carry(&mut self) {
        for main in 0..2 {
            self.connect(main);
        }
        let mut has_moved = true;
        while core::mem::take(&mut has_moved) {
            for (main, wires) in self.mains.iter_mut().zip(&mut self.wires) {
                for (chat, wire) in self.chats.iter_mut().zip(wires) {
                    let Some(wire) = wire else { continue };
                    has_moved |= wire.carry(main, chat);
                }
            }
        }
        for main in &mut self.mains {
            main.pass_ms(POLICY.flush_interval_ms);
        }
        self.hear();
    }

    fn connect(&mut self, main: usize) {
        for asked in self.mains[main].requests() {
            let Asked::Connect { key: at_main, address } = asked else { continue };
            let chat = ADDRESSES.iter().position(|it| *it == address).expect("a chat server");
            // Whom it has given up, it does not dial again before that is over.
            self.cut(main, chat);
            let at_chat = self.chats[chat].accept();
            self.mains[main].connected(at_main);
            self.wires[main][chat] = Some(Wire { at_main, at_chat, to_chat: 0, to_main: 0 });
        }
    }

    fn cut(&mut self, main: usize, chat: usize) {
        if let Some(wire) = self.wires[main][chat].take() {
            self.mains[main].disconnect(wire.at_main);
            self.chats[chat].disconnect(wire.at_chat);
        }
    }

    fn agree(&mut self, servers: usize) {
        let chosen = ADDRESSES.iter().enumerate().filter(|(chat, _)| servers & (1 << chat) != 0);
        let servers = chosen.map(|(_, address)| (*address).try_into().expect("a short address"));
        let number = ClaimNumber(self.map.number.0 + 1);
        self.map = ChatMap { number, servers: servers.collect() };
    }

    fn hear_of_chat_servers(&mut self, main: usize) {
        let map = self.map.clone();
        self.mains[main].act(|main, cx| main.hear_of_chat_servers(cx, map));
    }

    /// The chat server that has this channel when all have heard of what was agreed about.
    fn owner(&self, channel: &str) -> usize {
        let owner = self.map.owner(channel).expect("somebody");
        ADDRESSES.iter().position(|it| *it == owner).expect("a chat server")
    }

    fn hear(&mut self) {
        for client in 0..self.guests.len() {
            for said in self.mains[client / CLIENTS].heard(self.guests[client].key) {
                self.note(client, &said);
            }
        }
    }

    fn note(&mut self, client: usize, said: &Said) {
        let book = &mut self.books[client];
        if let Some(ChatJoined { channel, next_seq, .. }) = said.read() {
            book.next.insert(channel.as_str().into(), next_seq);
        }
        if let Some(ChatLeft { channel, .. }) = said.read() {
            book.next.remove(channel.as_str());
        }
        if let Some(ChatGap { channel, next_seq, .. }) = said.read() {
            let next = book.next.get_mut(channel.as_str()).expect("a gap in a channel of ours");
            assert!(next_seq >= *next, "a gap that goes back");
            *next = next_seq;
        }
        if let Some(ChatRefused { about, .. }) = said.read()
            && about == ChatSay::OPCODE.0
        {
            book.outstanding = book.outstanding.saturating_sub(1);
        }
        if let Some(ChatBroadcast { channel, seq, uid, msg, .. }) = said.read() {
            let next = book.next.get_mut(channel.as_str()).expect("a message of our channel");
            assert_eq!(seq, *next, "client {client} in {}", channel.as_str());
            *next = seq.next();
            if uid == self.guests[client].uid {
                book.outstanding = book.outstanding.saturating_sub(1);
            }
            let key = (channel.as_str().into(), seq);
            let text = (uid, String::from(msg.as_str()));
            assert_eq!(*self.said.entry(key).or_insert_with(|| text.clone()), text);
        }
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Join { client, channel } => {
                self.tell(client, &ChatJoin { channel: name(NAMES[channel]) });
            }
            Act::Leave { client, channel } => {
                self.tell(client, &ChatLeave { channel: name(NAMES[channel]) });
            }
            Act::Say { client, channel, bytes } => {
                self.count += 1;
                let text = format!("{} {}", self.count, "x".repeat(bytes));
                let msg = Text::new(&text).expect("a short message");
                self.books[client].outstanding += 1;
                let channel = name(NAMES[channel]);
                self.tell(
                    client,
                    &crate::protocol::client_to_main::ChatSay { request: 7, channel, msg },
                );
            }
            Act::Cut { main, chat } => self.cut(main, chat),
            Act::Agree { servers } => self.agree(servers),
            Act::Hear { main } => self.hear_of_chat_servers(main),
            Act::Stop { client } => {
                self.mains[client / CLIENTS].limit(self.guests[client].key, 0);
                self.is_stopped[client] = true;
            }
            Act::GoOn { client } => self.go_on(client),
            Act::Carry => self.carry(),
        }
    }

    fn go_on(&mut self, client: usize) {
        if core::mem::take(&mut self.is_stopped[client]) {
            self.mains[client / CLIENTS].unblock(self.guests[client].key, usize::MAX);
        }
    }

    fn tell<M: crate::protocol::Message>(&mut self, client: usize, message: &M) {
        let main = &mut self.mains[client / CLIENTS];
        // One that has been closed for not reading says nothing any more.
        if main.ended(self.guests[client].key).is_none() {
            main.say(self.guests[client].key, message);
        }
    }

    /// When everything works again, everyone knows everything, and every message was answered.
    fn settle(&mut self) {
        for client in 0..self.guests.len() {
            self.go_on(client);
        }
        for main in 0..2 {
            self.hear_of_chat_servers(main);
        }
        for _ in 0..3 {
            for main in &mut self.mains {
                main.pass_ms(2 * POLICY.reconnect_most_ms);
            }
            self.carry();
        }
        for (client, book) in self.books.iter().enumerate() {
            let main = &self.mains[client / CLIENTS];
            if main.ended(self.guests[client].key).is_some() {
                continue;
            }
            assert_eq!(book.outstanding, 0, "client {client} waits for an answer");
            for (channel, next) in &book.next {
                let owner = self.chats[self.owner(channel)].role();
                let last = owner.channel(channel).map_or(Seq(0), Channel::last_seq);
                assert_eq!(*next, last.next(), "client {client} has not heard all of {channel}");
            }
        }
        for (number, chat) in self.chats.iter().enumerate() {
            for (_, channel) in chat.role().channels().iter().filter(|(_, it)| it.members() > 0) {
                assert_eq!(self.owner(channel.name()), number, "who has {}", channel.name());
            }
        }
    }
}

/// Both servers count from other numbers, as those do that have a clock.
const SECOND: ChatConfig = ChatConfig { first_number: Seq(1 << 20), ..CONFIG };

fn run(acts: &[Act]) {
    with_two_chats([CONFIG, SECOND], |chats| {
        with_two_mains(POLICY, |mains| run_with(chats, mains, acts));
    });
}

fn run_with<'r, 'c, 'm>(
    chats: [&'r mut ChatBench<'c>; CHATS],
    [first, second]: [&'r mut MainBench<'m>; 2],
    acts: &[Act],
) {
    let mut guests: Vec<Guest> = (0..CLIENTS).map(|_| first.greet()).collect();
    // Guests are random, and both Mains draw the same: the second draws some in vain.
    for _ in 0..CLIENTS {
        let twin = second.greet();
        second.disconnect(twin.key);
    }
    guests.extend((0..CLIENTS).map(|_| second.greet()));
    let mut realm = Realm {
        chats,
        mains: [first, second],
        wires: [[None, None], [None, None]],
        map: ChatMap::of_one(ADDRESSES[0].try_into().expect("a short address")),
        books: (0..guests.len()).map(|_| Book::default()).collect(),
        is_stopped: vec![false; guests.len()],
        guests,
        said: HashMap::new(),
        count: 0,
    };
    realm.carry();
    for act in acts {
        realm.act(act);
    }
    realm.settle();
}

#[test]
fn both_have_a_channel() {
    let marks = ADDRESSES.map(mark_of);
    assert_eq!(NAMES.map(|name| owner_of(&marks, name)), [Some(0), Some(1)]);
}

/// With the one chat server that they are configured with.
fn of_one(act: &Act) -> bool {
    !matches!(act, Act::Agree { .. } | Act::Hear { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn everyone_hears_the_same_in_the_same_order(
        acts in prop::collection::vec(any_act().prop_filter("of one server", of_one), 1..120)
    ) {
        run(&acts);
    }

    #[test]
    fn also_when_channels_get_another_server(
        acts in prop::collection::vec(any_act(), 1..200)
    ) {
        run(&acts);
    }
}

//! A chat server against a naive model of channels, under whatever Mains can do.

use crate::protocol::Seq;
use std::collections::{BTreeMap, BTreeSet};
use std::string::String;

use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["a", "b", "c"];
const UIDS: u32 = 5;

#[derive(Clone, Debug)]
enum Act {
    Join { main: usize, uid: u32, channel: usize },
    Leave { main: usize, uid: u32, channel: usize },
    Say { main: usize, uid: u32, channel: usize },
    Lose { main: usize },
}

fn any_act() -> impl Strategy<Value = Act> {
    let place = (0..MAINS, 1..=UIDS, 0..NAMES.len());
    prop_oneof![
        4 => place.clone().prop_map(|(main, uid, channel)| Act::Join { main, uid, channel }),
        2 => place.clone().prop_map(|(main, uid, channel)| Act::Leave { main, uid, channel }),
        6 => place.prop_map(|(main, uid, channel)| Act::Say { main, uid, channel }),
        1 => (0..MAINS).prop_map(|main| Act::Lose { main }),
    ]
}

/// A channel as anyone would write it down.
#[derive(Default)]
struct ModelChannel {
    /// Who is in, by which Main.
    members: BTreeMap<u32, usize>,
    said: Vec<(u32, String)>,
    /// The number of the last message before: where the server had come to when it began.
    base: Option<Seq>,
}

#[derive(Default)]
struct Model {
    channels: [ModelChannel; 3],
}

impl Model {
    fn members(&self) -> usize {
        self.channels.iter().map(|channel| channel.members.len()).sum()
    }

    /// Whether a user finds a place: it has one, or takes one from itself, or there is one.
    fn has_place(&self, uid: u32, channel: usize) -> bool {
        let place = &self.channels[channel];
        let is_in = place.members.contains_key(&uid);
        is_in || (place.members.len() < 5 && self.members() < MEMBERS)
    }

    fn mains_of(&self, channel: usize) -> BTreeSet<usize> {
        self.channels[channel].members.values().copied().collect()
    }
}

fn check(bench: &ChatBench<'_>, model: &Model) {
    assert_eq!(bench.role().members().len(), model.members());
    for (number, place) in model.channels.iter().enumerate() {
        let channel = bench.role().channel(NAMES[number]);
        let members = channel.map_or(0, Channel::members);
        assert_eq!(usize::from(members), place.members.len());
        let said = channel.map_or(0, |channel| channel.last_seq().since(place.base.unwrap()));
        assert_eq!(said as usize, place.said.len());
    }
}

fn run(acts: &[Act]) {
    with_chat(|bench| {
        let mut mains: Vec<SessionKey> = (0..MAINS).map(|_| bench.open()).collect();
        let mut model = Model::default();
        for act in acts {
            match *act {
                Act::Join { main, uid, channel } => {
                    bench.ask_in(mains[main], uid, NAMES[channel]);
                    let is_in = bench.heard(mains[main]).iter().any(Said::is::<Joined<'_>>);
                    assert_eq!(is_in, model.has_place(uid, channel));
                    let place = &mut model.channels[channel];
                    let begins = bench.role().channel(NAMES[channel]).map(Channel::last_seq);
                    place.base = place.base.or(begins);
                    if is_in {
                        model.channels[channel].members.insert(uid, main);
                    }
                }
                Act::Leave { main, uid, channel } => {
                    let leave =
                        LeaveChannel { uid: Uid(uid.into()), channel: name(NAMES[channel]) };
                    bench.say(mains[main], &leave);
                    let members = &mut model.channels[channel].members;
                    if members.get(&uid) == Some(&main) {
                        members.remove(&uid);
                    }
                }
                Act::Say { main, uid, channel } => {
                    for key in &mains {
                        bench.heard(*key);
                    }
                    let place = &mut model.channels[channel];
                    let text = format!("{uid} {}", place.said.len());
                    bench.talk(mains[main], uid, NAMES[channel], &text);
                    let is_taken = place.members.get(&uid) == Some(&main);
                    if is_taken {
                        place.said.push((uid, text.clone()));
                    }
                    let seq = place.base.map_or(0, |base| base.0 as u32) + place.said.len() as u32;
                    let listening = model.mains_of(channel);
                    for (number, key) in mains.iter().enumerate() {
                        let heard = bench.heard(*key);
                        let copies = heard.iter().filter(|said| said.is::<Broadcast<'_>>());
                        let copies: Vec<&Said> = copies.collect();
                        if is_taken && listening.contains(&number) {
                            assert_eq!(copies, [&said(NAMES[channel], seq, uid, &text)]);
                        } else {
                            assert!(copies.is_empty(), "{copies:?}");
                        }
                    }
                }
                Act::Lose { main } => {
                    bench.disconnect(mains[main]);
                    for place in &mut model.channels {
                        place.members.retain(|_, of| *of != main);
                    }
                    mains[main] = bench.open();
                }
            }
            check(bench, &model);
        }
    });
}

proptest! {
    /// Members, numbers and copies are those of the model, and nothing leaks.
    #[test]
    fn a_chat_server_does_what_the_model_does(
        acts in prop::collection::vec(any_act(), 1..60)
    ) {
        run(&acts);
    }
}

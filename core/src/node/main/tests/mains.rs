//! Who is told of the realm's Mains.

use std::string::String;

use super::*;
use crate::node::main::{LivingMain, MainList};
use crate::protocol::MAIN_LIST_MAX;
use crate::protocol::main_to_client::MainAddress;
use crate::protocol::main_to_world::MainAnnounced;

fn list(names: &[&str]) -> MainList {
    let main = |name: &&str| LivingMain {
        for_clients: (*format!("tls://{name}:1")).try_into().unwrap(),
        for_servers: (*format!("{name}:2")).try_into().unwrap(),
        is_here: *name == "here",
    };
    names.iter().map(main).collect()
}

fn client_hears(names: &[&str]) -> Vec<Said> {
    let said = |(index, main): (usize, &LivingMain)| {
        Said::of(&MainAddress {
            index: index as u16,
            count: names.len() as u16,
            is_here: main.is_here,
            addr: Text::new(&main.for_clients).unwrap(),
        })
    };
    list(names).iter().enumerate().map(said).collect()
}

fn world_hears(names: &[&str]) -> Vec<Said> {
    let said = |(index, main): (usize, &LivingMain)| {
        Said::of(&MainAnnounced {
            index: index as u16,
            count: names.len() as u16,
            is_here: main.is_here,
            addr: Text::new(&main.for_servers).unwrap(),
        })
    };
    list(names).iter().enumerate().map(said).collect()
}

#[test]
fn everybody_is_told_the_list_at_first_and_when_it_is_another_one() {
    with_main(|bench| {
        let early = bench.register(1, "", 8);
        bench.heard(early);
        bench.act(|main, cx| main.hear_of_mains(cx, list(&["here", "there"])));
        assert_eq!(bench.heard(early), world_hears(&["here", "there"]));
        let world = bench.say_register(2, "", 8);
        assert_eq!(bench.heard(world)[1..], world_hears(&["here", "there"]));
        let client = bench.say_hello(None);
        assert_eq!(bench.heard(client)[1..], client_hears(&["here", "there"]));
        // The same again is nothing new.
        bench.act(|main, cx| main.hear_of_mains(cx, list(&["here", "there"])));
        assert_eq!((bench.heard(early), bench.heard(client)), (vec![], vec![]));
        bench.act(|main, cx| main.hear_of_mains(cx, list(&["here"])));
        assert_eq!(bench.heard(early), world_hears(&["here"]));
        assert_eq!(bench.heard(client), client_hears(&["here"]));
    });
}

#[test]
fn whoever_reads_nothing_is_told_the_newest_list_once() {
    let most: Vec<String> = (0..MAIN_LIST_MAX).map(|number| format!("{number:050}")).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    with_main(|bench| {
        let world = bench.register(1, "", 8);
        let client = bench.say_hello(None);
        bench.heard(client);
        bench.heard(world);
        for key in [client, world] {
            bench.limit(key, 0);
        }
        bench.act(|main, cx| main.hear_of_mains(cx, list(&["here", "there"])));
        for key in [client, world] {
            bench.unblock(key, usize::MAX);
        }
        assert_eq!(bench.heard(client), client_hears(&["here", "there"]));
        assert_eq!(bench.heard(world), world_hears(&["here", "there"]));
        bench.act(|main, cx| main.hear_of_mains(cx, list(&most)));
        assert_eq!(bench.heard(client), client_hears(&most), "more than a buffer");
        assert_eq!(bench.heard(world), world_hears(&most));
    });
}

#[test]
fn whoever_comes_again_is_told_again() {
    with_main(|bench| {
        bench.act(|main, cx| main.hear_of_mains(cx, list(&["here", "there"])));
        let first = bench.say_hello(None);
        let Some(Welcome { token, .. }) = bench.heard(first)[0].read() else { panic!() };
        let again = bench.say_hello(Some(token));
        assert_eq!(bench.heard(again)[1..], client_hears(&["here", "there"]));
    });
}

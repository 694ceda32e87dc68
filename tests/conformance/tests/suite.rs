//! The same script, the same bytes: each role on the tokio driver, on the poll driver, on embassy's.

use tinyrealm_conformance::device::{EmbassyDevice, PollDevice};
use tinyrealm_conformance::hosts::{DeviceHost, SIZES, TokioHost};
use tinyrealm_conformance::script::{Heard, Script, run};
use tinyrealm_conformance::{cluster, nodes, scripts, web};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::cluster::Way;
use tinyrealm_core::node::{Node, Role};

/// Runs every script on every host, and compares what everybody has heard.
fn compare<R: Role<'static> + 'static>(scripts: &[Script], make: Make<R>) {
    for script in scripts {
        run_everywhere(script, make, Way::Clear);
    }
}

/// How a node is made, which is told where Main is.
type Make<R> = fn(&mut Turn<'_>, &str) -> Node<'static, R>;

/// Answers what everybody has heard on every host.
fn run_everywhere<R: Role<'static> + 'static>(script: &Script, make: Make<R>, way: Way) -> Heard {
    let main = DeviceHost::main();
    let on_device = |turn: &mut Turn<'_>| make(turn, &main);
    let tokio = run(script, &mut TokioHost::new(make), way);
    let on_poll = |port| PollDevice::new(port, SIZES, on_device);
    let poll = run(script, &mut DeviceHost::new(on_poll), way);
    same(script, "poll", &tokio, &poll);
    let on_embassy = |port| EmbassyDevice::new(port, SIZES, on_device);
    let embassy = run(script, &mut DeviceHost::new(on_embassy), way);
    same(script, "embassy", &tokio, &embassy);
    tokio
}

/// Whoever is told something by a link that is sealed is told what it would be in clear.
fn compare_sealed<R: Role<'static> + 'static>(scripts: &[Script], clear: Make<R>, sealed: Make<R>) {
    for script in scripts {
        let clear = run(script, &mut TokioHost::new(clear), Way::Clear);
        same_behind_proofs(script, &clear, &run_everywhere(script, sealed, Way::Sealed));
    }
}

fn same_behind_proofs(script: &Script, clear: &Heard, sealed: &Heard) {
    let (clear, sealed) = (clear.behind_proofs(), sealed.behind_proofs());
    assert_eq!(clear.len(), sealed.len());
    for (peer, (clear, sealed)) in clear.iter().zip(&sealed).enumerate() {
        assert!(clear == sealed, "{}: peer {peer}\n{clear:02x?}\n{sealed:02x?}", script.name);
    }
}

/// What a peer has heard, without what two drivers can't have in common.
fn in_common(stream: &[u8]) -> Vec<u8> {
    let mut stream = web::without_host(stream);
    cluster::blank_challenge(&mut stream);
    stream
}

fn same(script: &Script, driver: &str, tokio: &Heard, device: &Heard) {
    assert_eq!(tokio.streams.len(), device.streams.len());
    for (peer, (expected, heard)) in tokio.streams.iter().zip(&device.streams).enumerate() {
        // A driver numbers sessions in its own way, and a challenge is about its session's number;
        // a request for a WebSocket tells where it goes.
        let (expected, heard) = (&in_common(expected), &in_common(heard));
        let place = || format!("{}: peer {peer}, tokio and {driver}", script.name);
        assert!(expected == heard, "{}:\n{expected:02x?}\n{heard:02x?}", place());
    }
}

#[test]
fn a_world_says_the_same_on_every_driver() {
    compare(&scripts::world::all(), nodes::world);
}

#[test]
fn a_main_says_the_same_on_every_driver() {
    compare(&scripts::main::all(), |turn, _| nodes::main(turn));
}

#[test]
fn a_world_whose_link_is_sealed_says_the_same_on_every_driver_and_in_clear() {
    compare_sealed(&scripts::world::all(), nodes::world, nodes::sealed_world);
}

#[test]
fn a_main_whose_links_are_sealed_says_the_same_on_every_driver_and_in_clear() {
    let (clear, sealed): (Make<_>, Make<_>) =
        (|turn, _| nodes::main(turn), |turn, _| nodes::sealed_main(turn));
    compare_sealed(&scripts::main::all(), clear, sealed);
}

/// The scripts have so many, and more.
const SEALED_PLAYERS: usize = 30;

#[test]
fn players_who_seal_their_links_are_told_the_same_on_every_driver_and_in_clear() {
    let (clear, mut players) = (scripts::world::all(), 0);
    for sealed in scripts::world::of_sealed_players() {
        let clear =
            clear.iter().find(|clear| clear.name == sealed.name).expect("the same in clear");
        let make = nodes::world_of_sealed_players;
        let clear = run(clear, &mut TokioHost::new(make), Way::Sealed);
        let heard = run_everywhere(&sealed, make, Way::Sealed);
        same_behind_proofs(&sealed, &clear, &heard);
        players += heard.proofs.iter().sum::<usize>() - clear.proofs.iter().sum::<usize>();
    }
    assert!(players > SEALED_PLAYERS, "{players} links of players are sealed");
    for denied in scripts::world::of_denied_sealed_players() {
        run_everywhere(&denied, nodes::world_of_sealed_players, Way::Sealed);
    }
}

#[test]
fn a_client_that_seals_its_links_says_the_same_on_every_driver() {
    compare(&scripts::client::all_into_sealing_worlds(), nodes::client);
    compare(&scripts::client::all_of_devices(), nodes::device);
}

/// Whoever comes to a node by TLS hears what he would in clear, to the end.
fn compare_tls<R: Role<'static> + 'static>(scripts: &[Script], make: Make<R>) {
    for script in scripts {
        let clear = run(script, &mut TokioHost::new(make), Way::Clear);
        same(script, "TLS", &clear, &run(script, &mut TokioHost::with_tls(make), Way::Clear));
    }
}

#[test]
fn tls_carries_the_same_bytes() {
    compare_tls(&scripts::world::all(), nodes::world);
    compare_tls(&scripts::main::all(), |turn, _| nodes::main(turn));
}

#[test]
fn a_client_says_the_same_on_every_driver() {
    compare(&scripts::client::all(), nodes::client);
    compare(&scripts::client::all_by_web_socket(), nodes::client_by_web_socket);
}

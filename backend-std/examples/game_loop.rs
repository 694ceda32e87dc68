//! A game's loop: one typed proxy to send, one stub to hear, one `tick` a frame.
//! `cargo run -p tinyrealm-std --example game_loop tcp://127.0.0.1:7777`, with the game's server there.
use std::{thread::sleep, time::Duration};

use tinyrealm_core::net::{CloseCode, NetEvents, NetSender, UrlError};
use tinyrealm_core::protocol;
use tinyrealm_std::client::NetTcpConnector;

protocol! {
    /// From a client to the game.
    mod client_to_game in Band { first: 100, count: 10 }, hears game_to_client;

    /// Turns the wheel.
    0 steer => Steer { /** In degrees. */ angle: i16, }
}

protocol! {
    /// From the game to a client.
    mod game_to_client in Band { first: 110, count: 10 }, hears client_to_game;

    /// Where the car is now.
    0 position => Position { /** In centimetres from the start. */ x: i32, }
}

#[derive(Default)]
pub(crate) struct Game {
    x: i32,
    is_over: bool,
}

impl game_to_client::Stub<NetSender<'_>> for Game {
    fn position(&mut self, sender: &mut NetSender<'_>, message: game_to_client::Position) {
        self.x = message.x;
        // A handler may answer at once; a full queue is no reason to stop.
        let _ = client_to_game::Proxy { sink: sender }.steer(&client_to_game::Steer { angle: 0 });
    }
}

impl NetEvents for Game {
    fn on_close(&mut self, _: CloseCode, _: &str) {
        self.is_over = true;
    }
}

pub(crate) fn play(url: &str) -> Result<i32, UrlError> {
    let mut proxy = client_to_game::Proxy::default();
    proxy.connect(Game::default(), url, &NetTcpConnector::default())?;
    while !proxy.stub().is_some_and(|game| game.is_over) {
        proxy.tick();
        let _ = proxy.steer(&client_to_game::Steer { angle: 15 });
        sleep(Duration::from_millis(16)); // …and the frame is drawn.
    }
    Ok(proxy.stub().map_or(0, |game| game.x))
}

#[allow(dead_code, reason = "the tests play without it")]
fn main() {
    println!("{:?}", play(&std::env::args().nth(1).unwrap_or_default()));
}

//! `tinyrealm client`: a realm in a terminal.
//!
//! Purpose: [`view`] keeps what the client has heard of its room, [`screen`] draws it, `keys` reads
//! the keyboard on a thread of its own; the driver runs the same client node as anywhere else.
//!
//! Contract: the terminal is given back as it was, however the client ends.

mod channel;
mod device;
mod endings;
mod keys;
mod listing;
mod screen;
mod view;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::task;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::client::{Client, ClientConfig, client_timers};
use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::node::{Context, Node};
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, Text};
use tinyrealm_core::wire::Framing;
use tinyrealm_std::memory::{NodeSizes, node_storage};
use tinyrealm_std::{Control, Driver, NextStep, Scheme, SocketOptions, Sockets, runtime};
use tokio::sync::mpsc;
use tokio::time::Interval;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::cli::{ClientOptions, scheme_of};
use crate::config::Config;
use crate::{password_input, process};
use crossterm::event::KeyEvent;
use device::{DeviceFile, LoginAs};
use keys::Action;
use screen::Screen;
use view::RoomView;

/// How often the screen is drawn, at most.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);
/// Sessions of one client, to Main and to its world, and one while one of them is replaced.
const SESSIONS: usize = 3;

/// Runs the client until its user has enough.
pub(crate) fn run(options: &ClientOptions, config: &Config) -> anyhow::Result<ExitCode> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        bail!("the client draws on a terminal; use `tinyrealm bots` in scripts");
    }
    let main_address: heapless::String<ADDRESS_MAX_BYTES> = options
        .main
        .as_str()
        .try_into()
        .map_err(|_| anyhow!("--main must be at most {ADDRESS_MAX_BYTES} bytes"))?;
    let account = account(options)?;
    let device_key = options.device_key.as_deref().map(device_key).transpose()?;
    let client_config = ClientConfig { device_key, ..client_config(options, account.is_some()) };
    let dialing = options.trust.dialing(&options.main)?;
    let shutdown = process::shutdown_on_signal()?;
    let sizes =
        NodeSizes { sessions: SESSIONS, role_timers: client_timers(1), ..config.net.node_sizes() };
    let screen = Screen::open()?;
    let view = runtime::current_thread()?.block_on(async {
        let driver = Driver::new(
            Sockets::without_listener()?,
            SocketOptions { send_buffer_bytes: 0 },
            |turn| {
                let role =
                    Client::new(main_address, client_config, RoomView::new(&options.main, account));
                let mut node = Node::new(node_storage(sizes), config.net.to_core(), role, turn);
                node.act(turn, Client::start);
                node
            },
        );
        let control = ClientControl::new(shutdown, screen);
        anyhow::Ok(process::run(driver.dialing(dialing), control).await.into_role().into_handler())
    })?;
    match view.failure() {
        Some(reason) => bail!("{reason}"),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn client_config(options: &ClientOptions, has_account: bool) -> ClientConfig {
    ClientConfig {
        region: options.region.as_str().try_into().unwrap_or_default(),
        // Its length is checked with the options.
        nickname: options.name.as_str().try_into().unwrap_or_default(),
        wish: options.room.wish(),
        has_account,
        is_by_tls: scheme_of(&options.main).is_some_and(Scheme::is_by_tls),
        framing: match scheme_of(&options.main) {
            Some(Scheme::Ws | Scheme::Wss) => Framing::Message,
            _ => Framing::Stream,
        },
        ..ClientConfig::DEFAULT
    }
}

/// What the user logs in with, if they want to.
fn account(options: &ClientOptions) -> anyhow::Result<Option<LoginAs>> {
    let Some(id) = &options.id else { return Ok(None) };
    let password = match &options.password_file {
        Some(path) => password_input::from_file(path, "the password file")?,
        None => password_input::ask(&format!("password of {id}: "))?,
    };
    let device = DeviceFile::of(&options.login, id);
    Ok(Some(LoginAs { login_address: options.login.clone(), id: id.clone(), password, device }))
}

/// What a device has in place of a password: 64 digits, alone or behind their name.
fn device_key(path: &Path) -> anyhow::Result<DeviceKey> {
    let line = password_input::from_file(path, "the device's key")?;
    let digits = line.rsplit(' ').next().unwrap_or_default().trim_matches('"');
    let key = DeviceKey::from_hex(digits);
    key.with_context(|| format!("the device's key {} is not 64 hexadecimal digits", path.display()))
}

/// Between the keyboard, the client and the screen.
struct ClientControl {
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    frames: Interval,
    keys: mpsc::Receiver<KeyEvent>,
    screen: Screen,
    is_leaving: bool,
}

impl ClientControl {
    fn new(shutdown: CancellationToken, screen: Screen) -> Self {
        Self {
            shutdown: Box::pin(shutdown.cancelled_owned()),
            frames: tokio::time::interval(FRAME_INTERVAL),
            keys: keys::listen(),
            screen,
            is_leaving: false,
        }
    }

    fn poll_keys<'a>(
        &mut self,
        cx: &mut task::Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Client<RoomView>>,
    ) {
        while let task::Poll::Ready(key) = self.keys.poll_recv(cx) {
            let mode = node.role().handler().mode();
            match key.map(|key| keys::action_of(key, mode)) {
                Some(None) => {}
                Some(Some(Action::Leave)) | None => {
                    self.leave(turn, node);
                    return;
                }
                Some(Some(action)) => node.act(turn, |client, cx| take(client, cx, action)),
            }
        }
    }

    fn leave<'a>(&mut self, turn: &mut Turn<'_>, node: &mut Node<'a, Client<RoomView>>) {
        if !self.is_leaving {
            self.is_leaving = true;
            node.act(turn, Client::stop);
        }
    }
}

/// Does what the user wants.
fn take(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>, action: Action) {
    let view = client.handler_mut();
    match action {
        Action::Step { east, north } => {
            if let Some((pos, dir)) = view.step(east, north) {
                // A step that finds no room is taken with the next key.
                let _ = client.move_to(cx, pos, dir);
            }
        }
        Action::Begin => view.line = Some(String::new()),
        Action::Type(character) => view.type_character(character),
        Action::Erase => view.erase_character(),
        Action::Forget => view.line = None,
        Action::Say => {
            let line = view.line.take().unwrap_or_default();
            if line.is_empty() {
                return;
            }
            match line.strip_prefix('/') {
                Some(command) => obey(client, cx, command),
                None => say(client, cx, &line),
            }
        }
        Action::Leave => {}
    }
}

fn say(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>, line: &str) {
    let view = client.handler();
    if !view.is_in_channel() {
        let news = format!("not said: you are not in {} yet", view.channel);
        client.handler_mut().tell(news);
        return;
    }
    let channel = view.channel.clone();
    if client.say_in_channel(cx, Text::truncated(&channel), Text::truncated(line)).is_err() {
        client.handler_mut().tell("not said: Main is away".to_owned());
    }
}

/// Does what a line with a slash says.
fn obey(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>, command: &str) {
    match command.split_once(' ').unwrap_or((command, "")) {
        ("rooms", mode) => list_rooms(client, cx, mode.trim()),
        _ => join_another(client, cx, command),
    }
}

/// Asks which rooms are listed; they are told page by page.
fn list_rooms(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>, mode: &str) {
    client.handler_mut().listing.begin(mode);
    ask_for_rooms(client, cx);
}

/// Asks for the next page, when it is time.
fn ask_for_rooms(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>) {
    let Some((mode, after)) = client.handler_mut().listing.next_page(std::time::Instant::now())
    else {
        return;
    };
    if client.list_rooms(cx, Text::truncated(&mode), after).is_err() {
        client.handler_mut().tell("no list of rooms: Main is away".to_owned());
    }
}

fn join_another(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>, command: &str) {
    let channel = command.strip_prefix("join ").map(str::trim).unwrap_or_default();
    match client.handler_mut().switch_to(channel) {
        Ok(Some(before)) => {
            // A Main that is away knows of no channel of ours anyway.
            let _ = client.leave_channel(cx, Text::truncated(&before));
        }
        Ok(None) => {}
        Err(news) => client.handler_mut().tell(news),
    }
}

/// Comes into the channel, whenever Main knows us and the channel does not.
fn join_channel(client: &mut Client<RoomView>, cx: &mut Context<'_, '_>) {
    if client.handler_mut().wants_channel(std::time::Instant::now()) {
        let channel = client.handler().channel.clone();
        // What does not fit now is asked again.
        let _ = client.join_channel(cx, Text::truncated(&channel));
    }
}

impl<'a> Control<'a, Client<RoomView>> for ClientControl {
    fn poll_control(
        &mut self,
        cx: &mut task::Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut Node<'a, Client<RoomView>>,
    ) -> NextStep {
        if !self.is_leaving {
            self.poll_keys(cx, turn, node);
        }
        while self.frames.poll_tick(cx).is_ready() {
            if !self.is_leaving {
                node.act(turn, join_channel);
                node.act(turn, ask_for_rooms);
            }
            // A terminal that has gone away can't be drawn on: the client leaves.
            if self.screen.draw(node.role().handler(), node.role().machine()).is_err() {
                self.leave(turn, node);
            }
        }
        if self.shutdown.as_mut().poll(cx).is_ready() || node.role().handler().is_over() {
            self.leave(turn, node);
        }
        if self.is_leaving && node.sessions().is_empty() {
            return NextStep::ShutDown;
        }
        NextStep::Continue
    }
}

/// Writes all of `text` at once, so that the terminal never shows half of a frame.
fn write_at_once(text: &str) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes())?;
    output.flush()
}

//! The naive server: what one writes first with tokio.
//!
//! Two tasks a connection, a channel a connection, and a move is encoded once and sent into the
//! channel of every other member of the room, whose task writes it: one wake-up and one system call
//! a delivery.

use std::sync::{Arc, Mutex};
use tinyrealm_core::protocol::MemberNumber;

use anyhow::Context;
use bytes::Bytes;
use tinyrealm_core::protocol::world_to_client::JoinOk;
use tinyrealm_core::protocol::{Direction, Position, RoomId, encode_frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::wire::{self, Heard};

type Room = Arc<Mutex<Vec<(u16, UnboundedSender<Bytes>)>>>;

/// `naive ROOM_CAPACITY`: serves until it is killed; prints its address.
pub(crate) fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let [room_capacity] = arguments else { anyhow::bail!("one number") };
    let room_capacity: usize = room_capacity.parse().context("room capacity")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("naive listening on {}", listener.local_addr()?);
        let mut room = Room::default();
        for number in 0.. {
            let (stream, _) = listener.accept().await?;
            if number % room_capacity == 0 {
                room = Room::default();
            }
            let called = (number % room_capacity) as u16 + 1;
            tokio::spawn(serve_one(stream, called, Arc::clone(&room)));
        }
        Ok(())
    })
}

async fn serve_one(stream: TcpStream, number: u16, room: Room) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, writer) = stream.into_split();
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(write_all(writer, receiver));
    let mut buffer = Vec::new();
    while reader.read_buf(&mut buffer).await? > 0 {
        let mut input = &buffer[..];
        while let Some((heard, rest)) = wire::next(input) {
            match heard {
                Heard::Join => join(number, &sender, &room),
                Heard::Move(state) => broadcast(number, state, &room),
                Heard::Say(_) | Heard::Other => {}
            }
            input = rest;
        }
        let left = input.len();
        buffer.drain(..buffer.len() - left);
    }
    Ok(())
}

async fn write_all(
    mut writer: tokio::net::tcp::OwnedWriteHalf,
    mut receiver: UnboundedReceiver<Bytes>,
) -> std::io::Result<()> {
    while let Some(frame) = receiver.recv().await {
        writer.write_all(&frame).await?;
    }
    Ok(())
}

fn join(number: u16, sender: &UnboundedSender<Bytes>, room: &Room) {
    let message = JoinOk {
        version: 2,
        number: MemberNumber(number),
        room_id: RoomId(0),
        spawn_pos: Position::ORIGIN,
        members: 0,
        spawn_dir: Direction(0),
        is_returned: false,
    };
    let mut out = [0; 64];
    let used = encode_frame(&message, &mut out).expect("it fits");
    // The writer's task ends only with this one.
    let _ = sender.send(Bytes::copy_from_slice(&out[..used]));
    room.lock().expect("no one panics with it").push((number, sender.clone()));
}

fn broadcast(number: u16, state: &[u8], room: &Room) {
    let mut frame = Vec::new();
    wire::push_move(&mut frame, number, state);
    let frame = Bytes::from(frame);
    for (other, sender) in room.lock().expect("no one panics with it").iter() {
        if *other != number {
            // A member that has gone hears nothing.
            let _ = sender.send(frame.clone());
        }
    }
}

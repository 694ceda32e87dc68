//! Threads of an author's own, with the real programs: `examples/bouncer.rs` acts on its world's rooms.

use crate::support::{PATIENCE, Peer, Process, ScratchFile, Server, Signal, Stream};
use tinyrealm_core::protocol::client_to_world::Event;
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, JoinDenied};
use tinyrealm_core::protocol::{Bytes, ErrorCode};

/// Says something rude; answers when the others have heard it and it is out.
fn be_rude(room: &mut Peer, beside: &mut Peer, why: ErrorCode) {
    room.send(&Event { request: 1, kind: 1, data: Bytes::new(b"rude").unwrap() });
    assert_eq!(beside.find::<EventBroadcast<'_>>().data.as_slice(), b"rude");
    assert_eq!(room.find::<JoinDenied<'_>>().text.as_str(), "be kind");
    room.expect_bye(why);
}

#[test]
fn a_thread_beside_a_world_puts_people_out_and_bans_them() {
    let folder = ScratchFile::new("bouncer");
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    let address = main.address.to_string();
    let arguments = ["world", "--port", "0", "--id", "1", "--main", &address];
    let settings = ["--set", "world.rooms=1", "--set", "net.drain_timeout_ms=250"];
    let world = Process::start_example("bouncer", &[&arguments[..], &settings].concat());
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);

    let mut rude = Peer::connect(main.address);
    let uid = rude.hello(None).uid;
    let mut kind = Peer::connect(main.address);
    let other = kind.hello(None).uid;
    let (mut beside, ..) = kind.enter("").join(other);
    beside.send(&Event { request: 1, kind: 1, data: Bytes::new(b"hello").unwrap() });
    assert_eq!(beside.find::<EventBroadcast<'_>>().data.as_slice(), b"hello");

    let (mut room, ..) = rude.enter("").join(uid);
    be_rude(&mut room, &mut beside, ErrorCode::REMOVED);
    let (mut room, ..) = rude.enter("").join(uid);
    be_rude(&mut room, &mut beside, ErrorCode::BANNED);
    rude.expect_bye(ErrorCode::BANNED);
    beside.expect_served();

    world.signal(Signal::Interrupt);
    let finished = world.finish(PATIENCE);
    finished.expect_code(0);
    let lines = finished.lines(Stream::Stdout);
    let put_out = format!("put out {}: Ok(())", uid.0);
    assert_eq!(lines.iter().filter(|line| **line == put_out).count(), 2, "{lines:?}");
    main.stop();
}

//! Bans, with the real programs: guests by uid and by address, while Main runs.

mod support;

use std::time::{Duration, Instant};

use support::login::try_hello;
use support::{PATIENCE, Peer, Process, ScratchFile, Server, Stream};
use tinyrealm_core::protocol::ErrorCode;

fn ban(folder: &ScratchFile, arguments: &[&str], code: i32) -> Vec<String> {
    let all = [&["ban"], arguments, &["--data", folder.path()]].concat();
    let finished = Process::start(&all).finish(PATIENCE);
    finished.expect_code(code);
    let stream = if code == 0 { Stream::Stdout } else { Stream::Stderr };
    finished.lines(stream).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_banned_guest_is_out_and_stays_out_until_its_ban_ends() {
    let folder = ScratchFile::new("ban-folder");
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    let world = Server::world(1, main.address, &[]);
    world.wait_until_registered(1);
    let mut guests = [(); 2].map(|()| {
        let mut peer = Peer::connect(main.address);
        let welcome = peer.hello(None);
        let (uid, token) = (welcome.uid, welcome.token);
        let (room, ..) = peer.enter("").join(uid);
        (peer, room, uid, token)
    });
    let uid = guests[0].2.0.to_string();
    let said = ban(&folder, &["add", &uid, "--for", "1h"], 0);
    assert!(said[0].starts_with(&format!("uid {uid} is banned until ")), "{said:?}");
    let since = Instant::now();
    guests[0].0.expect_bye(ErrorCode::BANNED);
    guests[0].1.expect_bye(ErrorCode::BANNED);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    let token = guests[0].3;
    assert_eq!(try_hello(main.address, Some(token)).err(), Some(ErrorCode::BANNED));
    guests[1].0.expect_served();
    guests[1].1.expect_served();
    assert_eq!(ban(&folder, &["list"], 0).len(), 1);
    ban(&folder, &["remove", &uid], 0);
    let again = ban(&folder, &["remove", &uid], 1);
    assert!(again[0].contains("is not banned"), "{again:?}");
    let deadline = Instant::now() + PATIENCE;
    while try_hello(main.address, Some(token)).is_err() {
        assert!(Instant::now() < deadline);
    }
    // Everybody from this address, for a second.
    ban(&folder, &["add", "127.0.0.1", "--for", "2s"], 0);
    guests[1].0.expect_bye(ErrorCode::BANNED);
    guests[1].1.expect_bye(ErrorCode::BANNED);
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::BANNED));
    while try_hello(main.address, None).is_err() {
        assert!(Instant::now() < deadline + PATIENCE);
    }
    world.stop();
    main.stop();
    // It holds for a Main that is started behind it, too.
    ban(&folder, &["add", "127.0.0.1"], 0);
    let main = Server::main(&[&format!("main.data_folder={}", folder.path())]);
    assert_eq!(try_hello(main.address, None).err(), Some(ErrorCode::BANNED));
    main.stop();
}

#[test]
fn whom_one_can_t_ban_is_named() {
    let folder = ScratchFile::new("ban-mistakes");
    for (arguments, named) in [
        (&["add", "somebody"][..], "a uid or an IP address"),
        (&["add", "0"], "a uid or an IP address"),
        (&["add", "7", "--for", "soon"], "a time like"),
    ] {
        let said = ban(&folder, arguments, 2);
        assert!(said.iter().any(|line| line.contains(named)), "{said:?}");
    }
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(format!("{}/bans.toml", folder.path()), "nonsense").unwrap();
    let said = ban(&folder, &["list"], 1);
    assert!(said[0].contains("bans.toml"), "{said:?}");
}

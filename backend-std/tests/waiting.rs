//! Input that a node lets wait is heard when the node takes it again, though its socket has nothing to say then.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::task::Context as TaskContext;
use std::time::Duration;

use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Caller, Context, Node, Role};
use tinyrealm_core::protocol::Dispatched;
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{SessionKey, SessionManager, Trust};
use tinyrealm_core::wire::{Frame, Opcode};
use tinyrealm_std::memory::{NodeSizes, node_storage};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions, Sockets};

const PATIENCE: Duration = Duration::from_secs(5);
const HALT_MS: u32 = 80;
/// Nobody is heard for a while.
const HALT: u8 = 0;
/// It comes back.
const ECHO: u8 = 1;

#[derive(Default)]
struct Halting {
    halts: bool,
}

impl<'a> Role<'a> for Halting {
    fn on_accepted(&mut self, cx: &mut Context<'_, 'a>, key: SessionKey) {
        cx.sessions.prove(cx.now, key, Trust::Client);
    }

    fn on_frame(&mut self, caller: &mut Caller<'_, 'a>, frame: Frame<'_>) -> Dispatched {
        if frame.payload.first() == Some(&HALT) {
            self.halts = true;
            caller.sessions.schedule(0, caller.now.after_ms(HALT_MS));
        } else {
            assert!(!self.halts, "it is heard though it is to wait");
            caller.sessions.send_frame(caller.key, frame).unwrap();
        }
        Dispatched::Handled
    }

    fn on_ended(&mut self, _: &mut Context<'_, 'a>, _: Ended) {}

    fn on_timer(&mut self, _: &mut Context<'_, 'a>, _: u16) {
        self.halts = false;
    }

    fn must_answer_first(&self, _: &SessionManager<'a>, _: SessionKey) -> bool {
        self.halts
    }
}

/// As long as the test's process.
struct Forever;

impl<'a> Control<'a, Halting> for Forever {
    fn poll_control(
        &mut self,
        _: &mut TaskContext<'_>,
        _: &mut Turn<'_>,
        _: &mut Node<'a, Halting>,
    ) -> NextStep {
        NextStep::Continue
    }
}

fn serving() -> SocketAddr {
    let (tell, address) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tinyrealm_std::runtime::current_thread().unwrap();
        runtime.block_on(async {
            let sockets = Sockets::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
            tell.send(sockets.local_address().unwrap()).unwrap();
            let sizes = NodeSizes { sessions: 8, role_timers: 1, ..NodeSizes::SERVER };
            let options = SocketOptions { send_buffer_bytes: 16 * 1_024 };
            let make = |turn: &mut Turn<'_>| {
                Node::new(node_storage(sizes), NetConfig::DEFAULT, Halting::default(), turn)
            };
            Driver::new(sockets, options, make).run(Forever).await;
        });
    });
    address.recv().unwrap()
}

fn frame(what: u8) -> Vec<u8> {
    let Opcode(opcode) = Opcode(0x100);
    [&5_u16.to_le_bytes()[..], &opcode.to_le_bytes(), &[what]].concat()
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[track_caller]
fn expect_echo(stream: &mut TcpStream) {
    let mut echo = [0; 7];
    stream.read_exact(&mut echo).expect("what has waited is not heard");
    assert_eq!(echo[..], frame(ECHO)[..]);
}

#[test]
fn what_was_read_before_is_heard_by_itself() {
    let mut stream = connect(serving());
    stream.write_all(&[frame(HALT), frame(ECHO)].concat()).unwrap();
    expect_echo(&mut stream);
}

#[test]
fn what_has_come_meanwhile_is_heard_by_itself_of_everybody() {
    let at = serving();
    let mut others: Vec<_> = (0..3).map(|_| connect(at)).collect();
    for other in &mut others {
        other.write_all(&frame(ECHO)).unwrap();
        expect_echo(other);
    }
    let mut stream = connect(at);
    for _ in 0..3 {
        stream.write_all(&frame(HALT)).unwrap();
        std::thread::sleep(Duration::from_millis(u64::from(HALT_MS) / 4));
        for other in &mut others {
            other.write_all(&frame(ECHO)).unwrap();
        }
        stream.write_all(&frame(ECHO)).unwrap();
        others.iter_mut().for_each(expect_echo);
        expect_echo(&mut stream);
    }
}

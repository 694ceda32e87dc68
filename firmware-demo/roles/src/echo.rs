//! Echo, to bring a new board up: whatever comes goes back.
//!
//! Bounds: `echo.sessions` connections at a time.

use core::sync::atomic::Ordering;

use embassy_futures::join::{join, join_array};
use embassy_net::StackResources;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_time::Timer;
use static_cell::ConstStaticCell;

use crate::links::{RECEIVE_BYTES, SEND_BYTES, SocketBuffers};
use crate::network::{Network, STACK_SOCKETS};
use crate::report::{REPORT, set};
use crate::{Board, Entropy, device};

/// Sockets of an echo.
pub const SOCKETS: usize = device::echo::SESSIONS as usize;
/// Bytes of both buffers of a socket.
pub const SOCKET_BYTES: usize = RECEIVE_BYTES + SEND_BYTES;

/// The network stack's own memory.
pub static STACK_RESOURCES: ConstStaticCell<StackResources<{ SOCKETS + STACK_SOCKETS }>> =
    ConstStaticCell::new(StackResources::new());
/// The sockets' buffers.
pub static SOCKET_BUFFERS: ConstStaticCell<SocketBuffers<SOCKETS>> =
    ConstStaticCell::new(SocketBuffers::NEW);

/// The statics of an echo, and `run`, which runs it for ever.
#[macro_export]
macro_rules! echo {
    () => {
        #[allow(unused_imports, reason = "not every board names them")]
        use $crate::echo::{SOCKET_BUFFERS, SOCKET_BYTES, SOCKETS, STACK_RESOURCES, run};
    };
}

/// Runs the echo for ever.
pub async fn run(network: Network<SOCKETS>, _: impl Entropy, mut board: impl Board) -> ! {
    network.wait(&mut board).await;
    let sockets = network.sockets(RECEIVE_BYTES);
    join(join_array(sockets.map(answer)), beat(&mut board)).await;
    unreachable!("no echo ends")
}

/// Answers one peer after another.
async fn answer(mut socket: TcpSocket<'static>) {
    loop {
        if socket.accept(device::echo::PORT as u16).await.is_ok() {
            set(&REPORT.accepted, REPORT.accepted.load(Ordering::Relaxed) + 1);
            // It ends when the peer has had enough, or has gone.
            let _ = send_back(&mut socket).await;
        }
        socket.abort();
        let _ = socket.flush().await;
    }
}

/// Sends back what comes until the peer has closed its side.
async fn send_back(socket: &mut TcpSocket<'static>) -> Result<(), Error> {
    let mut bytes = [0; 64];
    loop {
        let count = socket.read(&mut bytes).await?;
        if count == 0 {
            socket.close();
            return socket.flush().await;
        }
        let mut rest = bytes.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            let sent = socket.write(rest).await?;
            rest = rest.get(sent..).unwrap_or_default();
        }
    }
}

async fn beat(board: &mut impl Board) {
    loop {
        board.feed_watchdog();
        set(&REPORT.beat, REPORT.beat.load(Ordering::Relaxed).wrapping_add(1));
        set(&REPORT.idle_ms, board.idle_ms());
        Timer::after_secs(1).await;
    }
}

//! The parts under the nodes, for whoever uses them by themselves: wire, storage, ring, wheel.

use core::slice;

use tinyrealm_core::backoff::Backoff;
use tinyrealm_core::broadcast::{Advanced, BroadcastRing, Cursor, FrameClass, Window};
use tinyrealm_core::protocol::client_to_world::{Event, Move};
use tinyrealm_core::protocol::world_to_client::RoomSnapshot;
use tinyrealm_core::protocol::{Text, decode, encode_frame};
use tinyrealm_core::rate_limited_log::RateLimitedLog;
use tinyrealm_core::storage::{
    BufferMeta, BufferPool, Chain, HashIndex, Key, Link, Ring, Slot, Table, WorkList, hash_u32,
};
use tinyrealm_core::time::Instant;
use tinyrealm_core::timer::{Level, TimerEntry, TimerWheel};
use tinyrealm_core::wire::{
    BinaryReader, BinaryWriter, Framed, NetFrameV1, Opcode, PacketFramer, write_frame,
};

/// Bytes that the caller lends.
#[repr(C)]
pub struct Lent {
    start: *mut u8,
    count: usize,
}

impl Lent {
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the caller lends `count` bytes, to this call alone.
        unsafe { slice::from_raw_parts_mut(self.start, self.count) }
    }
}

#[unsafe(no_mangle)]
extern "C" fn parts_framer(input: &mut Lent, limit_bytes: u16) -> i64 {
    let framer = PacketFramer::new(limit_bytes);
    let mut input = &*input.bytes();
    let mut sum = 0;
    loop {
        match framer.next_frame(input) {
            Framed::Frame { frame, rest } => {
                sum += i64::from(frame.opcode.0) + frame.payload.len() as i64;
                input = rest;
            }
            Framed::Partial { frame_bytes } => return sum + frame_bytes as i64,
            Framed::Invalid(_) => return -1,
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn parts_frame(out: &mut Lent, payload: &mut Lent, opcode: i32) -> usize {
    let payload = payload.bytes();
    let body = NetFrameV1::build(out.bytes(), Opcode(opcode), payload).unwrap_or(0);
    body + write_frame(out.bytes(), Opcode(opcode), payload).unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn parts_reader(input: &mut Lent, count: usize) -> u64 {
    let mut reader = BinaryReader::new(input.bytes());
    let first = reader.u8().unwrap_or(0);
    let second = reader.u16_le().unwrap_or(0);
    let skipped = reader.bytes(count).map_or(0, <[u8]>::len);
    let third = reader.u32_le().unwrap_or(0);
    let fourth = reader.i32_le().unwrap_or(0);
    let rest = reader.rest().len() + skipped;
    u64::from(first) + u64::from(second) + u64::from(third) + rest as u64 + fourth as u64
}

#[unsafe(no_mangle)]
extern "C" fn parts_writer(out: &mut Lent, payload: &mut Lent, value: u32) -> usize {
    let mut writer = BinaryWriter::new(out.bytes());
    let first = writer.u8(value as u8).and_then(|()| writer.u16_le(value as u16));
    let rest = writer.u32_le(value).and_then(|()| writer.i32_le(value as i32));
    let bytes = writer.bytes(payload.bytes()).and_then(|()| writer.postcard(&value));
    writer.written() + usize::from(first.is_ok() && rest.is_ok() && bytes.is_ok())
}

#[unsafe(no_mangle)]
extern "C" fn parts_messages(input: &mut Lent, out: &mut Lent) -> usize {
    let out = out.bytes();
    let event = decode::<Event<'_>>(input.bytes());
    let events = event.and_then(|event| encode_frame(&event, out).ok());
    let moved = decode::<Move>(input.bytes());
    let moves = moved.and_then(|moved| encode_frame(&moved, out).ok());
    let page = decode::<RoomSnapshot>(input.bytes());
    let pages = page.and_then(|page| encode_frame(&page, out).ok());
    events.unwrap_or(0) + moves.unwrap_or(0) + pages.unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn parts_text(input: &mut Lent) -> usize {
    let text = core::str::from_utf8(input.bytes()).unwrap_or_default();
    Text::<24>::truncated(text).as_str().len()
        + Text::<24>::new(text).map_or(0, |text| text.as_str().len())
}

#[unsafe(no_mangle)]
extern "C" fn parts_backoff(backoff: &mut Backoff, random: u32) -> u32 {
    backoff.next_delay_ms(random) + u32::from(backoff.attempts())
}

#[unsafe(no_mangle)]
extern "C" fn parts_ring_append(
    ring: &mut BroadcastRing,
    bytes: &mut Lent,
    payload: &mut Lent,
    longest: usize,
) -> u32 {
    let payload = &*payload.bytes();
    let encode = |out: &mut [u8]| write_frame(out, Opcode(1), payload);
    let appended = ring.append(bytes.bytes(), FrameClass::Counted, longest, encode);
    match appended {
        Ok(position) => {
            ring.publish();
            position
        }
        Err(_) => {
            ring.overrun_all(bytes.bytes());
            ring.unpublished_frames()
        }
    }
}

#[unsafe(no_mangle)]
extern "C" fn parts_ring_window(
    ring: &BroadcastRing,
    bytes: &mut Lent,
    cursor: &mut Cursor,
    taken: usize,
    own: i32,
    position: u32,
) -> usize {
    let bytes = &*bytes.bytes();
    ring.leave_out(bytes, cursor, position);
    let Window::Slices(slices) = ring.window(bytes, cursor) else { return 0 };
    let offered = slices.iter().map(|slice| slice.len()).sum();
    let class = |frame: tinyrealm_core::wire::Frame<'_>| {
        if frame.opcode.0 == own { FrameClass::Own } else { FrameClass::Counted }
    };
    match ring.advance(bytes, cursor, taken, offered, class) {
        Advanced::Clean => ring.counted_since(cursor) as usize,
        Advanced::Cut(rest) => rest.len(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn parts_wheel_new(
    levels: &'static mut [Level; 3],
    entries: &'static mut [TimerEntry; 32],
    now_micros: u64,
    made: *mut TimerWheel<'static>,
) {
    let wheel = TimerWheel::new(levels, entries, Instant::from_micros(now_micros));
    // SAFETY: the caller lends room for a wheel.
    unsafe { made.write(wheel) };
}

#[unsafe(no_mangle)]
extern "C" fn parts_wheel_schedule(wheel: &mut TimerWheel<'_>, id: u16, at_micros: u64) -> bool {
    wheel.schedule(id, Instant::from_micros(at_micros));
    wheel.is_armed(id)
}

#[unsafe(no_mangle)]
extern "C" fn parts_wheel_run(wheel: &mut TimerWheel<'_>, now_micros: u64, cancelled: u16) -> u64 {
    wheel.cancel(cancelled);
    let fired = wheel.pop_expired(Instant::from_micros(now_micros));
    wheel.next_deadline().map_or(0, Instant::micros) + u64::from(fired.unwrap_or(0))
}

#[unsafe(no_mangle)]
extern "C" fn parts_pool_new(
    bytes: &'static mut Lent,
    metas: &'static mut [BufferMeta; 8],
    made: *mut BufferPool<'static>,
) {
    let pool = BufferPool::new(bytes.bytes(), metas);
    // SAFETY: the caller lends room for a pool.
    unsafe { made.write(pool) };
}

#[unsafe(no_mangle)]
extern "C" fn parts_pool_fill(
    pool: &mut BufferPool<'_>,
    chain: &mut Chain,
    bytes: &mut Lent,
) -> usize {
    let bytes = &*bytes.bytes();
    let Ok(room) = pool.reserve(chain, bytes.len()) else { return 0 };
    let Some(place) = room.get_mut(..bytes.len()) else { return 0 };
    place.copy_from_slice(bytes);
    pool.commit(chain, bytes.len());
    usize::from(pool.in_use().max(pool.high_water())) + pool.available()
}

#[unsafe(no_mangle)]
extern "C" fn parts_pool_drain(
    pool: &mut BufferPool<'_>,
    chain: &mut Chain,
    tail: &mut Chain,
    count: usize,
) -> usize {
    pool.join(chain, core::mem::replace(tail, Chain::EMPTY));
    pool.consume(chain, count);
    let left = pool.slices(chain).iter().map(|slice| slice.len()).sum();
    pool.release(chain);
    left
}

#[unsafe(no_mangle)]
extern "C" fn parts_table(table: &mut Table<'_, u32>, key: &Key<u32>, value: u32) -> u32 {
    let removed = table.remove(*key).unwrap_or(0);
    let inserted = table.insert(value).map_or_else(|back| back, |key| u32::from(key.index()));
    let at = table.at_mut(key.index()).copied().unwrap_or(0);
    removed + inserted + at + table.iter().map(|(_, value)| *value).fold(0, u32::wrapping_add)
}

#[unsafe(no_mangle)]
extern "C" fn parts_table_new(slots: *mut Slot<u32>, count: usize, made: *mut Table<'static, u32>) {
    // SAFETY: the caller hands `count` slots over, and lends room for a table.
    unsafe { made.write(Table::new(slice::from_raw_parts_mut(slots, count))) };
}

#[unsafe(no_mangle)]
extern "C" fn parts_index(index: &mut HashIndex<'_>, value: u32, slot: u16, wanted: u16) -> bool {
    index.remove(hash_u32(value), wanted);
    index.insert(hash_u32(value), slot);
    index.find(hash_u32(value), |found| found == wanted).is_some()
}

#[unsafe(no_mangle)]
extern "C" fn parts_queues(ring: &mut Ring<'_, u32>, list: &mut WorkList<'_>, slot: u16) -> u32 {
    list.add(slot);
    let pushed = ring.push(u32::from(slot)).is_ok();
    let popped = ring.pop().unwrap_or(0);
    popped + u32::from(list.pop().unwrap_or(0)) + u32::from(pushed) + list.len() as u32
}

#[unsafe(no_mangle)]
extern "C" fn parts_log(log: &mut RateLimitedLog, now_micros: u64) -> u32 {
    log.admit(Instant::from_micros(now_micros)).unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C" fn parts_link(index: u16) -> bool {
    Link::to(index).is_none()
}

//! Thumb instructions, as far as a stack's depth needs them: what takes stack, and who is called.
//!
//! Contract: [`scan`] adds up every instruction that lowers the stack pointer, also of paths that
//! exclude each other, so a frame is never taken for smaller than it is. ARM DDI 0403 (ARMv7-M), A7.7, of
//! which ARMv6-M has a part.

use crate::image::{Content, Image, Symbol};

/// What a function does to the stack.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// Bytes that it takes.
    pub bytes: u64,
    /// The functions that it calls, and those that it ends in.
    pub calls: Vec<u64>,
    /// Calls whose target is in a register.
    pub indirect_calls: u32,
    /// It lowers the stack pointer by a number that only the running program knows.
    pub is_unbounded: bool,
    /// Numbers that it loads, of which some are addresses of functions.
    pub constants: Vec<u64>,
}

/// Reads the instructions of a function.
pub fn scan(image: &Image, function: &Symbol) -> Frame {
    let mut frame = Frame::default();
    let mut halves = [None; 16];
    let mut loaded = None;
    let mut at = function.address;
    let end = function.address + function.size;
    while at < end {
        if content_at(image, at) == Content::Data {
            frame.constants.extend(word(image, at & !3).map(u64::from));
            // A table of bytes may end within a word, and code begins there.
            at = ((at & !3) + 4).min(next_change(image, at));
            continue;
        }
        let Some(first) = half(image, at) else { break };
        if first >> 11 < 0b11101 {
            narrow(&mut frame, first, at, function);
            add_to_stack_pointer(&mut frame, first, loaded);
            loaded = literal(image, first, at);
            at += 2;
        } else {
            let second = half(image, at + 2).unwrap_or(0);
            wide(&mut frame, [first, second], at, function);
            wide_constant(&mut frame, &mut halves, [first, second]);
            loaded = None;
            at += 4;
        }
    }
    frame
}

fn content_at(image: &Image, address: u64) -> Content {
    let before = image.contents.partition_point(|(start, _)| *start <= address);
    before.checked_sub(1).map_or(Content::Code, |index| image.contents[index].1)
}

/// Where what is there at `address` ends.
fn next_change(image: &Image, address: u64) -> u64 {
    let next = image.contents.partition_point(|(start, _)| *start <= address);
    image.contents.get(next).map_or(u64::MAX, |(start, _)| *start)
}

fn half(image: &Image, address: u64) -> Option<u32> {
    let bytes = bytes(image, address, 2)?;
    Some(u32::from(u16::from_le_bytes([bytes[0], bytes[1]])))
}

fn word(image: &Image, address: u64) -> Option<u32> {
    let bytes = bytes(image, address, 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn bytes(image: &Image, address: u64, count: usize) -> Option<&[u8]> {
    let section = image.sections.iter().find(|section| section.contains(address))?;
    let start = (address - section.address) as usize;
    section.bytes.get(start..start + count)
}

/// The register and the constant behind the function that LDR register, [pc, #imm8 * 4] takes.
fn literal(image: &Image, code: u32, at: u64) -> Option<(u32, u32)> {
    let place = (at & !3) + 4 + u64::from(code & 0xFF) * 4;
    let constant = (code & 0xF800 == 0x4800).then(|| word(image, place))??;
    Some((code >> 8 & 7, constant))
}

/// ADD sp, register. A Cortex-M0+ makes a large frame so: it adds a negative constant, which is loaded right before.
fn add_to_stack_pointer(frame: &mut Frame, code: u32, loaded: Option<(u32, u32)>) {
    let register = code >> 3 & 0xF;
    // Of the stack pointer itself it is none.
    if code & 0xFF87 != 0x4485 || register == 13 {
        return;
    }
    match loaded {
        Some((loaded, constant)) if loaded == register => {
            // What gives the frame back adds a positive one.
            frame.bytes += u64::from((constant as i32).min(0).unsigned_abs());
        }
        _ => frame.is_unbounded = true,
    }
}

/// Instructions of 16 bits.
fn narrow(frame: &mut Frame, code: u32, at: u64, function: &Symbol) {
    match code {
        // PUSH {registers}, {registers, lr}
        _ if code & 0xFE00 == 0xB400 => frame.bytes += 4 * u64::from((code & 0x1FF).count_ones()),
        // SUB sp, #imm7 * 4
        _ if code & 0xFF80 == 0xB080 => frame.bytes += 4 * u64::from(code & 0x7F),
        // BLX register; BX register other than lr, which is a return; MOV pc, register
        _ if code & 0xFF87 == 0x4780 => frame.indirect_calls += 1,
        _ if code & 0xFF87 == 0x4700 && code & 0x78 != 0x70 => frame.indirect_calls += 1,
        // B imm11, to another function
        _ if code & 0xF800 == 0xE000 => {
            let offset = i64::from(((code & 0x7FF) << 21) as i32 >> 20);
            jump(frame, at, offset, function);
        }
        _ => {}
    }
}

/// Instructions of 32 bits.
fn wide(frame: &mut Frame, [first, second]: [u32; 2], at: u64, function: &Symbol) {
    match (first, second) {
        // STMDB sp!, {registers}, which is PUSH.W
        (0xE92D, _) => frame.bytes += 4 * u64::from(second.count_ones()),
        // STR register, [sp, #-imm8]!
        (0xF84D, _) if second & 0x0F00 == 0x0D00 => frame.bytes += u64::from(second & 0xFF),
        // STRD registers, [sp, #-imm8 * 4]!
        (0xE96D, _) => frame.bytes += 4 * u64::from(second & 0xFF),
        // VPUSH: a word for each single register, and as many for half as many double ones
        (0xED2D | 0xED6D, _) if second & 0x0E00 == 0x0A00 => {
            frame.bytes += 4 * u64::from(second & 0xFF);
        }
        // SUB.W sp, sp, #constant and SUBW sp, sp, #imm12
        (0xF1AD | 0xF5AD, _) if second & 0x0F00 == 0x0D00 => {
            frame.bytes += u64::from(modified_constant(first, second));
        }
        (0xF2AD | 0xF6AD, _) if second & 0x0F00 == 0x0D00 => {
            frame.bytes += u64::from((first & 0x400) << 1 | (second & 0x7000) >> 4 | second & 0xFF);
        }
        // SUB.W sp, sp, register
        (0xEBAD, _) if second & 0x0F00 == 0x0D00 => frame.is_unbounded = true,
        // BL, and B.W that leaves the function
        _ if first >> 11 == 0b11110 && second & 0xD000 == 0xD000 => {
            let target = target(at, long_offset(first, second));
            // A Cortex-M0+ jumps within a long function so.
            if target == function.address || leaves(target, function) {
                frame.calls.push(target);
            }
        }
        _ if first >> 11 == 0b11110 && second & 0xD000 == 0x9000 => {
            jump(frame, at, long_offset(first, second), function);
        }
        _ => {}
    }
}

/// MOVW and MOVT put an address together.
fn wide_constant(frame: &mut Frame, halves: &mut [Option<u64>; 16], [first, second]: [u32; 2]) {
    let register = (second >> 8 & 0xF) as usize;
    let number = u64::from(
        (first & 0xF) << 12 | (first & 0x400) << 1 | (second & 0x7000) >> 4 | second & 0xFF,
    );
    match first & 0xFBF0 {
        0xF240 if second & 0x8000 == 0 => halves[register] = Some(number),
        0xF2C0 if second & 0x8000 == 0 => {
            frame.constants.extend(halves[register].map(|low| number << 16 | low));
        }
        _ => {}
    }
}

/// ThumbExpandImm (A5.3.2), of the constants that a frame has.
fn modified_constant(first: u32, second: u32) -> u32 {
    let code = (first & 0x400) << 1 | (second & 0x7000) >> 4 | second & 0xFF;
    match code >> 8 {
        0 => code & 0xFF,
        1 => (code & 0xFF) * 0x0001_0001,
        2 => (code & 0xFF) * 0x0100_0100,
        3 => (code & 0xFF) * 0x0101_0101,
        _ => (0x80 | code & 0x7F).rotate_right(code >> 7),
    }
}

/// The offset of BL and B.W: S, J1, J2, imm10, imm11.
fn long_offset(first: u32, second: u32) -> i64 {
    let sign = first >> 10 & 1;
    let i1 = !((second >> 13 & 1) ^ sign) & 1;
    let i2 = !((second >> 11 & 1) ^ sign) & 1;
    let offset = sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
    i64::from((offset << 7) as i32 >> 7)
}

fn target(at: u64, offset: i64) -> u64 {
    (at + 4).wrapping_add_signed(offset)
}

/// A jump within the function is none of our business.
fn jump(frame: &mut Frame, at: u64, offset: i64, function: &Symbol) {
    let target = target(at, offset);
    if leaves(target, function) {
        frame.calls.push(target);
    }
}

fn leaves(target: u64, function: &Symbol) -> bool {
    !(function.address..function.address + function.size).contains(&target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Section;

    fn function() -> Symbol {
        Symbol {
            name: "f".into(),
            raw_name: "f".into(),
            address: 0x1000,
            size: 0x40,
            is_function: true,
        }
    }

    fn narrow_frame(code: u32) -> Frame {
        let mut frame = Frame::default();
        narrow(&mut frame, code, 0x1000, &function());
        frame
    }

    fn wide_frame(codes: [u32; 2]) -> Frame {
        let mut frame = Frame::default();
        wide(&mut frame, codes, 0x1000, &function());
        frame
    }

    #[test]
    fn code_is_read_from_where_a_table_ends_within_a_word() {
        // A table of two bytes, then push {lr}: read two bytes further, that would be seen as a pop.
        let section = Section {
            name: ".text".into(),
            address: 0x1000,
            bytes: [0x01, 0x02, 0x00, 0xB5, 0x00, 0xBD].into(),
            size: 6,
            in_ram: false,
            in_flash: true,
            is_code: true,
        };
        let mut image = Image::default();
        image.sections.push(section);
        image.contents.extend([(0x1000, Content::Data), (0x1002, Content::Code)]);
        assert_eq!(scan(&image, &Symbol { size: 6, ..function() }).bytes, 4);
    }

    #[test]
    fn what_takes_stack_is_counted_in_bytes() {
        assert_eq!(narrow_frame(0xB5F0).bytes, 20); // push {r4-r7, lr}
        assert_eq!(narrow_frame(0xB0C0).bytes, 256); // sub sp, #256
        assert_eq!(narrow_frame(0xB040).bytes, 0); // add sp, #256
        assert_eq!(wide_frame([0xE92D, 0x4FF0]).bytes, 36); // push.w {r4-r11, lr}
        assert_eq!(wide_frame([0xE92D, 0x0B00]).bytes, 12); // push.w {r8, r9, r11}
        assert_eq!(wide_frame([0xF84D, 0xBD04]).bytes, 4); // str r11, [sp, #-4]!
        assert_eq!(wide_frame([0xF5AD, 0x6D80]).bytes, 1024); // sub.w sp, sp, #1024
        assert_eq!(wide_frame([0xF2AD, 0x4D4C]).bytes, 1100); // subw sp, sp, #1100
        assert_eq!(wide_frame([0xED2D, 0x8B02]).bytes, 8); // vpush {d8}
    }

    #[test]
    fn calls_have_targets_and_indirect_ones_are_counted() {
        // bl 0x1004 + 0x100, bl 0x1004 - 4
        assert_eq!(wide_frame([0xF000, 0xF880]).calls, [0x1104]);
        assert_eq!(wide_frame([0xF7FF, 0xFFFE]).calls, [0x1000]);
        assert!(wide_frame([0xF000, 0xF806]).calls.is_empty()); // bl 0x1010, within
        assert_eq!(narrow_frame(0x4788).indirect_calls, 1); // blx r1
        assert_eq!(narrow_frame(0x4708).indirect_calls, 1); // bx r1
        assert_eq!(narrow_frame(0x4770).indirect_calls, 0); // bx lr
    }

    #[test]
    fn a_jump_is_a_call_only_if_it_leaves() {
        assert!(narrow_frame(0xE7FE).calls.is_empty()); // b .
        assert_eq!(narrow_frame(0xE3FF).calls, [0x1802]); // b 0x1004 + 0x7fe
        assert_eq!(wide_frame([0xF000, 0xB880]).calls, [0x1104]); // b.w
    }

    #[test]
    fn a_frame_of_a_small_processor_is_a_constant_that_is_loaded_before() {
        let bytes = |code, loaded| {
            let mut frame = Frame::default();
            add_to_stack_pointer(&mut frame, code, loaded);
            (frame.bytes, frame.is_unbounded)
        };
        let minus_600 = Some((4, 600_u32.wrapping_neg()));
        assert_eq!(bytes(0x44A5, minus_600), (600, false)); // add sp, r4
        assert_eq!(bytes(0x44A5, Some((4, 600))), (0, false));
        assert_eq!(bytes(0x44AD, minus_600), (0, true)); // add sp, r5
        assert_eq!(bytes(0x44A5, None), (0, true));
        assert_eq!(bytes(0x442C, None), (0, false)); // add r4, r5
    }

    #[test]
    fn a_frame_of_unknown_size_is_said_to_be_one() {
        assert!(wide_frame([0xEBAD, 0x0D00]).is_unbounded); // sub.w sp, sp, r0
        assert!(!wide_frame([0xEBAD, 0x0000]).is_unbounded); // sub.w r0, sp, r0
    }
}

//! `Debugger`: stops a board's processor, or has it hang for as long as a test likes, by QEMU's door for debuggers.
//!
//! Purpose: a processor that is past doing its work is what a watchdog is for, and no role hangs by itself. And how many
//! instructions lie between two places of a program is known when it has stopped at both.
//!
//! Contract: it hangs with its interrupts masked, for so much of the board's time, which QEMU has to count
//! by instructions ([`counting`]). Then it goes on where it was, as if nothing had been. No time of the board passes
//! while it is stopped.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};

/// An instruction takes 2^8 ns where a processor hangs, so that a minute is over in seconds.
pub const HANGING_SHIFT: u32 = 8;
const INSTRUCTION_NS: u128 = 1 << HANGING_SHIFT;
/// Memory of the board that no image has.
const LOOP_ADDRESS: u32 = 0x2010_0000;
/// ```text
///       mrs   r1, primask
///       cpsid i
/// next: subs  r0, #1
///       bne   next
///       msr   primask, r1
///       nop                   ; where it is stopped again
/// ```
const LOOP: &str = "eff3108172b60138fdd181f3108800bf";
const STOP_ADDRESS: u32 = LOOP_ADDRESS + 14;
const INSTRUCTIONS_A_ROUND: u128 = 2;

/// The byte that stops it from outside.
const STOP: u8 = 0x03;
/// What a packet begins with that tells that it has stopped.
const STOPPED: char = 'T';
/// In the text of all registers, eight digits each.
const R0: usize = 0;
const PC: usize = 15 * 8;
/// Bits of the status that would make the next instructions conditional.
const CONDITIONAL: u32 = 0x0600_FC00;

/// QEMU's arguments: a door at `path`, and a clock that counts instructions, 2^`shift` ns each.
pub fn counting(path: &Path, shift: u32) -> [String; 6] {
    let door = format!("socket,id=debugger,path={},server=on,wait=off", path.display());
    let clock = format!("shift={shift}");
    ["-chardev", &door, "-gdb", "chardev:debugger", "-icount", &clock].map(String::from)
}

/// How it ended that a processor hung.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Hung {
    /// It goes on.
    GoesOn,
    /// The board was reset meanwhile.
    Reset,
}

/// The door; see the [module](self).
#[derive(Debug)]
pub struct Debugger {
    stream: UnixStream,
}

impl Debugger {
    /// Goes in.
    ///
    /// # Errors
    /// If there is no door.
    pub fn attach(path: &Path) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(crate::PATIENCE))?;
        let mut debugger = Self { stream };
        // It has stopped for us.
        debugger.go_on()?;
        Ok(debugger)
    }

    /// Lets the processor hang for `lasting`, and then go on.
    ///
    /// # Errors
    /// If QEMU is not there, or refuses.
    pub fn hang(&mut self, lasting: Duration) -> anyhow::Result<Hung> {
        self.stream.write_all(&[STOP])?;
        let registers = self.ask("g")?;
        let rounds = lasting.as_nanos() / (INSTRUCTION_NS * INSTRUCTIONS_A_ROUND);
        self.command(&format!("M{LOOP_ADDRESS:x},{:x}:{LOOP}", LOOP.len() / 2))?;
        self.command(&format!("G{}", in_loop(&registers, u32::try_from(rounds)?)?))?;
        self.command(&format!("Z0,{STOP_ADDRESS:x},2"))?;
        self.send("c")?;
        if !self.receive()?.starts_with(STOPPED) {
            return Ok(Hung::Reset);
        }
        self.command(&format!("z0,{STOP_ADDRESS:x},2"))?;
        self.command(&format!("G{registers}"))?;
        self.send("c")?;
        Ok(Hung::GoesOn)
    }

    /// Stops the processor, until [`Debugger::go_on`].
    ///
    /// # Errors
    /// If QEMU is not there.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(&[STOP])?;
        self.ask("g").map(drop)
    }

    /// Lets the processor, which is stopped, run until it is about to do what is at `address`.
    ///
    /// # Errors
    /// If QEMU is not there, or the board does not come there in time.
    pub fn run_to(&mut self, address: u32) -> anyhow::Result<()> {
        self.command(&format!("Z0,{address:x},2"))?;
        self.send("c")?;
        let stopped = self.receive()?;
        ensure!(stopped.starts_with(STOPPED), "the board says {stopped}");
        self.command(&format!("z0,{address:x},2"))
    }

    /// A word of the memory or of a device of a board that is stopped.
    ///
    /// # Errors
    /// If QEMU is not there, or nothing is at `address`.
    pub fn word(&mut self, address: u32) -> anyhow::Result<u32> {
        let digits = self.ask(&format!("m{address:x},4"))?;
        Ok(u32::from_str_radix(&digits, 16).context(digits)?.swap_bytes())
    }

    /// Lets a processor that is stopped go on.
    ///
    /// # Errors
    /// If QEMU is not there.
    pub fn go_on(&mut self) -> anyhow::Result<()> {
        self.send("c")
    }

    fn command(&mut self, words: &str) -> anyhow::Result<()> {
        let answer = self.ask(words)?;
        ensure!(answer == "OK", "QEMU answers {answer} to {words}");
        Ok(())
    }

    /// The answer; that the board has stopped before is known.
    fn ask(&mut self, words: &str) -> anyhow::Result<String> {
        self.send(words)?;
        loop {
            let answer = self.receive()?;
            if !answer.starts_with(STOPPED) {
                return Ok(answer);
            }
        }
    }

    fn send(&mut self, words: &str) -> anyhow::Result<()> {
        let sum = words.bytes().fold(0, u8::wrapping_add);
        Ok(self.stream.write_all(format!("${words}#{sum:02x}").as_bytes())?)
    }

    /// The next packet; an empty one if QEMU has ended.
    fn receive(&mut self) -> anyhow::Result<String> {
        let mut packet = Vec::new();
        while let Some(byte) = self.byte()? {
            match byte {
                // What was before was an acknowledgement.
                b'$' => packet.clear(),
                b'#' => {
                    // The two digits of its sum.
                    let _ = (self.byte()?, self.byte()?);
                    // Nobody takes it if this was QEMU's last word.
                    let _ = self.stream.write_all(b"+");
                    return Ok(String::from_utf8(packet)?);
                }
                byte => packet.push(byte),
            }
        }
        Ok(String::new())
    }

    fn byte(&mut self) -> anyhow::Result<Option<u8>> {
        let mut byte = [0];
        let count = self.stream.read(&mut byte).context("the board does not answer")?;
        Ok((count > 0).then_some(byte[0]))
    }
}

/// `registers` with the processor at the begin of the loop, which has so many rounds.
fn in_loop(registers: &str, rounds: u32) -> anyhow::Result<String> {
    ensure!(registers.len() >= PC + 16 && registers.is_ascii(), "no registers: {registers}");
    let status = registers.len() - 8;
    let old_status = u32::from_str_radix(&registers[status..], 16)?.swap_bytes();
    let mut changed = registers.to_owned();
    let values = [(R0, rounds), (PC, LOOP_ADDRESS), (status, old_status & !CONDITIONAL)];
    for (place, value) in values {
        changed.replace_range(place..place + 8, &format!("{:08x}", value.swap_bytes()));
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_put_into_the_loop_and_nothing_else_is_changed() {
        let registers = "11111111".repeat(17);
        let changed = in_loop(&registers, 0x1234).unwrap();
        assert_eq!((&changed[..8], &changed[8..PC]), ("34120000", &registers[8..PC]));
        assert_eq!(&changed[PC..], "0000102011011111");
        assert!(in_loop("1111", 1).is_err());
    }
}

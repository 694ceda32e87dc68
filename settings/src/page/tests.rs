//! The power is cut at every step, and each time the old set is there, or the new one.

use super::*;
use crate::tests::{Cut, Flash, longest, seeds, short};
use crate::{Key, Settings};

type Make = fn(u16) -> Settings<'static>;

fn page<const WORD: usize>(cut: Cut, seed: u64) -> Page<Flash<WORD>> {
    Page::new(Flash::new(cut, seed), Flash::<WORD>::START)
}

#[track_caller]
fn expect<const WORD: usize>(page: &mut Page<Flash<WORD>>, found: Found<'_>) {
    assert_eq!(page.read(&mut Record::erased()), Ok(found));
}

/// Writes the sets up to `count`, of which the last one is cut after so many steps; answers whether it was.
fn is_cut<const WORD: usize>(
    page: &mut Page<Flash<WORD>>,
    make: Make,
    count: u16,
    steps: u64,
) -> bool {
    let mut record = Record::erased();
    for number in 1..count {
        assert_eq!(page.write(&make(number), &mut record), Ok(()));
    }
    page.flash.cut_after(steps);
    let written = page.write(&make(count), &mut record);
    let was_off = page.flash.power_on();
    assert_eq!(written.is_err(), was_off);
    was_off
}

fn expect_old_or_new<const WORD: usize>(seed: u64, cut: Cut, make: Make, count: u16) -> u64 {
    for steps in 0.. {
        let mut page = page::<WORD>(cut, seed + steps);
        if !is_cut(&mut page, make, count, steps) {
            return steps;
        }
        let mut record = Record::erased();
        let found = page.read(&mut record).unwrap();
        let is_new = found == Found::Whole(make(count));
        let is_old = match count {
            1 => matches!(found, Found::None | Found::Broken),
            _ => found == Found::Whole(make(count - 1)),
        };
        assert!(is_old || is_new, "{cut:?}, {steps} steps of {count}: {found:?}");
        // And that is no matter of luck: it is read again, and the next set is taken.
        page.write(&make(count + 1), &mut record).unwrap();
        expect(&mut page, Found::Whole(make(count + 1)));
    }
    unreachable!("a write has an end")
}

#[test]
fn the_power_may_be_cut_at_every_step() {
    for seed in seeds(2) {
        for cut in Cut::ALL {
            for count in 1..=4 {
                let seed = seed << 32 | u64::from(count) << 16;
                let steps = expect_old_or_new::<4>(seed, cut, longest, count);
                assert_eq!(steps, 1 + 97, "an erase, and each word");
                expect_old_or_new::<4>(seed, cut, short, count);
                expect_old_or_new::<1>(seed, cut, short, count);
                expect_old_or_new::<32>(seed, cut, longest, count);
            }
        }
    }
}

/// Cut again and again, while what was cut is mended: what was whole last is there all the time.
#[test]
fn cuts_that_follow_each_other_lose_nothing() {
    for seed in seeds(200) {
        let mut page = page::<4>(Cut::ALL[seed as usize % 4], seed);
        let (mut record, mut whole, mut cuts) = (Record::erased(), 0, 0);
        for number in 1..30 {
            let steps = page.flash.any_steps(30);
            page.flash.cut_after(steps);
            let written = page.write(&short(number), &mut record);
            cuts += u32::from(page.flash.power_on());
            match page.read(&mut record).unwrap() {
                Found::Whole(settings) if settings == short(number) => whole = number,
                Found::Whole(settings) => {
                    assert_eq!(settings, short(whole));
                    assert!(written.is_err());
                }
                Found::None | Found::Broken => assert_eq!(whole, 0, "set {whole} is lost"),
            }
        }
        assert!((5..30).contains(&cuts), "{cuts} cuts");
    }
}

#[test]
fn a_save_erases_one_sector_and_the_same_set_none() {
    let mut page = page::<4>(Cut::First, 0);
    let mut record = Record::erased();
    for number in 1..=10 {
        for _ in 0..3 {
            page.write(&short(number), &mut record).unwrap();
        }
    }
    assert_eq!(page.flash.erases, [0, 5, 5, 0]);
}

#[test]
fn numbers_that_wrap_go_on() {
    let mut page = page::<4>(Cut::First, 0);
    let mut record = Record::erased();
    for (sector, sequence) in [(0, u32::MAX - 2), (1, u32::MAX - 1)] {
        record.fill(&short(sector as u16 + 1), sequence).unwrap();
        page.flash.sector(sector)[..RECORD_BYTES].copy_from_slice(&record.0);
    }
    for number in 3..8 {
        page.write(&short(number), &mut record).unwrap();
        expect(&mut page, Found::Whole(short(number)));
    }
}

#[test]
fn every_wrong_bit_is_told() {
    let mut whole = page::<4>(Cut::First, 0);
    expect(&mut whole, Found::None);
    whole.write(&short(1), &mut Record::erased()).unwrap();
    let length = Record::erased().fill(&short(1), 0).unwrap();
    for bit in 0..length * 8 {
        let mut page = Page::new(whole.flash.clone(), whole.start);
        page.flash.sector(0)[bit / 8] ^= 1 << (bit % 8);
        expect(&mut page, Found::Broken);
    }
    // Behind them nothing is read.
    whole.flash.sector(0)[length] = 0;
    expect(&mut whole, Found::Whole(short(1)));
}

#[test]
fn what_a_newer_image_has_written_is_not_read_in_part_nor_is_an_older_set() {
    for body in [&[3, 1][..], &[99], &[0, 1, 1, 1, 1, 1, 1]] {
        let mut page = page::<4>(Cut::First, 0);
        let mut record = Record::erased();
        page.write(&short(1), &mut record).unwrap();
        record.fill(&Settings::default(), 1).unwrap();
        record.0[HEAD_BYTES..HEAD_BYTES + body.len()].copy_from_slice(body);
        record.0[8] = body.len() as u8;
        let check = record.check(body);
        record.0[CHECKED_BYTES..HEAD_BYTES].copy_from_slice(&check);
        assert!(record.whole().is_some());
        page.flash.sector(1)[..RECORD_BYTES].copy_from_slice(&record.0);
        expect(&mut page, Found::Broken);
        page.write(&short(2), &mut record).unwrap();
        expect(&mut page, Found::Whole(short(2)));
    }
}

#[test]
fn a_length_beyond_the_record_is_none() {
    let mut record = Record::erased();
    record.fill(&longest(1), 1).unwrap();
    for length in [RECORD_BYTES - HEAD_BYTES + 1, usize::from(u16::MAX)] {
        record.0[8..10].copy_from_slice(&(length as u16).to_le_bytes());
        assert_eq!(record.whole(), None);
    }
}

#[test]
fn a_worn_flash_says_so_and_keeps_what_was_there() {
    let mut page = page::<4>(Cut::First, 0);
    let mut record = Record::erased();
    page.write(&short(1), &mut record).unwrap();
    let second = Flash::<4>::START as usize + 1_024;
    page.flash.worn = Some((second + HEAD_BYTES + 1, 1));
    let key = |byte| Settings { world_key: Some(Key::new([byte; 32])), ..Settings::default() };
    assert_eq!(page.write(&key(0xFF), &mut record), Err(WriteError::Unlike));
    expect(&mut page, Found::Whole(short(1)));
    // Where the bit has to be 0 it does no harm.
    assert_eq!(page.write(&key(0xFE), &mut record), Ok(()));
    expect(&mut page, Found::Whole(key(0xFE)));
}

#[test]
fn what_no_board_may_have_is_not_written() {
    let mut page = page::<4>(Cut::First, 0);
    let wrong = Settings { mac: Some([0; 6]), ..Settings::default() };
    assert_eq!(page.write(&wrong, &mut Record::erased()), Err(WriteError::Wrong(Wrong::Mac)));
    expect(&mut page, Found::None);
}

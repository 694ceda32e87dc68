//! What a ledger makes of what has not been heard in time.
//!
//! Contract: everything sent is judged once, after [`GRACE`]: who was there all the while and has heard
//! neither it nor something newer that stands for it has missed it.

use std::time::Instant;

use super::{GRACE, Ledger, PARTING, Sent};
use crate::bots::room_book::Stay;

impl Ledger {
    /// Judges every message that has had its time.
    pub(in crate::bots) fn judge(&mut self, now: Instant) {
        self.judge_sent_before(now.checked_sub(GRACE).unwrap_or(now));
    }

    /// Judges everything: the bots are about to leave.
    pub(in crate::bots) fn close(&mut self, now: Instant) {
        self.is_closed = true;
        self.present = self.settled;
        self.outages.close(now);
        self.chat.close();
        self.judge_sent_before(now);
    }

    fn judge_sent_before(&mut self, limit: Instant) {
        for number in 0..self.bots.len() {
            while let Some(oldest) = self.bots[number].sent.front() {
                if oldest.at > limit {
                    break;
                }
                self.judge_oldest(number);
                self.bots[number].sent.pop_front();
            }
        }
    }

    fn judge_oldest(&mut self, number: usize) {
        let sent = &self.bots[number].sent[0];
        let listeners = self.listeners(sent);
        let heard = listeners.iter().filter(|(_, stay)| sent.has_heard(*stay)).count() as u64;
        let missing = listeners.len() as u64 - heard;
        self.totals.expected += listeners.len() as u64;
        self.totals.received += heard;
        if missing == 0 {
            return;
        }
        if !sent.is_event && sent.heard == 0 && self.has_newer_heard(number) {
            self.totals.conflated += missing;
            return;
        }
        let (is_event, at) = (sent.is_event, sent.at);
        let deaf: Vec<u16> = listeners
            .into_iter()
            .filter(|(_, stay)| !sent.has_heard(*stay))
            .map(|(bot, _)| bot)
            .collect();
        for bot in deaf {
            self.judge_missing(bot, is_event, at);
        }
    }

    /// The bots, with their stays, that have to hear a message.
    fn listeners(&self, sent: &Sent) -> Vec<(u16, usize)> {
        let stays = self.rooms.rooms[sent.room].stays.iter().enumerate();
        let must_hear = |(place, stay): &(usize, &Stay)| {
            let was_in = stay.settled_at.is_some_and(|settled| settled < sent.at);
            let has_stayed = stay.left_at.is_none_or(|left| left > sent.at + PARTING);
            was_in && has_stayed && (sent.is_event || *place != sent.stay)
        };
        stays.filter(must_hear).map(|(place, stay)| (stay.bot, place)).collect()
    }

    /// Whether anyone has heard a later move of the same stay.
    fn has_newer_heard(&self, number: usize) -> bool {
        let mut sent = self.bots[number].sent.iter();
        let Some(oldest) = sent.next() else { return false };
        sent.any(|newer| newer.stay == oldest.stay && newer.room == oldest.room && newer.heard > 0)
    }

    /// One listener has not heard a message: it was told so, a snapshot made up for it, or it is lost.
    fn judge_missing(&mut self, listener: u16, is_event: bool, at: Instant) {
        let bot = &mut self.bots[usize::from(listener)];
        let is_made_up_for = if is_event {
            let is_announced = bot.announced > 0;
            bot.announced -= u64::from(is_announced);
            is_announced
        } else {
            bot.caught_up_at.is_some_and(|caught_up| caught_up > at)
        };
        if is_made_up_for {
            self.totals.missed_announced += 1;
        } else {
            self.totals.lost += 1;
        }
    }

    /// Whether everyone has heard everything that can still arrive: every event, and every bot's
    /// last move.
    pub(in crate::bots) fn is_complete(&self) -> bool {
        self.chat.is_complete() && self.has_heard_everything()
    }

    fn has_heard_everything(&self) -> bool {
        self.bots.iter().all(|bot| {
            let last = bot.sent.iter().rev().find(|sent| !sent.is_event);
            let owed = bot.sent.iter().filter(|sent| sent.is_event).chain(last);
            owed.into_iter()
                .all(|sent| self.listeners(sent).iter().all(|(_, stay)| sent.has_heard(*stay)))
        })
    }
}

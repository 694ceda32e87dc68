//! What counts for which address, as the tables of Main have it, for whoever audits the book of shares.
//!
//! Contract: what the book says of an address that has connections is what is here, at any time between two turns;
//! an address without connections has no entry in the book, so its holdings count no more.

use super::{Authenticator, Main};
use crate::session::{AddressKey, Holding};

impl<A: Authenticator> Main<'_, A> {
    /// Guests, tickets, channels and questions, to Login and to the directory, each with the address that holds it. O(users +
    /// memberships + questions + claims).
    pub fn holdings(&self) -> impl Iterator<Item = (AddressKey, Holding)> {
        let users = || self.users.iter().map(|(_, user)| user);
        let guests = users().filter(|user| user.is_new_guest);
        let tickets = users().filter(|user| user.place.is_ticket());
        let guests = guests.map(|user| (user.address, Holding::Guest));
        let tickets = tickets.map(|user| (user.address, Holding::Ticket));
        let channels = self.chat.holders().map(|address| (address, Holding::Channel));
        let hellos = self.login.hellos.iter();
        let questions = hellos.map(|(_, hello)| (hello.address, Holding::Question));
        let claims = self.claims.hellos().map(|hello| (hello.address(), Holding::Question));
        guests.chain(tickets).chain(channels).chain(questions).chain(claims)
    }
}

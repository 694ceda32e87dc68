//! What a run is to be: its seed, its weather, and what is broken on purpose.

use crate::profile::Profile;

/// Something that is broken on purpose, so that a test sees an invariant fail.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Sabotage {
    /// Nothing is.
    #[default]
    Nothing,
    /// The network swaps two segments, once.
    SwappedSegments,
    /// The network loses a byte, once.
    LostByte,
    /// A game takes an event and says nothing, once.
    UnsaidEvent,
    /// A game takes an event and says it twice, once.
    RepeatedEvent,
    /// A driver reports fewer bytes than its transport has taken, once.
    UnderreportedWrite,
    /// A driver forgets to tell its node that a session has ended, once.
    UntoldEnd,
    /// The account store takes a token for another user's, once.
    WrongUser,
    /// A Main changes a message of a channel for its own members, once.
    ChangedMessage,
    /// A client does not get one of the messages of a channel that are on the way to it.
    WithheldMessage,
    /// A Main tells a client that it has left a channel, and leaves it in, once.
    UnheardLeave,
    /// A Main forgets what a client wants to say in a channel, once.
    ForgottenSay,
    /// The chat server forgets that somebody has left a channel, once.
    KeptMember,
    /// The account store tells Login of everybody who was revoked but one.
    UnheardRevocation,
    /// The account store does not tell Login that everybody was revoked.
    UnheardByEverybody,
    /// The account store does not tell Login of those whose device's key was taken away.
    UnheardDeviceKey,
    /// The account store tells Login of somebody who was not revoked.
    GroundlessRevocation,
    /// The account store takes a password that was changed.
    FormerPassword,
    /// The account store takes keys of devices that were taken away.
    FormerDeviceKey,
    /// A thief has got the realm's secret, and not just the key of a server.
    StolenSecret,
    /// Whoever listens in the place of a server that is down has got it.
    UsurpedSecret,
    /// A Main takes a world for the one that it has proven to be, whatever that registers as.
    UncheckedName,
    /// Servers that should have the newest secret alone take the former one as well.
    KeptSecret,
    /// Servers that should have both secrets have the newest one alone.
    UnsharedSecret,
    /// Links between servers are in clear, so what somebody on the way changes is taken.
    UnsealedLinks,
    /// Players say in clear what they should seal.
    UnsealedPlayers,
    /// A world lets nobody go who is revoked.
    KeptStay,
    /// A world's store says that it has kept something, and has not, once.
    LostSave,
    /// A Main does not hear of the rooms that its worlds have opened.
    UntoldRooms,
    /// A world lets nobody go who goes to another one.
    KeptSeat,
    /// A world's games tell that somebody is back in its seat, and it is another one's place, once.
    WrongSeat,
    /// Clients do not see the things of their rooms,
    UnseenThing,
    /// or not that those are removed,
    UnseenRemoval,
    /// or not what members show.
    UnseenTally,
    /// A Main counts a place for an address that does not hold it, once.
    UnheldPlace,
    /// A Main forgets to count a place that an address holds, once.
    UncountedPlace,
    /// A Main takes strangers' questions without looking at how many their address has asked.
    UnsharedQuestions,
    /// A world forgets an input, once.
    ForgottenInput,
    /// A world takes an input for that of the next tick, once.
    MisnumberedInput,
    /// A world's games take their inputs twice.
    RepeatedInput,
    /// A room's timers fire before their time,
    EarlyTimer,
    /// or twice,
    RepeatedTimer,
    /// or when their room is closed.
    LateTimer,
    /// A room that its game has locked lets others in.
    OpenLock,
    /// Who wants to watch has a body.
    SeatedSpectator,
    /// Who watches does not hear what is said.
    DeafSpectator,
    /// A Main calls users something else than they have said.
    WrongNickname,
    /// A Main lets those in whose nickname it is to refuse.
    UncheckedNickname,
    /// Clients do not see what members are called.
    UnseenName,
    /// A Main lists rooms that are not to be listed.
    ShownUnlisted,
    /// A Main forgets that somebody wants a list.
    ForgottenList,
    /// A Main sends users to worlds of any region.
    WrongRegion,
    /// A world's store says that it has kept a room, and has kept another state, once.
    ChangedRoom,
    /// A world's games go on under other names than were kept.
    WrongRoom,
    /// A world's games answer other questions than they were asked.
    WrongAnswer,
    /// A world's games do not hear what has become of their own questions.
    UnheardOutcome,
    /// Worlds take whatever number they hear of a user for the newest.
    AnyClaim,
    /// Worlds do not hear under which numbers users are claimed.
    UnheardClaim,
    /// Worlds open rooms under numbers that they have had already.
    AnyRoomClaim,
}

impl Sabotage {
    pub(crate) const fn is_of_network(self) -> bool {
        matches!(self, Self::SwappedSegments | Self::LostByte)
    }

    /// What only an exchange of the cluster's secret can show.
    pub(crate) const fn needs_exchange(self) -> bool {
        matches!(self, Self::KeptSecret | Self::UnsharedSecret)
    }

    /// What only a realm of several Mains can show.
    pub(crate) const fn needs_directory(self) -> bool {
        matches!(self, Self::AnyClaim | Self::UnheardClaim | Self::AnyRoomClaim)
    }

    /// What is broken in each world, and not in the first alone.
    pub(crate) const fn is_of_all_worlds(self) -> bool {
        self.needs_directory()
    }

    /// What only a realm with accounts can show.
    pub(crate) const fn needs_accounts(self) -> bool {
        matches!(
            self,
            Self::WrongUser
                | Self::UnheardRevocation
                | Self::UnheardByEverybody
                | Self::GroundlessRevocation
                | Self::FormerPassword
                | Self::FormerDeviceKey
                | Self::UnheardDeviceKey
                | Self::KeptStay
                | Self::UnsharedQuestions
        )
    }
}

/// What a run is to be.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Everything that is random comes from this.
    pub seed: u64,
    /// The weather; `None` for the one that the seed picks.
    pub profile: Option<Profile>,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

impl Settings {
    /// An honest run of `seed`.
    pub const fn of_seed(seed: u64) -> Self {
        Self { seed, profile: None, sabotage: Sabotage::Nothing }
    }
}

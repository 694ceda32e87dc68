//! `protocol!`: one definition of a direction of a link, and everything that follows from it.

/// Defines the messages of one direction of one link; see the module
/// [`protocol`](mod@crate::protocol).
///
/// Each message is `offset method => Name { fields }`, with a lifetime if it borrows. The result is
/// a module with the structs, `Stub`, `Proxy`, `Runtime`, `dispatch` and `SCHEMA`. Behind the band
/// two words may follow:
/// - `hears other`: the direction that comes back, in a module beside this one. The proxy gets
///   `connect`, and its stub is that direction's.
/// - `codec Name`: how payloads are encoded. Without it they are `postcard`; with `Raw` a message is one
///   field of type `&[u8]`; with any other the messages need whatever that codec asks for.
///
/// ```
/// use tinyrealm_core::protocol;
/// use tinyrealm_core::wire::opcode::Band;
///
/// const TO_GAME: Band = Band { first: 100, count: 50 };
/// const TO_CLIENT: Band = Band { first: 150, count: 50 };
///
/// protocol! {
///     /// From a client to the game.
///     mod client_to_game in TO_GAME, hears game_to_client;
///
///     /// Turn the wheel.
///     0 steer => Steer {
///         /// In degrees.
///         angle: i16,
///     }
/// }
///
/// protocol! {
///     /// From the game to a client.
///     mod game_to_client in TO_CLIENT, hears client_to_game;
///
///     /// Somebody has won.
///     0 won => Won<'a> {
///         /// Who.
///         name: &'a str,
///     }
/// }
///
/// fn main() {
///     assert_eq!(client_to_game::Steer::OPCODE.0, 100);
/// }
/// ```
#[macro_export]
macro_rules! protocol {
    (
        $(#[$module_meta:meta])*
        mod $module:ident in $band:expr $(, hears $inbound:ident)? $(, codec $codec:ident)?;
        $($messages:tt)*
    ) => {
        $crate::protocol! {
            @direction $(#[$module_meta])* $module [$band] [$($inbound)?] [$($codec)?] $($messages)*
        }
    };
    // The same with one token for each option, which can be said anew for each message.
    (
        @direction $(#[$module_meta:meta])* $module:ident [$band:expr] $inbound:tt $codec:tt
        $(
            $(#[$message_meta:meta])*
            $offset:literal $method:ident => $Message:ident $(<$life:lifetime>)? {
                $( $(#[$field_meta:meta])* $field:ident: $Type:ty, )*
            }
        )*
    ) => {
        $(#[$module_meta])*
        pub mod $module {
            #[allow(unused_imports)]
            use super::*;
            use $crate::net::{
                CloseCode, NetError, NetErrorKind, NetEvents, NetOutbound, NetRuntime, NetSender,
            };
            use $crate::protocol::{
                serde as codec_serde, Dispatched, EncodePayload, FieldSchema, hand_over,
                FrameSink, LinkSchema, Message, MessageSchema, SendError,
            };
            use $crate::wire::opcode::{Band, Opcode};
            use $crate::wire::{BinaryWriter, Frame, Full};

            const BAND: Band = $band;

            /// How the payloads of this direction are encoded.
            pub type Codec = $crate::protocol_codec!($codec);

            $(
                $crate::protocol_struct! {
                    $codec
                    $(#[$message_meta])*
                    $Message $(<$life>)? { $( $(#[$field_meta])* $field: $Type, )* }
                }

                impl $(<$life>)? $Message $(<$life>)? {
                    /// This message's opcode.
                    pub const OPCODE: Opcode = {
                        let opcode = BAND.at($offset);
                        assert!(BAND.contains(opcode), "opcode outside of its band");
                        opcode
                    };
                }

                impl $(<$life>)? Message for $Message $(<$life>)? {
                    const OPCODE: Opcode = Self::OPCODE;
                    const NAME: &'static str = stringify!($Message);

                    #[inline]
                    fn encode_payload(&self, writer: &mut BinaryWriter<'_>) -> Result<(), Full> {
                        <Codec as EncodePayload<Self>>::encode(self, writer)
                    }
                }
            )*

            /// Receives the messages of this direction; `C` is whatever the receiver needs to know
            /// besides the message.
            pub trait Stub<C: ?Sized> {
                /// Whether it is built with what it takes to hear a message: one that it is not is `Unknown`, and
                /// costs nothing.
                #[inline(always)]
                fn hears(&self, opcode: Opcode) -> bool {
                    let _ = opcode;
                    true
                }

                $(
                    #[doc = concat!("Handles [`", stringify!($Message), "`].")]
                    fn $method $(<$life>)? (
                        &mut self,
                        context: &mut C,
                        message: $Message $(<$life>)?,
                    );
                )*
            }

            /// Decodes `frame` and hands it to `stub`.
            pub fn dispatch<C: ?Sized>(
                stub: &mut (impl Stub<C> + ?Sized),
                context: &mut C,
                frame: Frame<'_>,
            ) -> Dispatched {
                match frame.opcode {
                    $(
                        $Message::OPCODE if stub.hears($Message::OPCODE) => hand_over::<Codec, $Message>(
                            frame.payload,
                            |message| stub.$method(context, message),
                        ),
                    )*
                    _ => Dispatched::Unknown,
                }
            }

            /// Hands what a session hears to a stub of this direction. A payload that does not decode
            /// ends the connection.
            #[derive(Debug, Default)]
            pub struct Runtime<H>(
                /// The stub.
                pub H,
            );

            impl<H> NetRuntime for Runtime<H>
            where
                H: NetEvents + for<'s> Stub<NetSender<'s>>,
            {
                fn try_dispatch_inbound(
                    &mut self,
                    session: &mut NetSender<'_>,
                    opcode: Opcode,
                    payload: &[u8],
                ) -> bool {
                    match dispatch(&mut self.0, session, Frame { opcode, payload }) {
                        Dispatched::Handled => true,
                        Dispatched::Unknown => false,
                        Dispatched::Malformed => {
                            let text = "a payload does not decode";
                            let kind = NetErrorKind::Malformed(opcode);
                            session.report(&mut self.0, NetError { kind, text });
                            session.close(CloseCode::PROTOCOL_ERROR, text);
                            true
                        }
                    }
                }
            }

            impl<H: NetEvents> NetEvents for Runtime<H> {
                fn on_open(&mut self, sender: &mut NetSender<'_>) {
                    self.0.on_open(sender);
                }

                fn on_close(&mut self, code: CloseCode, reason: &str) {
                    self.0.on_close(code, reason);
                }

                fn on_error(&mut self, error: NetError<'_>) {
                    self.0.on_error(error);
                }
            }

            /// Sends the messages of this direction into any [`FrameSink`].
            #[derive(Debug, Default)]
            pub struct Proxy<S> {
                /// Where the frames go.
                pub sink: S,
            }

            impl<S: FrameSink> Proxy<S> {
                $(
                    #[doc = concat!("Sends [`", stringify!($Message), "`].")]
                    ///
                    /// # Errors
                    /// Whatever keeps the sink from taking it; nothing was sent then.
                    pub fn $method(&mut self, message: &$Message) -> Result<(), SendError> {
                        self.sink.send(message)
                    }
                )*
            }

            $crate::protocol_proxy! { $inbound }

            /// This direction as data.
            pub const SCHEMA: LinkSchema = LinkSchema {
                name: stringify!($module),
                messages: &[$(
                    MessageSchema {
                        name: stringify!($Message),
                        method: stringify!($method),
                        opcode: $Message::OPCODE,
                        fields: &[$(
                            FieldSchema {
                                name: stringify!($field),
                                type_name: stringify!($Type),
                            },
                        )*],
                    },
                )*],
            };

            const _: () = assert!(SCHEMA.opcodes_rise(), "opcodes must rise within a direction");
        }
    };
}

/// The type of a codec's name; a part of `protocol!`.
#[doc(hidden)]
#[macro_export]
macro_rules! protocol_codec {
    ([]) => {
        $crate::protocol::Postcard
    };
    ([Raw]) => {
        $crate::protocol::Raw
    };
    ([$Codec:ident]) => {
        super::$Codec
    };
}

/// A message's struct, with what its codec asks of it; a part of `protocol!`.
#[doc(hidden)]
#[macro_export]
macro_rules! protocol_struct {
    (
        []
        $(#[$meta:meta])*
        $Message:ident $(<$life:lifetime>)? { $( $(#[$field_meta:meta])* $field:ident: $Type:ty, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Debug, codec_serde::Serialize, codec_serde::Deserialize)]
        #[serde(crate = "self::codec_serde")]
        pub struct $Message $(<$life>)? { $( $(#[$field_meta])* pub $field: $Type, )* }
    };
    (
        [Raw]
        $(#[$meta:meta])*
        $Message:ident<$life:lifetime> { $(#[$field_meta:meta])* $field:ident: $Type:ty, }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $Message<$life> { $(#[$field_meta])* pub $field: $Type, }

        impl<$life> From<&$life [u8]> for $Message<$life> {
            fn from($field: &$life [u8]) -> Self {
                Self { $field }
            }
        }

        impl $crate::protocol::RawMessage for $Message<'_> {
            fn payload(&self) -> &[u8] {
                self.$field
            }
        }
    };
    ([Raw] $($rest:tt)*) => {
        compile_error!("a raw message is `Name<'a> { field: &'a [u8], }`");
    };
    (
        [$codec:ident]
        $(#[$meta:meta])*
        $Message:ident $(<$life:lifetime>)? { $( $(#[$field_meta:meta])* $field:ident: $Type:ty, )* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $Message $(<$life>)? { $( $(#[$field_meta])* pub $field: $Type, )* }
    };
}

/// What a proxy can do with a session, for directions that are answered; a part of `protocol!`.
#[doc(hidden)]
#[macro_export]
macro_rules! protocol_proxy {
    ([]) => {};
    ([$inbound:ident]) => {
        use super::$inbound::{Runtime as InboundRuntime, Stub as InboundStub};
        use $crate::net::{Attached, NetConnector, NetLink, NetSession, NetState, UrlError};

        impl<S, H> Proxy<NetLink<S, InboundRuntime<H>>>
        where
            S: NetSession,
            H: NetEvents + for<'s> InboundStub<NetSender<'s>>,
        {
            /// Begins to connect to `url`, and returns; `stub` hears what comes, inside of `tick`.
            /// A connection that was there before is dropped, and its stub told.
            ///
            /// # Errors
            /// What is wrong with the address; nothing has changed then.
            pub fn connect<C>(&mut self, stub: H, url: &str, connector: &C) -> Result<(), UrlError>
            where
                C: NetConnector<Session = S>,
            {
                self.sink.connect(InboundRuntime(stub), url, connector)
            }

            /// Tells the stub what has happened since the last tick, and answers how much that was.
            pub fn tick(&mut self) -> usize {
                self.sink.tick()
            }

            /// Asks for the end: the stub's `on_close` comes with a later tick.
            pub fn disconnect(&mut self) {
                self.sink.disconnect();
            }

            /// Whether the connection stands.
            pub fn is_connected(&self) -> bool {
                self.state() == NetState::Open
            }

            /// Where the connection is.
            pub fn state(&self) -> NetState {
                self.sink.state()
            }

            /// Where it goes; empty before the first `connect`.
            pub fn url(&self) -> &str {
                self.sink.url()
            }

            /// What went wrong last, in words; empty if nothing did.
            pub fn last_error(&self) -> &str {
                self.sink.last_error()
            }

            /// The session, for other proxies to share.
            pub fn session(&self) -> Option<&S> {
                self.sink.session()
            }

            /// The stub; `None` before the first `connect`.
            pub fn stub(&self) -> Option<&H> {
                self.sink.client().map(|client| &client.runtime().0)
            }

            /// The stub, to change; `None` before the first `connect`.
            pub fn stub_mut(&mut self) -> Option<&mut H> {
                self.sink.client_mut().map(|client| &mut client.runtime_mut().0)
            }
        }

        impl<O: NetOutbound> Proxy<Attached<O>> {
            /// Sends into a session that somebody else ticks, which so hears the answers, too.
            pub fn attach_session<S: NetSession<Handle = O>>(&mut self, session: &S) {
                self.sink.attach_session(session);
            }

            /// Whether the connection stands.
            pub fn is_connected(&self) -> bool {
                self.sink.state() == NetState::Open
            }
        }
    };
}

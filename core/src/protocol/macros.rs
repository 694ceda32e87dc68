//! `protocol!`: one definition of a direction of a link, and everything that follows from it.

/// Defines the messages of one direction of one link; see [the module](super).
///
/// Each message is `offset method => Name { fields }`, with a lifetime if it borrows. The result is
/// a module with the structs, `Stub`, `Proxy`, `dispatch` and `SCHEMA`.
macro_rules! protocol {
    (
        $(#[$module_meta:meta])*
        mod $module:ident in $band:expr;
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
            use $crate::protocol::{
                decode, Dispatched, FieldSchema, FrameSink, LinkSchema, Message, MessageSchema,
                SendError,
            };
            use $crate::wire::opcode::{Band, Opcode};
            use $crate::wire::Frame;

            const BAND: Band = $band;

            $(
                $(#[$message_meta])*
                #[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
                pub struct $Message $(<$life>)? {
                    $( $(#[$field_meta])* pub $field: $Type, )*
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
                }
            )*

            /// Receives the messages of this direction; `C` is whatever the receiver needs to know
            /// besides the message.
            pub trait Stub<C: ?Sized> {
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
                        $Message::OPCODE => match decode(frame.payload) {
                            Some(message) => {
                                stub.$method(context, message);
                                Dispatched::Handled
                            }
                            None => Dispatched::Malformed,
                        },
                    )*
                    _ => Dispatched::Unknown,
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

pub(crate) use protocol;

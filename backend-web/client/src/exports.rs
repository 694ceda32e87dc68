//! `exports!`: what a wasm module has for the JavaScript that has its sockets (`sockets.js`).

/// The network of a wasm module, and what its host calls for its sockets. The module's author adds what begins
/// and what ticks, with a [`WebConnector`](crate::WebConnector) over `&NETWORK.0`.
///
/// Makes the statics `NETWORK` and `HANDOVER`, and the functions `handover`, `handover_bytes`, `opened`, `heard`,
/// `closed`, `waiting`, `request` and `request_taken`. The host puts what it hands over at `handover()`, and a call that
/// takes a length reads so many bytes of it; a request is a record `[kind: u8][0][socket: u16 LE][bytes: u16 LE][body]`,
/// which is the host's to read until it calls `request_taken` or the module's tick.
#[macro_export]
macro_rules! exports {
    () => {
        /// What only the module's one thread sees.
        struct Single<T>(T);

        // SAFETY: a wasm module without shared memory has one thread, and this one is built for nothing else.
        unsafe impl<T> Sync for Single<T> {}

        type Handover = [u8; $crate::HANDOVER_BYTES];

        static HANDOVER: Single<::core::cell::Cell<Handover>> =
            Single(::core::cell::Cell::new([0; $crate::HANDOVER_BYTES]));
        static NETWORK: Single<$crate::WebNetwork> = Single($crate::WebNetwork::new());

        /// What was handed over: the first `bytes` of it.
        fn handed_over(copy: &Handover, bytes: u32) -> Option<&[u8]> {
            copy.get(..bytes as usize)
        }

        /// A socket's number; what is none is nobody's.
        fn socket_of(number: u32) -> u16 {
            u16::try_from(number).unwrap_or_default()
        }

        fn place_of(record: $crate::Record<'_>) -> *const u8 {
            record.whole.as_ptr()
        }

        /// Where the host puts what it hands over, and how much room there is.
        #[unsafe(no_mangle)]
        pub extern "C" fn handover() -> *const u8 {
            HANDOVER.0.as_ptr().cast()
        }

        /// The bytes at [`handover`].
        #[unsafe(no_mangle)]
        pub extern "C" fn handover_bytes() -> u32 {
            $crate::HANDOVER_BYTES as u32
        }

        /// A socket stands.
        #[unsafe(no_mangle)]
        pub extern "C" fn opened(socket: u32) -> u32 {
            NETWORK.0.opened(socket_of(socket)) as u32
        }

        /// A socket has heard a binary message of so many bytes; of a longer one, as many as can be handed over.
        #[unsafe(no_mangle)]
        pub extern "C" fn heard(socket: u32, bytes: u32) -> u32 {
            let copy = HANDOVER.0.get();
            let body = handed_over(&copy, bytes);
            let answer = body.map(|body| NETWORK.0.heard(socket_of(socket), body));
            answer.unwrap_or($crate::Answer::Refused) as u32
        }

        /// A socket has ended, with this code, and a reason of so many bytes of UTF-8.
        #[unsafe(no_mangle)]
        pub extern "C" fn closed(socket: u32, code: u32, bytes: u32) -> u32 {
            let copy = HANDOVER.0.get();
            let reason = handed_over(&copy, bytes).unwrap_or_default();
            NETWORK.0.closed(socket_of(socket), code as u16, reason) as u32
        }

        /// 1 if something was handed over that no tick has dealt with, else 0.
        #[unsafe(no_mangle)]
        pub extern "C" fn waiting() -> u32 {
            NETWORK.0.is_waiting().into()
        }

        /// Where the oldest request lies; null if there is none.
        #[unsafe(no_mangle)]
        pub extern "C" fn request() -> *const u8 {
            NETWORK.0.request(place_of).unwrap_or(::core::ptr::null())
        }

        /// The host has done it.
        #[unsafe(no_mangle)]
        pub extern "C" fn request_taken() {
            NETWORK.0.request_taken();
        }
    };
}

namespace Tinyrealm
{
    /// <summary>A connection to one server, over TCP, in clear or by TLS. All of it happens in Tick and Send, which never wait.</summary>
    internal sealed class Connection
    {
        const int ConnectTimeoutMs = 10000;
        const int SilenceMs = 30000;
        const int OutboundBytes = 1 << 16;

        enum State { Closed, Resolving, Connecting, Greeting, Open }

        readonly byte[] inbound = new byte[Frames.LengthBytes + Protocol.FRAME_LIMIT_MAX_BYTES];
        readonly byte[] outbound = new byte[OutboundBytes];
        readonly Func<int, byte[], int, int, Dispatched> hear;
        readonly Action opened;
        readonly Action<ushort> ended;
        readonly Stopwatch clock = Stopwatch.StartNew();
        State state;
        Socket socket;
        IPipe pipe;
        Func<Socket, IPipe> makePipe;
        Task<IPAddress[]> resolving;
        IPAddress[] addresses;
        int nextAddress;
        int port;
        int inboundCount;
        int outboundCount;
        long heardAtMs;
        long greetedByMs;
        ushort code;

        /// <summary>What any server may say.</summary>
        internal readonly EitherWay.Listener Common = new EitherWay.Listener();

        /// <summary>Calls `opened` when it stands, `hear` for each frame, and `ended` once, with the last error
        /// code: the server's own, or what went wrong here.</summary>
        internal Connection(
            Action opened, Func<int, byte[], int, int, Dispatched> hear, Action<ushort> ended)
        {
            this.opened = opened;
            this.hear = hear;
            this.ended = ended;
            Common.OnPing += (in EitherWay.Ping ping) => Send(new EitherWay.Pong { Nonce = ping.Nonce });
            Common.OnError += (in EitherWay.Error error) => code = error.Code;
            Common.OnBye += (in EitherWay.Bye bye) => code = bye.Reason;
        }

        /// <summary>Why the last connection by TLS did not come about; empty if it did.</summary>
        internal string TlsProblem { get; private set; } = "";

        internal bool IsClosed => state == State.Closed;

        /// <summary>Begins to connect. A name is resolved on another thread. `pipe` is made of a connected
        /// socket.</summary>
        internal void Connect(string host, int toPort, Func<Socket, IPipe> pipe)
        {
            Close();
            makePipe = pipe;
            port = toPort;
            code = ErrorCode.LOST;
            inboundCount = outboundCount = nextAddress = 0;
            addresses = Array.Empty<IPAddress>();
            greetedByMs = clock.ElapsedMilliseconds + ConnectTimeoutMs;
            state = State.Resolving;
            resolving = IPAddress.TryParse(host, out var address)
                ? Task.FromResult(new[] { address })
                : Dns.GetHostAddressesAsync(host);
        }

        /// <summary>The server has let us in: from here on only silence ends it.</summary>
        internal void Greeted() => greetedByMs = long.MaxValue;

        /// <summary>Ends it here, without telling anybody.</summary>
        internal void Close()
        {
            state = State.Closed;
            pipe?.Dispose();
            socket?.Close();
            pipe = null;
            socket = null;
        }

        /// <summary>Queues a message, if it is within its limits and there is room.</summary>
        internal bool Send<T>(in T message) where T : struct, IMessage
        {
            if (state != State.Open) return false;
            int bytes = Frames.Encode(in message, outbound, outboundCount);
            outboundCount += bytes;
            if (bytes > 0) Flush();
            return bytes > 0;
        }

        /// <summary>Does what there is to do.</summary>
        internal void Tick()
        {
            if (state == State.Resolving && resolving.IsCompleted) Resolved();
            if (state == State.Connecting) AwaitSocket();
            if (state == State.Greeting) AwaitPipe();
            if (state == State.Open) Flush();
            if (state == State.Open) Receive();
            if (state == State.Closed) return;
            long nowMs = clock.ElapsedMilliseconds;
            if (nowMs > greetedByMs) End(ErrorCode.GREETING_TIMEOUT);
            else if (state == State.Open && nowMs > heardAtMs + SilenceMs) End(ErrorCode.SILENT);
        }

        void Resolved()
        {
            if (resolving.Status == TaskStatus.RanToCompletion) addresses = resolving.Result;
            else _ = resolving.Exception;
            TryNextAddress(ErrorCode.UNRESOLVED);
        }

        void TryNextAddress(ushort otherwise)
        {
            socket?.Close();
            if (nextAddress == addresses.Length)
            {
                End(otherwise);
                return;
            }
            var address = addresses[nextAddress++];
            state = State.Connecting;
            try
            {
                socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                socket.Blocking = false;
                socket.NoDelay = true;
                socket.Connect(new IPEndPoint(address, port));
            }
            catch (SocketException problem) when (IsUnderWay(problem.SocketErrorCode))
            {
            }
            catch (SocketException)
            {
                TryNextAddress(ErrorCode.UNREACHABLE);
            }
        }

        static bool IsUnderWay(SocketError error) =>
            error == SocketError.WouldBlock || error == SocketError.InProgress
                || error == SocketError.IOPending;

        void AwaitSocket()
        {
            bool failed = socket.Poll(0, SelectMode.SelectError);
            if (!failed && !socket.Poll(0, SelectMode.SelectWrite)) return;
            var error = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error);
            if (failed || error != 0)
            {
                TryNextAddress(ErrorCode.UNREACHABLE);
                return;
            }
            pipe = makePipe(socket);
            state = State.Greeting;
        }

        void AwaitPipe()
        {
            TlsProblem = pipe.Problem ?? "";
            if (pipe.Problem != null) End(ErrorCode.UNREACHABLE);
            else if (pipe.IsOpen) Opened();
        }

        void Opened()
        {
            state = State.Open;
            heardAtMs = clock.ElapsedMilliseconds;
            opened();
        }

        void Flush()
        {
            while (outboundCount > 0)
            {
                int sent = pipe.Send(outbound, outboundCount);
                if (sent == 0) return;
                Buffer.BlockCopy(outbound, sent, outbound, 0, outboundCount - sent);
                outboundCount -= sent;
            }
        }

        void Receive()
        {
            while (state == State.Open)
            {
                int room = inbound.Length - inboundCount;
                int read = pipe.Receive(inbound, inboundCount, room);
                if (read < 0) return;
                if (read == 0)
                {
                    End(code);
                    return;
                }
                inboundCount += read;
                HearFrames();
            }
        }

        void HearFrames()
        {
            int at = 0;
            while (state == State.Open && inboundCount - at >= Frames.LengthBytes)
            {
                int length = Frames.Length(inbound, at);
                if (length < Frames.OpcodeBytes || length > Protocol.FRAME_LIMIT_MAX_BYTES)
                {
                    End(ErrorCode.BAD_FRAME);
                    return;
                }
                if (inboundCount - at < Frames.LengthBytes + length) break;
                heardAtMs = clock.ElapsedMilliseconds;
                int payload = at + Frames.LengthBytes + Frames.OpcodeBytes;
                Hear(Frames.Opcode(inbound, at), payload, length - Frames.OpcodeBytes);
                at += Frames.LengthBytes + length;
            }
            if (state != State.Open) return;
            inboundCount -= at;
            Buffer.BlockCopy(inbound, at, inbound, 0, inboundCount);
        }

        void Hear(int opcode, int offset, int count)
        {
            var dispatched = Common.Dispatch(opcode, inbound, offset, count);
            if (dispatched == Dispatched.Unknown) dispatched = hear(opcode, inbound, offset, count);
            if (dispatched == Dispatched.Malformed && state == State.Open) End(ErrorCode.MALFORMED);
        }

        void End(ushort why)
        {
            Close();
            ended(why);
        }
    }

    /// <summary>How long to wait before the next attempt: longer each time.</summary>
    internal struct Backoff
    {
        const int FirstMs = 250;
        const int MostMs = 15000;
        const int HeldMs = 10000;
        static readonly Random Random = new Random();

        int failures;
        long succeededAtMs;
        long nextAtMs;

        internal bool IsDue(long nowMs) => nowMs >= nextAtMs;

        internal void Succeed(long nowMs) => succeededAtMs = nowMs;

        /// <summary>What has held for a while begins anew.</summary>
        internal void Fail(long nowMs, long atLeastMs = 0)
        {
            bool hasHeld = succeededAtMs > 0 && nowMs - succeededAtMs >= HeldMs;
            failures = hasHeld ? 0 : Math.Min(failures + 1, 10);
            succeededAtMs = 0;
            double waitMs = Math.Min((long)FirstMs << failures, MostMs) * (0.5 + Random.NextDouble() / 2);
            nextAtMs = nowMs + Math.Max((long)waitMs, atLeastMs);
        }

        internal void Reset() => this = default;
    }
}


namespace Tinyrealm
{
    /// <summary>A user of a realm: it logs in, says hello to Main, enters a world, and comes back when it has lost
    /// either, until it is stopped or told not to. Call Tick from your loop; all events come inside of it.</summary>
    public sealed partial class Client : IDisposable
    {
        const int AnswerTimeoutMs = 10000;

        readonly ClientOptions options;
        readonly Connection login, main, world;
        readonly Stopwatch clock = Stopwatch.StartNew();
        readonly byte[] inputBytes = new byte[Protocol.INPUT_MAX_BYTES];
        readonly RoomLists lists;
        Backoff loginBackoff, mainBackoff, worldBackoff;
        byte[] handshakeKey;
        Wish wish, askedWish;
        bool isEntering;
        long enteringUntilMs;
        uint lastRequest;

        /// <summary>What servers say. A game adds its handlers to these events.</summary>
        public readonly MainToClient.Listener Main = new MainToClient.Listener();
        /// <summary>The same of the world.</summary>
        public readonly WorldToClient.Listener World = new WorldToClient.Listener();
        /// <summary>The same of Login.</summary>
        public readonly LoginToClient.Listener Login = new LoginToClient.Listener();

        /// <summary>What is known of the room that we are in.</summary>
        public readonly RoomView Room;

        /// <summary>Something that we have said is refused: its opcode, and a number of ErrorCode.</summary>
        public event Action<int, ushort> OnRefused;

        /// <summary>The Dispatch of the room's game, if it has messages of its own.</summary>
        public Func<int, byte[], int, int, Dispatched> Game;

        /// <summary>Whether Main knows us now.</summary>
        public bool IsWelcome { get; private set; }
        /// <summary>Whether we are in a room now.</summary>
        public bool IsInRoom { get; private set; }
        /// <summary>Whether it goes on: between Start and Stop, or the end that is for good.</summary>
        public bool IsRunning { get; private set; }
        /// <summary>Why it has ended by itself; empty if it has not.</summary>
        public string EndReason { get; private set; } = "";
        /// <summary>Why there is no connection by TLS; empty if there is none to be had, or it stands.</summary>
        public string TlsProblem =>
            login.TlsProblem != "" ? login.TlsProblem : main.TlsProblem != "" ? main.TlsProblem : world.TlsProblem;
        /// <summary>Who we are; 0 before the first Welcome.</summary>
        public ulong Uid { get; private set; }
        /// <summary>What we are called in our room.</summary>
        public ushort Number { get; private set; }
        /// <summary>To be the same user again: keep it, it is a secret.</summary>
        public byte[] Token { get; private set; }
        /// <summary>For the next login from here: keep it with the id, it is a secret.</summary>
        public byte[] Device { get; private set; }

        /// <summary>A client that does nothing yet.</summary>
        public Client(ClientOptions options)
        {
            this.options = options;
            Token = options.Token;
            Device = options.Device;
            wish = askedWish = options.Room.ToWish();
            Room = new RoomView(World);
            lists = new RoomLists(AskForRooms);
            login = new Connection(LoginOpened, Login.Dispatch, LoginEnded);
            main = new Connection(MainOpened, Main.Dispatch, MainEnded);
            world = new Connection(WorldOpened, HearWorld, WorldEnded);
            Login.OnLoginAck += LetIn;
            Login.OnLoginDenied += LoginDenied;
            Main.OnWelcome += Welcomed;
            Main.OnEnterWorldAck += GoToWorld;
            Main.OnMoved += Follow;
            Main.OnRoomPage += lists.Take;
            Main.OnChatJoined += (in MainToClient.ChatJoined joined) => NoteJoined(joined.Channel);
            Main.OnChatLeft += (in MainToClient.ChatLeft left) => Forget(left.Channel);
            Main.OnChatRefused += ChatRefused;
            main.Common.OnError += MainRefused;
            world.Common.OnError += (in EitherWay.Error error) => OnRefused?.Invoke(error.About, error.Code);
            World.OnJoinOk += Joined;
            World.OnJoinDenied += JoinDenied;
            World.OnGameAsks += HearAsk;
            World.OnGameAnswers += HearAnswer;
        }

        bool HasAccount => options.Id != null;

        long NowMs => clock.ElapsedMilliseconds;

        /// <summary>Begins; the rest is done by Tick.</summary>
        public void Start()
        {
            EndReason = "";
            loginBackoff.Reset();
            mainBackoff.Reset();
            worldBackoff.Reset();
            IsRunning = true;
        }

        /// <summary>Does what there is to do now, and calls the handlers of what has come. Never waits.</summary>
        public void Tick()
        {
            if (!IsRunning) return;
            Advance();
            login.Tick();
            main.Tick();
            world.Tick();
        }

        /// <summary>Leaves the world and the realm, in good order as far as that is possible at once.</summary>
        public void Stop()
        {
            if (IsInRoom) world.Send(new ClientToWorld.Leave());
            if (IsWelcome) main.Send(new EitherWay.Bye { Reason = ErrorCode.GOODBYE });
            CloseAll();
        }

        /// <summary>The same.</summary>
        public void Dispose() => Stop();

        /// <summary>Says something to Main; false if that is not possible now.</summary>
        public bool SendToMain<T>(in T message) where T : struct, IMessage =>
            IsWelcome && main.Send(in message);

        /// <summary>Says something to the world; false if that is not possible now.</summary>
        public bool SendToWorld<T>(in T message) where T : struct, IMessage =>
            IsInRoom && world.Send(in message);

        /// <summary>I am here now.</summary>
        public bool Move(Position pos, ushort dir) =>
            SendToWorld(new ClientToWorld.Move { Pos = pos, Dir = dir });

        /// <summary>An event for everyone in the room. Answers its number, which the broadcast or the refusal
        /// repeats; 0 if it can't be sent now.</summary>
        public uint Event(ushort kind, ReadOnlyMemory<byte> data)
        {
            var message = new ClientToWorld.Event { Request = NextRequest(), Kind = kind, Data = data };
            return SendToWorld(in message) ? message.Request : 0;
        }

        /// <summary>What we do at a tick of ours, as one of the game's own messages; ticks rise, from 1, as long as we
        /// are in one room. InputAck says how far the room has got. False if that is not possible now, or the message
        /// is over a limit.</summary>
        public bool SendInput<T>(uint tick, in T input) where T : struct, IMessage
        {
            bool fits = Envelope.TryMake(in input, inputBytes, out var envelope);
            var message = new ClientToWorld.Input { Tick = tick, Kind = envelope.Kind, Data = envelope.Data };
            return fits && SendToWorld(in message);
        }

        /// <summary>Goes into another room: JoinOk tells that we are there, OnRefused why not. False if that is not
        /// possible now.</summary>
        public bool Enter(RoomWish room) => IsWelcome && !isEntering && AskForWorld("", room.ToWish());

        /// <summary>The rooms that are listed, of one mode or of all, as many as `most`: told by a later Tick, or null
        /// if Main is away.</summary>
        public void ListRooms(Action<Room[]> told, string mode = "", int most = 60)
        {
            if (IsWelcome) lists.Add(mode, most, told);
            else told(null);
        }

        uint NextRequest() => lastRequest = lastRequest == uint.MaxValue ? 1 : lastRequest + 1;

        /// <summary>Opens what is missing, when its time has come.</summary>
        void Advance()
        {
            long now = NowMs;
            if (main.IsClosed && login.IsClosed)
            {
                bool needsLogin = HasAccount && Token == null;
                if (needsLogin && loginBackoff.IsDue(now)) Connect(login, options.Login);
                else if (!needsLogin && mainBackoff.IsDue(now)) Connect(main, options.Main);
            }
            if (isEntering && now > enteringUntilMs) EnteringFailed();
            if (IsWelcome && !isEntering && world.IsClosed && worldBackoff.IsDue(now)) AskForWorld(options.Region, wish);
            EndLateAsks(now);
            if (IsWelcome) lists.Tick(now);
            if (IsWelcome && now >= askChannelsAtMs) AskForChannels();
        }

        void Connect(Connection connection, string address)
        {
            string own = SchemeOf(address);
            // What is spoken with Main is spoken with its other servers.
            string scheme = own ?? SchemeOf(options.Main) ?? "tcp";
            if (own != null) address = address.Substring(own.Length + "://".Length);
            if (scheme != "tcp" && scheme != "tls")
            {
                End("`" + scheme + "://" + address + "` is not spoken here: this client speaks tcp:// and tls://");
                return;
            }
            int colon = address.LastIndexOf(':');
            bool isWhole = colon > 0 && ushort.TryParse(address.Substring(colon + 1), out _);
            if (!isWhole)
            {
                End("`" + address + "` is not HOST:PORT");
                return;
            }
            string host = address.Substring(0, colon).Trim('[', ']');
            connection.Connect(host, int.Parse(address.Substring(colon + 1)), socket => Pipe(scheme, host, socket));
        }

        IPipe Pipe(string scheme, string host, Socket socket)
        {
            if (scheme == "tls") return new TlsPipe(socket, host, options.Pinned);
            return new ClearPipe(socket);
        }

        static string SchemeOf(string address)
        {
            int end = address.IndexOf("://", StringComparison.Ordinal);
            return end < 0 ? null : address.Substring(0, end);
        }

        void LoginOpened()
        {
            login.Send(new ClientToLogin.LoginReq
            {
                Versions = Protocol.VERSIONS, Id = options.Id, Pw = options.Password, Device = Device,
            });
        }

        void LetIn(in LoginToClient.LoginAck ack)
        {
            Token = ack.Token;
            Device = ack.Device;
            login.Close();
            mainBackoff.Reset();
        }

        void LoginDenied(in LoginToClient.LoginDenied denied)
        {
            if (Final.Login(denied.Reason)) End(LoginDenial.NameOf(denied.Reason));
            login.Close();
            loginBackoff.Fail(NowMs, denied.RetryAfterMs);
        }

        void LoginEnded(ushort code)
        {
            loginBackoff.Fail(NowMs);
            if (Final.Error(code)) End(ErrorCode.NameOf(code));
        }

        void MainOpened() =>
            main.Send(new ClientToMain.Hello
            {
                Versions = Protocol.VERSIONS, Token = Token, Nickname = options.Nickname,
            });

        void Welcomed(in MainToClient.Welcome welcome)
        {
            main.Greeted();
            mainBackoff.Succeed(NowMs);
            // Somebody else would stand in the world until that connection ends.
            if (Uid != 0 && welcome.Uid != Uid) LeaveWorld();
            Uid = welcome.Uid;
            Token = welcome.Token;
            IsWelcome = true;
            isEntering = false;
            joinedChannels.Clear();
            askChannelsAtMs = 0;
        }

        void MainEnded(ushort code)
        {
            IsWelcome = isEntering = false;
            lists.End();
            mainBackoff.Fail(NowMs);
            bool isRefused = code == ErrorCode.BAD_TOKEN || code == ErrorCode.LOGIN_NEEDED;
            if (isRefused) Token = null;
            if (isRefused && !HasAccount) LeaveWorld();
            if (IsFinalOfMain(code)) End(ErrorCode.NameOf(code));
        }

        void MainRefused(in EitherWay.Error error)
        {
            bool isOfWish = error.About == ClientToMain.EnterWorldReq.Opcode;
            if (isOfWish) EnteringFailed();
            if (error.About == ClientToMain.ListRoomsReq.Opcode) lists.AskAgain(NowMs);
            OnRefused?.Invoke(error.About, error.Code);
            // Unless another one was made meanwhile, the same wish would be made again. Whoever is in a room stays there.
            bool isLast = isOfWish && !isEntering && world.IsClosed && Final.ErrorForWish(error.Code);
            if (isLast || isOfWish && IsFinalOfMain(error.Code)) End(ErrorCode.NameOf(error.Code));
        }

        bool AskForWorld(string region, Wish room)
        {
            askedWish = room;
            isEntering = main.Send(new ClientToMain.EnterWorldReq { Region = region, Wish = room });
            enteringUntilMs = NowMs + AnswerTimeoutMs;
            return isEntering;
        }

        bool AskForRooms(string mode, ushort after) =>
            main.Send(new ClientToMain.ListRoomsReq { Region = options.Region, Mode = mode, After = after });

        void EnteringFailed()
        {
            isEntering = false;
            worldBackoff.Fail(NowMs);
        }

        void GoToWorld(in MainToClient.EnterWorldAck ack)
        {
            isEntering = false;
            wish = askedWish;
            handshakeKey = ack.HandshakeKey;
            Connect(world, ack.WorldAddr);
            RoomIsLost();
        }

        /// <summary>Our room is in another world now, and our seat there. If we have asked for one, the answer counts.</summary>
        void Follow(in MainToClient.Moved moved)
        {
            if (isEntering) return;
            handshakeKey = moved.HandshakeKey;
            Connect(world, moved.WorldAddr);
            RoomIsLost();
        }

        Dispatched HearWorld(int opcode, byte[] bytes, int offset, int count)
        {
            var dispatched = World.Dispatch(opcode, bytes, offset, count);
            bool isGame = dispatched == Dispatched.Unknown && Game != null;
            return isGame ? Game(opcode, bytes, offset, count) : dispatched;
        }

        void WorldOpened()
        {
            world.Send(new ClientToWorld.Join
            {
                Versions = Protocol.VERSIONS, Uid = Uid, HandshakeKey = handshakeKey,
                Fingerprint = Protocol.FINGERPRINT,
            });
        }

        void Joined(in WorldToClient.JoinOk joined)
        {
            world.Greeted();
            worldBackoff.Succeed(NowMs);
            Number = joined.Number;
            IsInRoom = true;
        }

        void JoinDenied(in WorldToClient.JoinDenied denied)
        {
            worldBackoff.Fail(NowMs);
            world.Close();
            // What the game says itself is for people.
            if (Final.Join(denied.Reason)) End(denied.Text != "" ? denied.Text : JoinDenial.NameOf(denied.Reason));
        }

        void WorldEnded(ushort code)
        {
            RoomIsLost();
            worldBackoff.Fail(NowMs);
            if (Final.Error(code)) End(ErrorCode.NameOf(code));
        }

        void LeaveWorld()
        {
            if (IsInRoom) world.Send(new ClientToWorld.Leave());
            world.Close();
            RoomIsLost();
        }

        void RoomIsLost()
        {
            IsInRoom = false;
            LoseAsks();
        }

        bool IsFinalOfMain(ushort code) =>
            Final.Error(code) || Final.ErrorOfMain(code) || Final.ErrorForGuests(code) && !HasAccount;

        void End(string reason)
        {
            EndReason = reason;
            CloseAll();
        }

        void CloseAll()
        {
            IsRunning = IsWelcome = isEntering = false;
            lists.End();
            login.Close();
            main.Close();
            world.Close();
            RoomIsLost();
        }
    }
}

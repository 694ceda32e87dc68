namespace Tinyrealm
{
    /// <summary>Where a client goes, and who it is.</summary>
    public sealed class ClientOptions
    {
        /// <summary>Where Main is, HOST:PORT.</summary>
        public string Main = "127.0.0.1:7000";
        /// <summary>Where Login is, HOST:PORT; for accounts.</summary>
        public string Login = "127.0.0.1:7200";
        /// <summary>The account's id; null for a guest.</summary>
        public string Id;
        /// <summary>The account's password.</summary>
        public string Password;
        /// <summary>The token of an earlier Client, to be the same user again.</summary>
        public byte[] Token;
        /// <summary>What Login has given to this device: see Client.Device.</summary>
        public byte[] Device;
        /// <summary>The region of the world that is wanted; empty for any.</summary>
        public string Region = "";
        /// <summary>The room that is wanted; left as it is, any.</summary>
        public Wish Wish;
        /// <summary>What the user wants to be called, at most 24 bytes; empty for nothing.</summary>
        public string Nickname = "";
    }

    /// <summary>A user of a realm: it logs in, says hello to Main, enters a world, and comes back when it has lost
    /// either, until it is stopped or told not to. Call Tick from your loop; all events come inside of it.</summary>
    public sealed class Client : IDisposable
    {
        const int AnswerTimeoutMs = 10000;
        const int ChannelRetryMs = 2000;

        readonly ClientOptions options;
        readonly Connection login, main, world;
        readonly Stopwatch clock = Stopwatch.StartNew();
        readonly List<string> wantedChannels = new List<string>();
        readonly List<string> joinedChannels = new List<string>();
        Backoff loginBackoff, mainBackoff, worldBackoff;
        byte[] handshakeKey;
        bool isEntering;
        long enteringUntilMs, askChannelsAtMs;
        uint lastRequest;

        /// <summary>What servers say. A game adds its handlers to these events.</summary>
        public readonly MainToClient.Listener Main = new MainToClient.Listener();
        /// <summary>The same of the world.</summary>
        public readonly WorldToClient.Listener World = new WorldToClient.Listener();
        /// <summary>The same of Login.</summary>
        public readonly LoginToClient.Listener Login = new LoginToClient.Listener();

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
            login = new Connection(LoginOpened, Login.Dispatch, LoginEnded);
            main = new Connection(MainOpened, Main.Dispatch, MainEnded);
            world = new Connection(WorldOpened, HearWorld, WorldEnded);
            Login.OnLoginAck += LetIn;
            Login.OnLoginDenied += LoginDenied;
            Main.OnWelcome += Welcomed;
            Main.OnEnterWorldAck += GoToWorld;
            Main.OnChatJoined += (in MainToClient.ChatJoined joined) => NoteJoined(joined.Channel);
            Main.OnChatLeft += (in MainToClient.ChatLeft left) => Forget(left.Channel);
            Main.OnChatRefused += ChatRefused;
            main.Common.OnError += MainRefused;
            World.OnJoinOk += Joined;
            World.OnJoinDenied += JoinDenied;
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

        /// <summary>Hears a channel from now on, behind a lost connection as well.</summary>
        public void JoinChannel(string channel)
        {
            if (!wantedChannels.Contains(channel)) wantedChannels.Add(channel);
            askChannelsAtMs = 0;
        }

        /// <summary>Has heard enough of a channel.</summary>
        public void LeaveChannel(string channel)
        {
            Forget(channel);
            SendToMain(new ClientToMain.ChatLeave { Channel = channel });
        }

        /// <summary>Says something in a channel. Answers as Event does.</summary>
        public uint Say(string channel, string text)
        {
            var message = new ClientToMain.ChatSay { Request = NextRequest(), Channel = channel, Msg = text };
            return SendToMain(in message) ? message.Request : 0;
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
            if (IsWelcome && !isEntering && world.IsClosed && worldBackoff.IsDue(now)) AskForWorld();
            if (IsWelcome && now >= askChannelsAtMs) AskForChannels();
        }

        void Connect(Connection connection, string address)
        {
            int colon = address.LastIndexOf(':');
            bool isWhole = colon > 0 && ushort.TryParse(address.Substring(colon + 1), out _);
            if (!isWhole)
            {
                End("`" + address + "` is not HOST:PORT");
                return;
            }
            string host = address.Substring(0, colon).Trim('[', ']');
            connection.Connect(host, int.Parse(address.Substring(colon + 1)));
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
            bool isForGood = denied.Reason == LoginDenial.WRONG || denied.Reason == LoginDenial.DISABLED;
            if (isForGood) End(LoginDenial.NameOf(denied.Reason));
            login.Close();
            loginBackoff.Fail(NowMs, denied.RetryAfterMs);
        }

        void LoginEnded(ushort code)
        {
            loginBackoff.Fail(NowMs);
            if (IsForGood(code)) End(ErrorCode.NameOf(code));
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
            mainBackoff.Fail(NowMs);
            bool isRefused = code == ErrorCode.BAD_TOKEN || code == ErrorCode.LOGIN_NEEDED;
            if (isRefused) Token = null;
            if (isRefused && !HasAccount) LeaveWorld();
            bool isEnd = code == ErrorCode.REPLACED || code == ErrorCode.LOGIN_NEEDED && !HasAccount;
            if (isEnd || IsForGood(code)) End(ErrorCode.NameOf(code));
        }

        void MainRefused(in EitherWay.Error error)
        {
            if (error.About == ClientToMain.EnterWorldReq.Opcode) EnteringFailed();
        }

        void AskForWorld()
        {
            isEntering = main.Send(new ClientToMain.EnterWorldReq { Region = options.Region, Wish = options.Wish });
            enteringUntilMs = NowMs + AnswerTimeoutMs;
        }

        void EnteringFailed()
        {
            isEntering = false;
            worldBackoff.Fail(NowMs);
        }

        void GoToWorld(in MainToClient.EnterWorldAck ack)
        {
            isEntering = false;
            handshakeKey = ack.HandshakeKey;
            Connect(world, ack.WorldAddr);
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
            bool isForGood = denied.Reason == JoinDenial.REFUSED || denied.Reason == JoinDenial.BANNED
                || denied.Reason == JoinDenial.GAME_CHANGED;
            // What the game says itself is for people.
            if (isForGood) End(denied.Text != "" ? denied.Text : JoinDenial.NameOf(denied.Reason));
        }

        void WorldEnded(ushort code)
        {
            IsInRoom = false;
            worldBackoff.Fail(NowMs);
            if (IsForGood(code)) End(ErrorCode.NameOf(code));
        }

        void LeaveWorld()
        {
            if (IsInRoom) world.Send(new ClientToWorld.Leave());
            world.Close();
            IsInRoom = false;
        }

        void AskForChannels()
        {
            askChannelsAtMs = NowMs + ChannelRetryMs;
            foreach (string channel in wantedChannels)
            {
                if (!joinedChannels.Contains(channel)) SendToMain(new ClientToMain.ChatJoin { Channel = channel });
            }
        }

        void NoteJoined(string channel)
        {
            if (!joinedChannels.Contains(channel)) joinedChannels.Add(channel);
        }

        void Forget(string channel)
        {
            wantedChannels.Remove(channel);
            joinedChannels.Remove(channel);
        }

        void ChatRefused(in MainToClient.ChatRefused refused)
        {
            if (refused.About != ClientToMain.ChatJoin.Opcode) return;
            switch (refused.Reason)
            {
                case ErrorCode.ALREADY_IN_CHANNEL:
                    NoteJoined(refused.Channel);
                    break;
                case ErrorCode.CHAT_UNAVAILABLE:
                case ErrorCode.CHAT_TOO_FAST:
                case ErrorCode.BUSY:
                    break;
                default:
                    Forget(refused.Channel);
                    break;
            }
        }

        static bool IsForGood(ushort code) =>
            code == ErrorCode.BAD_VERSION || code == ErrorCode.REMOVED || code == ErrorCode.REVOKED
                || code == ErrorCode.BANNED || code == ErrorCode.BAD_NAME || code == ErrorCode.GAME_CHANGED;

        void End(string reason)
        {
            EndReason = reason;
            CloseAll();
        }

        void CloseAll()
        {
            IsRunning = IsWelcome = IsInRoom = isEntering = false;
            login.Close();
            main.Close();
            world.Close();
        }
    }
}

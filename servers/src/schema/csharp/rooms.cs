namespace Tinyrealm
{
    /// <summary>Where a client goes, and who it is.</summary>
    public sealed class ClientOptions
    {
        /// <summary>Where Main is, HOST:PORT, or that behind tls://, by which worlds and Login are reached then,
        /// too.</summary>
        public string Main = "127.0.0.1:7000";
        /// <summary>Where Login is, HOST:PORT; for accounts.</summary>
        public string Login = "127.0.0.1:7200";
        /// <summary>Whom to trust by TLS, and nobody else: servers' own certificates, or authorities (in Mono and
        /// Unity those with RSA keys); null: whom the system trusts.</summary>
        public X509Certificate2[] Pinned;
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
        /// <summary>The room that is wanted; left as it is, any that nobody has named.</summary>
        public RoomWish Room = new RoomWish();
        /// <summary>What the user wants to be called, at most 24 bytes; empty for nothing.</summary>
        public string Nickname = "";
    }

    /// <summary>A room that somebody wants; left as it is, one that nobody has named.</summary>
    public sealed class RoomWish
    {
        /// <summary>The room of this name, at most 24 bytes, wherever it is; it is opened if it is not there.</summary>
        public string Name = "";
        /// <summary>Any open room of this mode, or the mode of one that is opened; at most 16 bytes.</summary>
        public string Mode = "";
        /// <summary>What a private room asks for; a room that is opened with one is private.</summary>
        public string Secret = "";
        /// <summary>What the room's game is told, at most 128 bytes.</summary>
        public ReadOnlyMemory<byte> Options;
        /// <summary>True: it is to be a new one, whose name is made if none is given; false: it has to be there.</summary>
        public bool? IsNew;
        /// <summary>Whether lists show a room that is opened.</summary>
        public bool IsListed = true;
        /// <summary>How many members a room that is opened takes; 0 for as many as there can be.</summary>
        public ushort Places;

        internal Wish ToWish()
        {
            bool mayOpen = IsNew == true || IsNew == null && Name != "";
            return new Wish
            {
                Kind = Kind(), Name = Name.Normalize(NormalizationForm.FormC), Mode = Mode, Secret = Secret,
                Options = Options, IsListed = IsListed && mayOpen, Places = Places,
            };
        }

        ushort Kind()
        {
            if (IsNew == true) return WishKind.CREATE;
            if (Name == "") return WishKind.ANY;
            return IsNew == false ? WishKind.NAMED : WishKind.NAMED_OR_NEW;
        }
    }

    /// <summary>The lists of rooms that are asked for, one behind the other and page by page.</summary>
    internal sealed class RoomLists
    {
        /// <summary>Main answers five questions a second.</summary>
        const int PageIntervalMs = 250;

        sealed class Wanted
        {
            internal string Mode;
            internal int Most;
            internal Action<Room[]> Told;
            internal readonly List<Room> Rooms = new List<Room>();
            internal ushort After;
        }

        readonly Queue<Wanted> lists = new Queue<Wanted>();
        readonly Func<string, ushort, bool> ask;
        bool isAsked;
        long askAtMs;

        /// <summary>`ask` asks Main for a page: the mode, and where it begins.</summary>
        internal RoomLists(Func<string, ushort, bool> ask)
        {
            this.ask = ask;
        }

        internal void Add(string mode, int most, Action<Room[]> told) =>
            lists.Enqueue(new Wanted { Mode = mode, Most = most, Told = told });

        internal void Tick(long nowMs)
        {
            if (lists.Count == 0 || isAsked || nowMs < askAtMs) return;
            var list = lists.Peek();
            isAsked = ask(list.Mode, list.After);
            askAtMs = nowMs + PageIntervalMs;
        }

        internal void Take(in MainToClient.RoomPage page)
        {
            if (!isAsked) return;
            isAsked = false;
            var list = lists.Peek();
            list.After = page.NextAfter;
            foreach (var room in page.Rooms)
            {
                if (list.Rooms.Count < list.Most) list.Rooms.Add(room);
            }
            if (list.After != 0 && list.Rooms.Count < list.Most) return;
            lists.Dequeue();
            list.Told(list.Rooms.ToArray());
        }

        /// <summary>Main was asked too much: it is asked again.</summary>
        internal void AskAgain(long nowMs)
        {
            isAsked = false;
            askAtMs = nowMs + 4 * PageIntervalMs;
        }

        /// <summary>Main is away: whoever waits is told so.</summary>
        internal void End()
        {
            isAsked = false;
            var waiting = lists.ToArray();
            lists.Clear();
            foreach (var list in waiting) list.Told(null);
        }
    }
}


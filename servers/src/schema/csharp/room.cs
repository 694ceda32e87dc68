namespace Tinyrealm
{
    /// <summary>What is known of the room that we are in: what its game shows, who is away, who is called what.
    /// It is up to date before the handlers of World are called.</summary>
    public sealed class RoomView
    {
        struct Shown
        {
            internal byte Kind;
            internal byte[] Data;
        }

        readonly Dictionary<ushort, Shown> things = new Dictionary<ushort, Shown>();
        readonly Dictionary<ushort, Shown> states = new Dictionary<ushort, Shown>();
        readonly HashSet<ushort> away = new HashSet<ushort>();
        readonly Dictionary<ushort, string> names = new Dictionary<ushort, string>();
        ushort pagesLeft;
        bool isReturning;

        /// <summary>We are back in our seat: who and where we were. Says how many events we have missed.</summary>
        public event Action<uint> OnResumed;

        internal RoomView(WorldToClient.Listener world)
        {
            world.OnJoinOk += Join;
            world.OnRoomSnapshot += TakePage;
            world.OnMemberName += (in WorldToClient.MemberName named) => Name(named.Number, named.Name);
            world.OnUserAway += (in WorldToClient.UserAway gone) => away.Add(gone.Number);
            world.OnUserBack += (in WorldToClient.UserBack back) => away.Remove(back.Number);
            world.OnUserLeft += (in WorldToClient.UserLeft left) => Forget(left.Number);
            world.OnThingPut += (in WorldToClient.ThingPut put) => Keep(things, put.Id, put.Kind, put.Data);
            world.OnThingRemoved += (in WorldToClient.ThingRemoved removed) => things.Remove(removed.Id);
            world.OnMemberExtra += (in WorldToClient.MemberExtra extra) =>
                Keep(states, extra.Number, extra.Kind, extra.Data);
            world.OnStateComplete += (in WorldToClient.StateComplete complete) => HasAllStates = true;
        }

        /// <summary>Whether the things and the members' states are all that there are.</summary>
        public bool HasAllStates { get; private set; }

        /// <summary>The ids of all things.</summary>
        public IReadOnlyCollection<ushort> Things => things.Keys;

        /// <summary>The numbers of all members that show something.</summary>
        public IReadOnlyCollection<ushort> MemberStates => states.Keys;

        /// <summary>A thing, if it is there and is this message of the game's.</summary>
        public bool TryThing<T>(ushort id, out T thing) where T : struct, IMessage => TryRead(things, id, out thing);

        /// <summary>What a member shows, if that is this message of the game's.</summary>
        public bool TryMemberState<T>(ushort number, out T state) where T : struct, IMessage =>
            TryRead(states, number, out state);

        /// <summary>Whether a member's connection is lost, and its seat held.</summary>
        public bool IsAway(ushort number) => away.Contains(number);

        /// <summary>What a member is called, we ourselves too; null for who has no name.</summary>
        public string NameOf(ushort number) => names.TryGetValue(number, out var name) ? name : null;

        void Join(in WorldToClient.JoinOk joined)
        {
            isReturning = joined.IsReturned;
            pagesLeft = 0;
            ForgetStates();
        }

        void TakePage(in WorldToClient.RoomSnapshot page)
        {
            if (pagesLeft == 0)
            {
                away.Clear();
                names.Clear();
                ForgetStates();
            }
            pagesLeft = page.PagesLeft;
            bool isBack = isReturning;
            isReturning = false;
            if (isBack) OnResumed?.Invoke(page.MissedEvents);
        }

        void Name(ushort number, string name)
        {
            if (name == "") names.Remove(number);
            else names[number] = name;
        }

        void Forget(ushort number)
        {
            away.Remove(number);
            names.Remove(number);
            states.Remove(number);
        }

        void ForgetStates()
        {
            things.Clear();
            states.Clear();
            HasAllStates = false;
        }

        static void Keep(Dictionary<ushort, Shown> shown, ushort key, byte kind, ReadOnlyMemory<byte> data) =>
            shown[key] = new Shown { Kind = kind, Data = data.ToArray() };

        static bool TryRead<T>(Dictionary<ushort, Shown> shown, ushort key, out T message) where T : struct, IMessage
        {
            message = default;
            if (!shown.TryGetValue(key, out var one)) return false;
            if (message.OpcodeNumber != Protocol.GAME_SAYS + one.Kind) return false;
            return message.TryRead(one.Data, 0, one.Data.Length);
        }
    }
}


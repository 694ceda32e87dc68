// One of the crew of the game in servers/examples/wheel.rs: goes into a room by its name, nudges the wheel, and says on
// its standard output what it sees. Arguments: Main, a nickname, the room's name and secret, whether it is to be
// `new`, or `there` (`once`: whatever comes of it), and a token.

using System;
using System.Linq;
using System.Threading;
using Tinyrealm;

static class Crew
{
    const string Secret = "sesame";
    const string Mode = "sail";
    static bool isMoving;

    /// An input of any number and length.
    struct Song : IMessage
    {
        internal int Number, Bytes;

        public int OpcodeNumber => Number;

        public void Encode(ref Writer writer)
        {
            for (int place = 0; place < Bytes; place++) writer.U8(1);
        }

        public bool TryRead(byte[] bytes, int offset, int count) => false;
    }

    static void Main(string[] arguments)
    {
        bool isNew = arguments[4] == "new";
        var room = new RoomWish { Name = arguments[2], Mode = Mode, Secret = arguments[3], IsNew = isNew, Places = 4 };
        var client = new Client(new ClientOptions
        {
            Main = arguments[0], Nickname = arguments[1], Room = room,
            Token = arguments.Length > 5 ? BytesOf(arguments[5]) : null,
        });
        Say(client);
        Watch(client);
        Come(client, arguments[2], arguments[4] == "there");
        client.Start();
        while (client.IsRunning)
        {
            client.Tick();
            Thread.Sleep(10);
        }
        Console.WriteLine("ended: " + client.EndReason);
    }

    static void Come(Client client, string name, bool knowsSecret)
    {
        client.OnRefused += (about, code) =>
        {
            Console.WriteLine("refused " + ErrorCode.NameOf(code));
            if (code == ErrorCode.WRONG_SECRET && knowsSecret)
                client.Enter(new RoomWish { Name = name, Secret = Secret, IsNew = false });
        };
        client.World.OnJoinOk += (in WorldToClient.JoinOk joined) =>
        {
            Console.WriteLine("in " + joined.Number + " " + joined.IsReturned);
            if (isMoving) Leave(client);
            else if (!joined.IsReturned) Nudge(client);
        };
        client.World.OnInputAck += (in WorldToClient.InputAck ack) =>
        {
            Console.WriteLine("ack " + ack.Tick + " " + ack.Pos.X);
            List(client);
        };
    }

    static void Nudge(Client client)
    {
        if (!client.SendInput(1, new ClientToWheel.Nudge { By = 90 })) Console.WriteLine("not sent");
        // It is out of order, and passed over.
        if (!client.SendInput(1, new ClientToWheel.Nudge { By = 1 })) Console.WriteLine("not sent");
        // The longest is of a kind that the game does not know, and the last one that there can be.
        if (!client.SendInput(2, new Song { Number = 0x50FF, Bytes = 64 })) Console.WriteLine("not sent");
        if (client.SendInput(3, new Song { Number = 0x50FF, Bytes = 65 })) Console.WriteLine("sent");
        foreach (int number in new[] { 0x4FFF, 0x5100 })
        {
            try
            {
                client.SendInput(3, new Song { Number = number });
                Console.WriteLine(number + " is an input");
            }
            catch (ArgumentException)
            {
            }
        }
    }

    /// In another room: which ones are listed, and what a list is told that Main can't give any more.
    static void Leave(Client client) => client.ListRooms(rooms =>
    {
        Console.WriteLine("listed: " + string.Join(" ", rooms.Select(room => room.Name)));
        client.ListRooms(none => Console.WriteLine("list: " + (none == null ? "Main is away" : "told")));
        client.Stop();
    }, Mode);

    static void List(Client client) => client.ListRooms(rooms =>
    {
        if (rooms == null) return;
        foreach (var room in rooms) Console.WriteLine("room " + room.Name + " " + room.Mode + " " + room.IsPrivate + " " + room.Capacity);
        // Main hears of a new one a little later.
        if (rooms.Length == 0) List(client);
    }, Mode);

    static void Say(Client client)
    {
        client.Main.OnWelcome += (in MainToClient.Welcome welcome) =>
            Console.WriteLine("token " + BitConverter.ToString(welcome.Token).Replace("-", ""));
        client.Room.OnResumed += missed => Console.WriteLine("resumed " + missed);
        client.World.OnUserAway += (in WorldToClient.UserAway gone) => Console.WriteLine("away " + Shown(client, gone.Number));
        client.World.OnUserBack += (in WorldToClient.UserBack back) =>
        {
            Console.WriteLine("back " + Shown(client, back.Number));
            var deck = new RoomWish { Name = "deck", Mode = Mode, IsListed = false, Options = new byte[128] };
            isMoving = client.Enter(deck) && !client.Enter(deck);
        };
        client.World.OnUserLeft += (in WorldToClient.UserLeft left) =>
            Console.WriteLine("left " + left.Number);
    }

    static string Shown(Client client, ushort number) => client.Room.NameOf(number) + " " + client.Room.IsAway(number);

    static void Watch(Client client)
    {
        client.World.OnThingPut += (in WorldToClient.ThingPut put) =>
        {
            bool isWheel = client.Room.TryThing(put.Id, out WheelToClient.Shown wheel);
            bool isNudges = client.Room.TryThing(put.Id, out WheelToClient.Nudges _);
            Console.WriteLine("thing " + put.Id + " " + wheel.Stand.Angle + " " + isWheel + " " + isNudges);
        };
        client.World.OnMemberExtra += (in WorldToClient.MemberExtra extra) =>
        {
            if (client.Room.TryMemberState(extra.Number, out WheelToClient.Nudges nudges))
                Console.WriteLine("nudges " + client.Room.NameOf(extra.Number) + " " + nudges.Times);
        };
        client.World.OnStateComplete += (in WorldToClient.StateComplete complete) =>
            Console.WriteLine("complete " + client.Room.HasAllStates + " " + client.Room.Things.Count
                + " " + client.Room.MemberStates.Count);
    }

    static byte[] BytesOf(string hex) =>
        Enumerable.Range(0, hex.Length / 2).Select(place => Convert.ToByte(hex.Substring(2 * place, 2), 16)).ToArray();
}

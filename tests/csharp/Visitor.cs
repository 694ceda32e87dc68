// A game in C#, as small as can be: it moves all the time, answers what it hears, and says on its standard output
// what happens to it. Arguments: Main, and an account's Login, id and password; PINNED in the environment is a file
// with the certificate that it trusts by TLS.

using System;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading;
using Tinyrealm;

static class Visitor
{
    const string Lobby = "lobby";
    const int TickMs = 20;

    static void Main(string[] arguments)
    {
        var options = new ClientOptions { Main = arguments[0] };
        if (arguments.Length > 1)
        {
            options.Login = arguments[1];
            options.Id = arguments[2];
            options.Password = arguments[3];
        }
        string pinned = Environment.GetEnvironmentVariable("PINNED");
        if (pinned != null) options.Pinned = new[] { new X509Certificate2(pinned) };
        var client = new Client(options);
        Say(client);
        Answer(client);
        client.JoinChannel(Lobby);
        client.Start();
        bool wasWelcome = false, wasInRoom = false;
        for (int tick = 0; client.IsRunning; tick++)
        {
            client.Tick();
            if (!client.IsRunning) break;
            if (client.TlsProblem != "") Console.WriteLine("no TLS: " + client.TlsProblem.Split('\n')[0]);
            client.Move(new Position { X = tick, Y = -tick }, 16384);
            if (wasWelcome && !client.IsWelcome) Console.WriteLine("lost Main");
            if (wasInRoom && !client.IsInRoom) Console.WriteLine("lost the world");
            wasWelcome = client.IsWelcome;
            wasInRoom = client.IsInRoom;
            Thread.Sleep(TickMs);
        }
        Console.WriteLine("ended: " + client.EndReason);
    }

    static void Say(Client client)
    {
        client.Login.OnLoginAck += (in LoginToClient.LoginAck ack) => Console.WriteLine("logged in " + ack.Uid);
        client.Main.OnWelcome += (in MainToClient.Welcome welcome) => Console.WriteLine("welcome " + welcome.Uid);
        client.Main.OnChatJoined += (in MainToClient.ChatJoined joined) => Console.WriteLine("in " + joined.Channel);
        client.World.OnJoinOk += (in WorldToClient.JoinOk joined) => Console.WriteLine("number " + joined.Number);
        client.World.OnMoveBroadcast += (in WorldToClient.MoveBroadcast moved) =>
            Console.WriteLine("moved " + moved.Number + " " + moved.Pos.X);
        client.World.OnUserEntered += (in WorldToClient.UserEntered entered) =>
            Console.WriteLine("entered " + entered.Member.Uid);
    }

    static void Answer(Client client)
    {
        client.World.OnEventBroadcast += (in WorldToClient.EventBroadcast said) =>
        {
            string text = Encoding.UTF8.GetString(said.Data.ToArray());
            Console.WriteLine("event " + said.Request + " " + text);
            if (said.Number != client.Number) client.Event(said.Kind, Encoding.UTF8.GetBytes("C# has heard " + text));
            if (text == "stop") client.Stop();
        };
        client.Main.OnChatBroadcast += (in MainToClient.ChatBroadcast said) =>
        {
            Console.WriteLine("chat " + said.Request + " " + said.Msg);
            if (said.Uid != client.Uid) client.Say(said.Channel, "C# has heard " + said.Msg);
        };
    }
}

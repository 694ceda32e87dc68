// A client of the game in servers/examples/wheel.rs: it turns the wheel twice the same way, says how it stands then, and stops.

using System;
using System.Globalization;
using Tinyrealm;

static class Helmsman
{
    static void Main(string[] arguments)
    {
        var client = new Client(new ClientOptions { Main = arguments[0] });
        var wheel = new WheelToClient.Listener();
        client.Game = wheel.Dispatch;
        client.World.OnJoinOk += (in WorldToClient.JoinOk joined) => Turn(client);
        wheel.OnTurned += (in WheelToClient.Turned turned) =>
        {
            string speed = turned.Stand.Speed.ToString(CultureInfo.InvariantCulture);
            Console.WriteLine(turned.Stand.Angle + " " + speed + " " + turned.Stand.Hands + " " + turned.IsNew
                + " " + turned.Shout);
            if (turned.IsNew) Turn(client);
            else client.Stop();
        };
        client.Start();
        while (client.IsRunning)
        {
            client.Tick();
            System.Threading.Thread.Sleep(10);
        }
    }

    static void Turn(Client client)
    {
        var stand = new Stand { Angle = -180, Speed = 1.5f, Hands = 255 };
        client.SendToWorld(new ClientToWheel.Turn { Stand = stand, Shout = "hart backbord" });
    }
}

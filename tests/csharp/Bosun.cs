// A bosun of the game in servers/examples/wheel.rs: asks to take the wheel, is asked whether it is ready, and says on its
// standard output what becomes of each question, one after the other.

using System;
using System.Collections.Generic;
using System.Threading;
using Tinyrealm;

static class Bosun
{
    // How many hands are meant: what becomes of being asked whether they are ready.
    const byte Ready = 2, Unwilling = 3, Deaf = 4, Silent = 5;

    /// A question of any number and length.
    struct Riddle : IMessage
    {
        internal int Number, Bytes;

        public int OpcodeNumber => Number;

        public void Encode(ref Writer writer)
        {
            for (int place = 0; place < Bytes; place++) writer.U8(1);
        }

        public bool TryRead(byte[] bytes, int offset, int count) => false;
    }

    static readonly Queue<Action> Questions = new Queue<Action>();
    static Client client;

    static void Main(string[] arguments)
    {
        client = new Client(new ClientOptions { Main = arguments[0] });
        if (Take(Ready) != 0) Console.WriteLine("asked outside");
        client.Asked = Hear;
        foreach (byte hands in new byte[] { 0, Ready, Unwilling, Deaf })
            Questions.Enqueue(() => Take(hands));
        Questions.Enqueue(() => Take(Silent, 300));
        foreach (int bytes in new[] { 0, Protocol.EVENT_MAX_BYTES })
            Questions.Enqueue(() => AskRiddle(0x50FF, bytes));
        Questions.Enqueue(Refused);
        Questions.Enqueue(Many);
        client.World.OnJoinOk += (in WorldToClient.JoinOk joined) => Next();
        client.Start();
        while (client.IsRunning)
        {
            client.Tick();
            Thread.Sleep(10);
        }
        Console.WriteLine("ended: " + client.EndReason);
    }

    static void Next()
    {
        if (Questions.Count > 0) Questions.Dequeue()();
    }

    static uint Take(byte hands, uint timeoutMs = 5000) =>
        client.Ask(new ClientToWheel.Take { Hands = hands }, outcome => { Print(outcome); Next(); }, timeoutMs);

    static uint AskRiddle(int number, int bytes) =>
        client.Ask(new Riddle { Number = number, Bytes = bytes }, outcome => { Print(outcome); Next(); });

    static void Print(AskOutcome outcome)
    {
        if (outcome.TryRead(out WheelToClient.Shown shown)) Console.WriteLine("given " + shown.Stand.Hands);
        else Console.WriteLine(ErrorCode.NameOf(outcome.Reason) + " " + outcome.Code);
        if (outcome.TryRead(out WheelToClient.Nudges _)) Console.WriteLine("given something else");
    }

    /// What can't be asked is not: it is over the limit, or no message that the game hears.
    static void Refused()
    {
        Console.WriteLine("too long: " + AskRiddle(0x50FF, Protocol.EVENT_MAX_BYTES + 1));
        foreach (int number in new[] { 0x4FFF, 0x5100 })
        {
            try
            {
                AskRiddle(number, 0);
                Console.WriteLine(number + " is a question");
            }
            catch (ArgumentException)
            {
            }
        }
        Next();
    }

    /// As many as may be under way, and one more; the end of the client is the end of all.
    static void Many()
    {
        for (int count = 0; count < Protocol.ASKS_MAX; count++)
            if (client.Ask(new ClientToWheel.Take { Hands = Silent }, LostAll) == 0) Console.WriteLine("not asked");
        Console.WriteLine("too many: " + Take(Silent));
        client.Stop();
    }

    static void LostAll(AskOutcome outcome)
    {
        Print(outcome);
        if (Take(Silent) != 0) Console.WriteLine("asked outside");
        client.Stop();
    }

    static bool Hear(Question question)
    {
        bool isOther = question.TryRead(out WheelToClient.Turned _);
        if (isOther || !question.TryRead(out WheelToClient.Ready ready)) return false;
        if (ready.Hands == Ready) return client.Answer(question.Number, new ClientToWheel.Aye());
        if (ready.Hands == Unwilling) return client.Refuse(question.Number, 77);
        return ready.Hands == Silent;
    }
}

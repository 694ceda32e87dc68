namespace Tinyrealm
{
    /// <summary>What has become of a question of ours. Its bytes are a view, as a message's.</summary>
    public readonly struct AskOutcome
    {
        readonly Envelope answer;
        /// <summary>Why there is no answer, a number of ErrorCode: REFUSED by the game; TIMED_OUT; LOST, with the
        /// connection; or it was not taken, as BUSY or NOT_UNDERSTOOD. 0 if there is one.</summary>
        public readonly ushort Reason;
        /// <summary>The game's own number for why it refuses.</summary>
        public readonly ushort Code;

        internal AskOutcome(ushort reason, ushort code = 0, Envelope answer = default)
        {
            this.answer = answer;
            Reason = reason;
            Code = code;
        }

        /// <summary>The answer, if there is one and it is this message of the game's.</summary>
        public bool TryRead<T>(out T message) where T : struct, IMessage
        {
            message = default;
            return Reason == 0 && answer.TryOpen(out message);
        }
    }

    /// <summary>A question of the game's to us. Its bytes are a view, as a message's.</summary>
    public readonly struct Question
    {
        readonly Envelope question;
        /// <summary>What Answer and Refuse name it by.</summary>
        public readonly uint Number;

        internal Question(uint number, Envelope question)
        {
            this.question = question;
            Number = number;
        }

        /// <summary>The question, if it is this message of the game's.</summary>
        public bool TryRead<T>(out T message) where T : struct, IMessage => question.TryOpen(out message);
    }

    /// <summary>One of the game's own messages within one of the realm's.</summary>
    internal struct Envelope
    {
        internal byte Kind;
        internal ReadOnlyMemory<byte> Data;

        /// <summary>A message to the game, in these bytes; false if there are too few.</summary>
        internal static bool TryMake<T>(in T message, byte[] bytes, out Envelope envelope) where T : struct, IMessage
        {
            int kind = message.OpcodeNumber - Protocol.GAME_HEARS;
            if (kind < 0 || kind > byte.MaxValue) throw new ArgumentException("the game does not hear " + typeof(T).Name);
            var writer = new Writer(bytes, 0, bytes.Length);
            message.Encode(ref writer);
            envelope = new Envelope { Kind = (byte)kind, Data = new ReadOnlyMemory<byte>(bytes, 0, writer.At) };
            return writer.IsWhole;
        }

        /// <summary>A message of the game's, if it is this one.</summary>
        internal bool TryOpen<T>(out T message) where T : struct, IMessage
        {
            message = default;
            if (message.OpcodeNumber != Protocol.GAME_SAYS + Kind) return false;
            MemoryMarshal.TryGetArray(Data, out var view);
            return message.TryRead(view.Array, view.Offset, view.Count);
        }
    }

    // Questions with an answer: to the game of our room, and from it.
    public sealed partial class Client
    {
        struct OpenAsk
        {
            internal uint Number;
            internal long UntilMs;
            internal Action<AskOutcome> Told;
        }

        readonly List<OpenAsk> openAsks = new List<OpenAsk>();
        readonly byte[] askBytes = new byte[Protocol.EVENT_MAX_BYTES];

        /// <summary>The game asks us something: Answer it or Refuse it, now or later. False for what is not understood,
        /// which the game is told; without a handler that is everything.</summary>
        public Func<Question, bool> Asked;

        /// <summary>Asks the game of our room something, in one of its own messages. A later Tick tells once what has
        /// become of it. Answers its number; 0 if it can't be asked now, or is over a limit: then nothing is told.
        /// As many as ASKS_MAX may be under way.</summary>
        public uint Ask<T>(in T question, Action<AskOutcome> told, uint timeoutMs = 5000) where T : struct, IMessage
        {
            if (!Envelope.TryMake(in question, askBytes, out var envelope)) return 0;
            if (openAsks.Count == Protocol.ASKS_MAX) return 0;
            uint number = NextRequest();
            var message = new ClientToWorld.AskGame
            {
                Number = number, TimeoutMs = timeoutMs, Kind = envelope.Kind, Data = envelope.Data,
            };
            if (!SendToWorld(in message)) return 0;
            openAsks.Add(new OpenAsk { Number = number, UntilMs = NowMs + timeoutMs, Told = told });
            return number;
        }

        /// <summary>Answers a question of the game's; false if that is not possible now, or the answer is over a
        /// limit.</summary>
        public bool Answer<T>(uint ask, in T answer) where T : struct, IMessage =>
            Envelope.TryMake(in answer, askBytes, out var envelope) && SendToWorld(new ClientToWorld.AnswerGame
            {
                Number = ask, Kind = envelope.Kind, Data = envelope.Data,
            });

        /// <summary>Refuses to answer a question of the game's, with a number of our own.</summary>
        public bool Refuse(uint ask, ushort code = 0) => Refuse(ask, ErrorCode.REFUSED, code);

        bool Refuse(uint ask, ushort reason, ushort code) =>
            SendToWorld(new ClientToWorld.AnswerGame { Number = ask, Reason = reason, Code = code });

        void HearAsk(in WorldToClient.GameAsks asks)
        {
            var question = new Question(asks.Number, new Envelope { Kind = asks.Kind, Data = asks.Data });
            bool isUnderstood = Asked != null && Asked(question);
            if (!isUnderstood) Refuse(asks.Number, ErrorCode.NOT_UNDERSTOOD, 0);
        }

        void HearAnswer(in WorldToClient.GameAnswers answers)
        {
            uint number = answers.Number;
            int place = openAsks.FindIndex(open => open.Number == number);
            // Nobody waits for it any more.
            if (place < 0) return;
            var envelope = new Envelope { Kind = answers.Kind, Data = answers.Data };
            EndAsk(place, new AskOutcome(answers.Reason, answers.Code, envelope));
        }

        void EndLateAsks(long nowMs)
        {
            int late;
            while ((late = openAsks.FindIndex(open => nowMs > open.UntilMs)) >= 0)
                EndAsk(late, new AskOutcome(ErrorCode.TIMED_OUT));
        }

        /// <summary>The connection is gone that the answers were to come by.</summary>
        void LoseAsks()
        {
            // Nobody can ask anew meanwhile: we are in no room.
            while (openAsks.Count > 0) EndAsk(0, new AskOutcome(ErrorCode.LOST));
        }

        void EndAsk(int place, AskOutcome outcome)
        {
            var told = openAsks[place].Told;
            openAsks.RemoveAt(place);
            told(outcome);
        }
    }
}

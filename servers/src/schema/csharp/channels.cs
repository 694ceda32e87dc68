namespace Tinyrealm
{
    // The channels of the chat.
    public sealed partial class Client
    {
        const int ChannelRetryMs = 2000;

        readonly List<string> wantedChannels = new List<string>();
        readonly List<string> joinedChannels = new List<string>();
        long askChannelsAtMs;

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
    }
}


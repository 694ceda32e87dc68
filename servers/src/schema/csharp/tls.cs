namespace Tinyrealm
{
    /// <summary>The bytes of a connection, in clear or by TLS. Nothing here waits.</summary>
    internal interface IPipe : IDisposable
    {
        /// <summary>Whether it stands, so that bytes can go.</summary>
        bool IsOpen { get; }
        /// <summary>Why it never will; null while it may.</summary>
        string Problem { get; }
        /// <summary>Takes as many of the first `count` bytes as it can now.</summary>
        int Send(byte[] bytes, int count);
        /// <summary>How many bytes have come: 0 at the end, less if there are none now.</summary>
        int Receive(byte[] bytes, int offset, int room);
    }

    internal sealed class ClearPipe : IPipe
    {
        readonly Socket socket;

        internal ClearPipe(Socket socket) => this.socket = socket;

        public bool IsOpen => true;
        public string Problem => null;

        // A broken connection shows when it is read: what the server has said last may still be there.
        public int Send(byte[] bytes, int count)
        {
            int sent = socket.Send(bytes, 0, count, SocketFlags.None, out var error);
            return error == SocketError.Success ? Math.Max(sent, 0) : 0;
        }

        public int Receive(byte[] bytes, int offset, int room)
        {
            int read = socket.Receive(bytes, offset, room, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return -1;
            return error == SocketError.Success ? read : 0;
        }

        public void Dispose() => socket.Close();
    }

    /// <summary>The system's TLS. One read and one write at a time are under way, on threads of the system.</summary>
    internal sealed class TlsPipe : IPipe
    {
        const int PartBytes = 1 << 14;

        readonly SslStream stream;
        readonly Task greeting;
        readonly string host;
        readonly X509Certificate2[] pinned;
        readonly byte[] incoming = new byte[PartBytes];
        readonly byte[] outgoing = new byte[PartBytes];
        Task<int> reading;
        Task writing = Task.CompletedTask;
        int incomingAt;
        int incomingCount;

        /// <summary>Greets a server by its name. It has to show that one of `pinned` vouches for it, or, if that is
        /// null, somebody whom the system trusts.</summary>
        internal TlsPipe(Socket socket, string host, X509Certificate2[] pinned)
        {
            this.host = host;
            this.pinned = pinned;
            // A stream wants it so; what is asked of it does not wait.
            socket.Blocking = true;
            stream = new SslStream(new NetworkStream(socket, true), false, IsTrusted);
            greeting = stream.AuthenticateAsClientAsync(host);
        }

        public bool IsOpen => greeting.Status == TaskStatus.RanToCompletion;

        public string Problem =>
            greeting.IsFaulted ? greeting.Exception.GetBaseException().Message : greeting.IsCanceled ? "canceled" : null;

        public int Send(byte[] bytes, int count)
        {
            if (writing.Status != TaskStatus.RanToCompletion) return 0;
            int taken = Math.Min(count, PartBytes);
            Buffer.BlockCopy(bytes, 0, outgoing, 0, taken);
            writing = stream.WriteAsync(outgoing, 0, taken);
            return taken;
        }

        public int Receive(byte[] bytes, int offset, int room)
        {
            if (incomingCount == 0)
            {
                if (reading == null) reading = stream.ReadAsync(incoming, 0, PartBytes);
                if (!reading.IsCompleted) return -1;
                if (reading.Status != TaskStatus.RanToCompletion || reading.Result == 0) return 0;
                incomingAt = 0;
                incomingCount = reading.Result;
                reading = null;
            }
            int read = Math.Min(room, incomingCount);
            Buffer.BlockCopy(incoming, incomingAt, bytes, offset, read);
            incomingAt += read;
            incomingCount -= read;
            return read;
        }

        public void Dispose() => stream.Dispose();

        bool IsTrusted(object sender, X509Certificate certificate, X509Chain chain, SslPolicyErrors errors)
        {
            if (pinned == null) return errors == SslPolicyErrors.None;
            if (certificate == null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0) return false;
            var shown = new X509Certificate2(certificate);
            // Mono does not say that the name is wrong when the chain is, too.
            return HostNames.Has(shown, host) && (IsPinned(shown) || EndsInPinned(shown, chain));
        }

        bool IsPinned(X509Certificate2 certificate)
        {
            foreach (var one in pinned)
                if (one.RawData.AsSpan().SequenceEqual(certificate.RawData)) return true;
            return false;
        }

        bool EndsInPinned(X509Certificate2 shown, X509Chain told)
        {
            using (var chain = new X509Chain())
            {
                var policy = chain.ChainPolicy;
                policy.RevocationMode = X509RevocationMode.NoCheck;
                policy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
                policy.ExtraStore.AddRange(pinned);
                foreach (var element in told.ChainElements) policy.ExtraStore.Add(element.Certificate);
                if (!chain.Build(shown)) return false;
                return IsPinned(chain.ChainElements[chain.ChainElements.Count - 1].Certificate);
            }
        }
    }

    /// <summary>For which names a certificate is: RFC 5280's subjectAltName, compared as RFC 6125 wants it.</summary>
    internal static class HostNames
    {
        const string SubjectAltName = "2.5.29.17";
        const byte DnsName = 0x82;
        const byte IpAddress = 0x87;

        internal static bool Has(X509Certificate2 certificate, string host)
        {
            foreach (var extension in certificate.Extensions)
                if (extension.Oid.Value == SubjectAltName && HasName(extension.RawData, host)) return true;
            return false;
        }

        static bool HasName(ReadOnlySpan<byte> der, string host)
        {
            byte[] address = IPAddress.TryParse(host, out var parsed) ? parsed.GetAddressBytes() : null;
            if (!Take(ref der, out _, out var names)) return false;
            while (Take(ref names, out byte kind, out var name))
            {
                if (kind == IpAddress && address != null && name.SequenceEqual(address)) return true;
                if (kind == DnsName && address == null && Matches(Encoding.ASCII.GetString(name.ToArray()), host)) return true;
            }
            return false;
        }

        /// <summary>A star stands for one label, the first.</summary>
        static bool Matches(string name, string host)
        {
            if (name.StartsWith("*.", StringComparison.Ordinal))
            {
                int dot = host.IndexOf('.');
                if (dot <= 0) return false;
                name = name.Substring(1);
                host = host.Substring(dot);
            }
            return string.Equals(name, host, StringComparison.OrdinalIgnoreCase);
        }

        /// <summary>The next element of a DER sequence; false at the end, or if it is cut.</summary>
        static bool Take(ref ReadOnlySpan<byte> der, out byte kind, out ReadOnlySpan<byte> content)
        {
            kind = 0;
            content = default;
            if (der.Length < 2) return false;
            int lengthBytes = der[1] < 0x80 ? 0 : der[1] & 0x7f;
            if (lengthBytes > 2 || der.Length < 2 + lengthBytes) return false;
            int length = lengthBytes == 0 ? der[1] : 0;
            foreach (byte part in der.Slice(2, lengthBytes)) length = length << 8 | part;
            int start = 2 + lengthBytes;
            if (der.Length < start + length) return false;
            kind = der[0];
            content = der.Slice(start, length);
            der = der.Slice(start + length);
            return true;
        }
    }
}

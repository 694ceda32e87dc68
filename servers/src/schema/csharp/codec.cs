namespace Tinyrealm
{
    /// <summary>What became of a received frame.</summary>
    public enum Dispatched
    {
        /// <summary>It was one of this link.</summary>
        Handled,
        /// <summary>This link has no such opcode, which is no error: pass over it.</summary>
        Unknown,
        /// <summary>The payload does not decode, or has bytes left over: the connection is to end.</summary>
        Malformed,
    }

    /// <summary>A message of some link.</summary>
    public interface IMessage
    {
        /// <summary>What a frame with it carries in front.</summary>
        int OpcodeNumber { get; }

        /// <summary>Writes its payload.</summary>
        void Encode(ref Writer writer);

        /// <summary>Becomes what a payload is; false if that is no such message.</summary>
        bool TryRead(byte[] bytes, int offset, int count);
    }

    /// <summary>Hears one kind of message.</summary>
    public delegate void Heard<T>(in T message) where T : struct;

    /// <summary>Text that is UTF-8, or refused.</summary>
    internal static class Strict
    {
        internal static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);
    }

    /// <summary>The bits of a number with a point.</summary>
    [StructLayout(LayoutKind.Explicit)]
    internal struct Single32
    {
        [FieldOffset(0)]
        internal float Number;
        [FieldOffset(0)]
        internal uint Bits;
    }

    /// <summary>Reads a payload. Whatever is wrong with it shows at the end, in IsWhole.</summary>
    public struct Reader
    {
        readonly byte[] bytes;
        readonly int end;
        int at;
        bool failed;

        /// <summary>Reads these bytes.</summary>
        public Reader(byte[] bytes, int offset, int count)
        {
            this.bytes = bytes;
            at = offset;
            end = offset + count;
            failed = false;
        }

        /// <summary>Whether everything was there, and nothing more is.</summary>
        public bool IsWhole => !failed && at == end;

        /// <summary>Yes or no.</summary>
        public bool Bool()
        {
            int start = Take(1);
            if (start < 0) return false;
            if (bytes[start] > 1) Fail();
            return bytes[start] == 1;
        }

        /// <summary>A number of 8 bits.</summary>
        public byte U8()
        {
            int start = Take(1);
            return start < 0 ? (byte)0 : bytes[start];
        }

        /// <summary>A signed number of 16 bits.</summary>
        public short I16()
        {
            int raw = U16();
            return (short)((raw >> 1) ^ -(raw & 1));
        }

        /// <summary>A number with a point.</summary>
        public float F32()
        {
            int start = Take(4);
            return start < 0 ? 0 : new Single32 { Bits = BitsAt(start) }.Number;
        }

        uint BitsAt(int at) =>
            bytes[at] | (uint)bytes[at + 1] << 8 | (uint)bytes[at + 2] << 16 | (uint)bytes[at + 3] << 24;

        /// <summary>A number of 16 bits.</summary>
        public ushort U16() => (ushort)Varint(16);

        /// <summary>A number of 32 bits.</summary>
        public uint U32() => (uint)Varint(32);

        /// <summary>A number below 2^53.</summary>
        public ulong U53() => Varint(53);

        /// <summary>A signed number of 32 bits.</summary>
        public int I32()
        {
            uint raw = U32();
            return (int)(raw >> 1) ^ -(int)(raw & 1);
        }

        /// <summary>A count of at most this; 0 if it is more.</summary>
        public int Count(int most)
        {
            ulong count = Varint(32);
            return count <= (ulong)most ? (int)count : (int)Fail();
        }

        /// <summary>Whether something optional is there.</summary>
        public bool Option() => Bool();

        /// <summary>So many bytes, copied.</summary>
        public byte[] Array(int count)
        {
            var array = new byte[count];
            int start = Take(count);
            if (start >= 0) Buffer.BlockCopy(bytes, start, array, 0, count);
            return array;
        }

        /// <summary>At most so many bytes, as a view.</summary>
        public ReadOnlyMemory<byte> Bytes(int most)
        {
            int count = Count(most);
            int start = Take(count);
            return start >= 0 ? new ReadOnlyMemory<byte>(bytes, start, count) : default;
        }

        /// <summary>Text of at most so many bytes.</summary>
        public string Text(int most)
        {
            int count = Count(most);
            int start = Take(count);
            if (start < 0 || count == 0) return "";
            try
            {
                return Strict.Utf8.GetString(bytes, start, count);
            }
            catch (ArgumentException)
            {
                Fail();
                return "";
            }
        }

        ulong Varint(int bits)
        {
            ulong number = 0;
            for (int shift = 0; shift < bits; shift += 7)
            {
                int start = Take(1);
                if (start < 0) return 0;
                byte read = bytes[start];
                number |= (ulong)(read & 0x7F) << shift;
                if (read >= 0x80) continue;
                bool isShortest = read != 0 || shift == 0;
                return isShortest && number >> bits == 0 ? number : Fail();
            }
            return Fail();
        }

        /// <summary>Where so many bytes begin; below 0 if they are not there.</summary>
        int Take(int count)
        {
            if (failed || count > end - at)
            {
                failed = true;
                return -1;
            }
            at += count;
            return at - count;
        }

        ulong Fail()
        {
            failed = true;
            return 0;
        }
    }

    /// <summary>Writes a payload. What does not fit the buffer or a limit shows at the end, in IsWhole.</summary>
    public struct Writer
    {
        readonly byte[] bytes;
        readonly int end;
        bool failed;

        /// <summary>Writes into these bytes.</summary>
        public Writer(byte[] bytes, int offset, int count)
        {
            this.bytes = bytes;
            At = offset;
            end = offset + count;
            failed = false;
        }

        /// <summary>Where the next byte goes.</summary>
        public int At { get; private set; }

        /// <summary>Whether everything was written.</summary>
        public bool IsWhole => !failed;

        /// <summary>Yes or no.</summary>
        public void Bool(bool value) => Byte((byte)(value ? 1 : 0));

        /// <summary>A number of 8 bits.</summary>
        public void U8(byte number) => Byte(number);

        /// <summary>A signed number of 16 bits.</summary>
        public void I16(short number) => Varint((ushort)(number << 1 ^ number >> 15));

        /// <summary>A number with a point.</summary>
        public void F32(float number)
        {
            uint bits = new Single32 { Number = number }.Bits;
            for (int shift = 0; shift < 32; shift += 8) Byte((byte)(bits >> shift));
        }

        /// <summary>A number of 16 bits.</summary>
        public void U16(ushort number) => Varint(number);

        /// <summary>A number of 32 bits.</summary>
        public void U32(uint number) => Varint(number);

        /// <summary>A number below 2^53.</summary>
        public void U53(ulong number)
        {
            failed |= number >> 53 != 0;
            Varint(number);
        }

        /// <summary>A signed number of 32 bits.</summary>
        public void I32(int number) => Varint((uint)(number << 1) ^ (uint)(number >> 31));

        /// <summary>A count of at most this.</summary>
        public void Count(int count, int most)
        {
            failed |= count > most;
            Varint((ulong)count);
        }

        /// <summary>Whether something optional follows.</summary>
        public bool Option(bool isThere)
        {
            Bool(isThere);
            return isThere;
        }

        /// <summary>Exactly so many bytes.</summary>
        public void Array(byte[] array, int count)
        {
            failed |= array == null || array.Length != count;
            if (!failed) Append(array);
        }

        /// <summary>At most so many bytes.</summary>
        public void Bytes(ReadOnlyMemory<byte> view, int most)
        {
            Count(view.Length, most);
            Append(view.Span);
        }

        /// <summary>Text of at most so many bytes; null is empty.</summary>
        public void Text(string text, int most)
        {
            text = text ?? "";
            try
            {
                int count = Strict.Utf8.GetByteCount(text);
                Count(count, most);
                if (!HasRoom(count)) return;
                At += Strict.Utf8.GetBytes(text, 0, text.Length, bytes, At);
            }
            catch (ArgumentException)
            {
                failed = true;
            }
        }

        void Append(ReadOnlySpan<byte> view)
        {
            if (!HasRoom(view.Length)) return;
            view.CopyTo(new Span<byte>(bytes, At, view.Length));
            At += view.Length;
        }

        void Varint(ulong number)
        {
            while (number >= 0x80)
            {
                Byte((byte)(number | 0x80));
                number >>= 7;
            }
            Byte((byte)number);
        }

        void Byte(byte value)
        {
            if (HasRoom(1)) bytes[At++] = value;
        }

        bool HasRoom(int count)
        {
            failed |= count > end - At;
            return !failed;
        }
    }

    /// <summary>Frames of a stream: a length of two bytes, an opcode of four, a payload.</summary>
    public static class Frames
    {
        /// <summary>Bytes of the length.</summary>
        public const int LengthBytes = 2;
        /// <summary>Bytes of the opcode.</summary>
        public const int OpcodeBytes = 4;
        const int HeadBytes = LengthBytes + OpcodeBytes;

        /// <summary>Writes a frame, and answers how long it is; 0 if the message is over a limit, or the frame
        /// over what there is room for.</summary>
        public static int Encode<T>(in T message, byte[] bytes, int offset) where T : struct, IMessage
        {
            int room = Math.Min(bytes.Length - offset, LengthBytes + Protocol.FRAME_LIMIT_MAX_BYTES);
            if (room < HeadBytes) return 0;
            var writer = new Writer(bytes, offset + HeadBytes, room - HeadBytes);
            message.Encode(ref writer);
            if (!writer.IsWhole) return 0;
            int length = writer.At - offset - LengthBytes;
            bytes[offset] = (byte)length;
            bytes[offset + 1] = (byte)(length >> 8);
            int opcode = message.OpcodeNumber;
            for (int place = 0; place < OpcodeBytes; place++)
                bytes[offset + LengthBytes + place] = (byte)(opcode >> (8 * place));
            return LengthBytes + length;
        }

        internal static int Length(byte[] bytes, int offset) => bytes[offset] | bytes[offset + 1] << 8;

        internal static int Opcode(byte[] bytes, int offset) =>
            bytes[offset + 2] | bytes[offset + 3] << 8 | bytes[offset + 4] << 16 | bytes[offset + 5] << 24;
    }
}


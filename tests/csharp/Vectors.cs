// The vectors of vectors.json with the C# codec: frames in hex come line by line, and each is answered by its
// fields as JSON and by what they are encoded to, or by "malformed".

using System;
using System.Collections;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text;
using Tinyrealm;

static class Vectors
{
    static readonly Dictionary<int, Type> Messages = typeof(IMessage).Assembly.GetTypes()
        .Where(type => type.IsValueType && typeof(IMessage).IsAssignableFrom(type))
        .ToDictionary(type => (int)type.GetField("Opcode").GetRawConstantValue());

    static void Main()
    {
        if (IsGarbageMade()) Console.WriteLine("a move that is heard is garbage");
        for (string line; (line = Console.ReadLine()) != null;) Console.WriteLine(Answer(BytesOf(line)));
    }

    /// Hears more moves than would fit a nursery of garbage.
    static bool IsGarbageMade()
    {
        const int moves = 300000;
        var frame = new byte[64];
        var move = new WorldToClient.MoveBroadcast { Number = 7, Pos = new Position { X = 1, Y = -2000 } };
        int bytes = Frames.Encode(in move, frame, 0);
        int head = Frames.LengthBytes + Frames.OpcodeBytes;
        long heard = 0;
        var listener = new WorldToClient.Listener();
        listener.OnMoveBroadcast += (in WorldToClient.MoveBroadcast moved) => heard += moved.Number;
        int collections = GC.CollectionCount(0);
        for (int times = 0; times < moves; times++)
            listener.Dispatch(WorldToClient.MoveBroadcast.Opcode, frame, head, bytes - head);
        return heard != 7L * moves || GC.CollectionCount(0) != collections;
    }

    static string Answer(byte[] frame)
    {
        var type = Messages[BitConverter.ToInt32(frame, Frames.LengthBytes)];
        int offset = Frames.LengthBytes + Frames.OpcodeBytes;
        int count = frame.Length - offset;
        if (!TryDecode(type, frame, offset, count, out var message)) return "malformed";
        for (int less = 0; less < count; less++)
            if (TryDecode(type, frame, offset, less, out _)) return "taken with " + less + " bytes";
        var longer = frame.Concat(new byte[1]).ToArray();
        if (TryDecode(type, longer, offset, count + 1, out _)) return "taken with a byte too many";
        return JsonOf(message) + "\t" + Encode(type, message);
    }

    static bool TryDecode(Type type, byte[] bytes, int offset, int count, out object message)
    {
        var arguments = new object[] { bytes, offset, count, null };
        bool isWhole = (bool)type.GetMethod("TryDecode").Invoke(null, arguments);
        message = arguments[3];
        return isWhole;
    }

    static string Encode(Type type, object message)
    {
        var encode = typeof(Frames).GetMethod("Encode").MakeGenericMethod(type);
        var exact = new byte[2048];
        int bytes = (int)encode.Invoke(null, new[] { message, exact, 0 });
        // It needs all of its room.
        for (int room = 0; room < bytes; room++)
            if ((int)encode.Invoke(null, new[] { message, new byte[room], 0 }) != 0) return "cut";
        return HexOf(exact.Take(bytes));
    }

    static string JsonOf(object value)
    {
        if (value == null) return "null";
        if (value is string text) return Quoted(text);
        if (value is bool flag) return flag ? "true" : "false";
        if (value is byte[] array) return "\"" + HexOf(array) + "\"";
        if (value is ReadOnlyMemory<byte> view) return "\"" + HexOf(view.ToArray()) + "\"";
        if (value is IEnumerable items) return "[" + string.Join(",", items.Cast<object>().Select(JsonOf)) + "]";
        var type = value.GetType();
        if (type.IsPrimitive) return value.ToString();
        var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance);
        var members = fields.Select(field => Quoted(Snake(field.Name)) + ":" + JsonOf(field.GetValue(value)));
        return "{" + string.Join(",", members) + "}";
    }

    static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (char letter in text) quoted.AppendFormat("\\u{0:x4}", (int)letter);
        return quoted.Append('"').ToString();
    }

    static string Snake(string name) => string.Concat(name.Select((letter, place) =>
        char.IsUpper(letter) ? (place > 0 ? "_" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    static string HexOf(IEnumerable<byte> bytes) => string.Concat(bytes.Select(value => value.ToString("x2")));

    static byte[] BytesOf(string hex) => Enumerable.Range(0, hex.Length / 2)
        .Select(place => Convert.ToByte(hex.Substring(2 * place, 2), 16)).ToArray();
}

using System.Text;

namespace Ambient.HttpCases;

/// <summary>Frames of HTTP/2 by hand, also such as no library sends; as Latin-1 text as in all of the corpus.</summary>
public static class Frames
{
    public const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    public static string Of(byte type, byte flags, uint stream, string payload = "") =>
        Text([(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, .. BigEndian(stream)]) + payload;

    public static string Data(uint stream, string payload, bool endStream = false) => Of(0, endStream ? (byte)1 : (byte)0, stream, payload);

    /// <param name="fields">Pairs of name and value, of any bytes at all.</param>
    public static string Headers(uint stream, bool endStream, params string[] fields) => Of(1, endStream ? (byte)5 : (byte)4, stream, Block(fields));

    public static string Get(uint stream) => Headers(stream, true, ":method", "GET", ":scheme", "http", ":authority", "a", ":path", "/");

    public static string Reset(uint stream) => Of(3, 0, stream, "\0\0\0\u0008");

    public static string Settings(params (ushort Id, uint Value)[] settings) =>
        Of(4, 0, 0, string.Concat(settings.Select(setting => Text([(byte)(setting.Id >> 8), (byte)setting.Id, .. BigEndian(setting.Value)]))));

    public static string WindowUpdate(uint stream, uint increment) => Of(8, 0, stream, Text(BigEndian(increment)));

    /// <summary>A header block of literals without indexing or Huffman code (RFC 7541 §6.2.2).</summary>
    public static string Block(params string[] fields)
    {
        var block = new StringBuilder();
        for (var i = 0; i < fields.Length; i += 2) block.Append('\0').Append(String(fields[i])).Append(String(fields[i + 1]));
        return block.ToString();
    }

    private static string String(string text) => text.Length < 127 ? (char)text.Length + text
        : "\u007f" + (char)(text.Length - 127 & 0x7F | 0x80) + (char)(text.Length - 127 >> 7) + text; // up to 16 KiB

    private static byte[] BigEndian(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}

namespace Ambient.Load.Generator;

/// <summary>
/// What client and server say to each other. The first byte chooses what the connection is for; in front of it there may
/// be an HTTP/1.1 CONNECT request, for proxies that want to be asked.
/// </summary>
internal static class Wire
{
    /// <summary>Everything is read and thrown away; each <see cref="SegmentBytes"/> received is answered with one byte.</summary>
    public const byte Sink = (byte)'S';

    /// <summary>Everything comes back.</summary>
    public const byte Echo = (byte)'E';

    public const byte ConnectRequest = (byte)'C'; // of "CONNECT"

    public const int SegmentBytes = 1 << 20;

    public const int RequestBytes = 1024;

    public const int BlockBytes = 256 << 10;

    public static ReadOnlySpan<byte> ConnectHead => "CONNECT server:7000 HTTP/1.1\r\nHost: server:7000\r\n\r\n"u8;

    public static ReadOnlySpan<byte> ConnectAnswer => "HTTP/1.1 200 OK\r\n\r\n"u8;

    public static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;
}

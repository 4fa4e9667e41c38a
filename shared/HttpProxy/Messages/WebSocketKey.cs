using System.Buffers.Text;
using System.Security.Cryptography;

namespace Ambient.HttpProxy.Messages;

/// <summary>What HTTP/1.1 asks of both sides to show that they mean WebSockets (RFC 6455 §1.3); HTTP/2 does without (RFC 8441 §5).</summary>
internal static class WebSocketKey
{
    private const int KeyBytes = 16;

    public static ReadOnlySpan<byte> FieldName => "sec-websocket-key"u8;

    public static ReadOnlySpan<byte> AcceptName => "sec-websocket-accept"u8;

    /// <summary>For a server of HTTP/1.1 whose client brought none.</summary>
    public static byte[] Create()
    {
        var text = new byte[Base64.GetMaxEncodedToUtf8Length(KeyBytes)];
        Base64.EncodeToUtf8(RandomNumberGenerator.GetBytes(KeyBytes), text, out _, out _);
        return text;
    }

    /// <summary>The only answer to <paramref name="key"/>.</summary>
    public static byte[] AcceptOf(ReadOnlySpan<byte> key)
    {
        var text = new byte[Base64.GetMaxEncodedToUtf8Length(SHA1.HashSizeInBytes)];
        Base64.EncodeToUtf8(SHA1.HashData([.. key, .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8]), text, out _, out _);
        return text;
    }
}

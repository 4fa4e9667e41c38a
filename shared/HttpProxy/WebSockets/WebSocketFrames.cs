using System.Buffers.Binary;

namespace Ambient.HttpProxy.WebSockets;

/// <summary>Follows one direction of a WebSocket from frame to frame (RFC 6455 §5.2): where something of ours may stand between two of them. Keeps nothing of what passes.</summary>
/// <remarks>Mutable; looks at the heads of frames and skips what they hold. Of bytes that are no frames its answers mean nothing.</remarks>
internal struct WebSocketFrames
{
    private const int LongestHead = 14;

    private HeadBytes _head;
    private int _seen;
    private ulong _rest;

    /// <summary>No frame is half passed.</summary>
    public readonly bool IsBetween => _seen == 0 && _rest == 0;

    /// <summary>A close frame has begun to pass: no frame may follow it (RFC 6455 §5.5.1).</summary>
    public bool HasClosed { get; private set; }

    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[PassPart(bytes)..];
    }

    /// <summary>How many of <paramref name="bytes"/> belong to the frame that is half passed.</summary>
    public readonly int RestIn(ReadOnlySpan<byte> bytes)
    {
        var (ahead, counted) = (this, 0);
        while (counted < bytes.Length && !ahead.IsBetween) counted += ahead.PassPart(bytes[counted..]);
        return counted;
    }

    /// <returns>Bytes passed: one of a head, or what there is of a frame's content.</returns>
    private int PassPart(ReadOnlySpan<byte> bytes)
    {
        if (_rest > 0)
        {
            var skipped = (int)Math.Min(_rest, (ulong)bytes.Length);
            _rest -= (ulong)skipped;
            return skipped;
        }

        if (_seen == 0) HasClosed |= (bytes[0] & 0x0F) == 8;
        _head[_seen++] = bytes[0];
        if (_seen < 2 || _seen < HeadLength) return 1;
        (_rest, _seen) = (Content, 0);
        return 1;
    }

    // Two bytes, a longer length if they say so, and the mask.
    private readonly int HeadLength => 2 + ((_head[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 }) + ((_head[1] & 0x80) != 0 ? 4 : 0);

    private readonly ulong Content => (_head[1] & 0x7F) switch
    {
        126 => BinaryPrimitives.ReadUInt16BigEndian(_head[2..4]),
        127 => BinaryPrimitives.ReadUInt64BigEndian(_head[2..10]),
        var length => (ulong)length,
    };

    [System.Runtime.CompilerServices.InlineArray(LongestHead)]
    private struct HeadBytes
    {
        private byte _first;
    }
}

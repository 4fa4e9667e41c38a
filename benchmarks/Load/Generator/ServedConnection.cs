using Ambient.Linux;
using Ambient.Linux.Sockets;

namespace Ambient.Load.Generator;

/// <summary>One connection of the server: finds out what it is for, then echoes or swallows.</summary>
internal sealed class ServedConnection(Descriptor socket) : IDisposable
{
    private byte[] _unsent = [];
    private byte _purpose;
    private long _received;
    private long _acknowledged;

    /// <summary>Something must be sent before more is read.</summary>
    public bool IsBlocked => _unsent.Length > 0;

    /// <param name="block">Scratch space of the caller.</param>
    /// <returns>False when the connection is over.</returns>
    public bool Advance(byte[] block)
    {
        if (IsBlocked) return Send(_unsent);

        var result = TcpSockets.Receive(socket.Value, block.AsSpan(0, _purpose == Wire.Sink ? block.Length : 16 << 10));
        if (result.WouldBlock) return true;
        if (!result.Succeeded || result.Value == 0) return false;
        return Take(block.AsSpan(0, result.Value));
    }

    public void Dispose() => socket.Dispose();

    private bool Take(Span<byte> bytes)
    {
        if (_purpose == 0)
        {
            // A proxy sends the head of its request in one piece, and nothing behind it before our answer.
            if (bytes[0] == Wire.ConnectRequest)
                return bytes.EndsWith(Wire.EndOfHead) && Send(Wire.ConnectAnswer);
            _purpose = bytes[0];
            bytes = bytes[1..];
        }
        return bytes.IsEmpty || (_purpose == Wire.Sink ? Swallow(bytes.Length) : Send(bytes));
    }

    private bool Swallow(int count)
    {
        _received += count;
        var due = _received / Wire.SegmentBytes - _acknowledged;
        _acknowledged += due;
        Span<byte> acknowledgement = stackalloc byte[16];
        acknowledgement.Fill((byte)'k');
        return due == 0 || Send(acknowledgement[..(int)due]);
    }

    private bool Send(ReadOnlySpan<byte> bytes)
    {
        var result = TcpSockets.Send(socket.Value, bytes);
        if (!result.Succeeded && !result.WouldBlock) return false;
        var rest = bytes[(result.Succeeded ? result.Value : 0)..];
        _unsent = rest.IsEmpty ? [] : rest.ToArray();
        return true;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using Ambient.Transport;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>
/// DNS messages over TCP: each has its length in two bytes before it (RFC 1035 §4.2.2, RFC 7766 §8). Holds no memory
/// while nothing is on its way. Belongs to the loop of its socket.
/// </summary>
/// <param name="socket">Taken over.</param>
internal sealed class MessageStream(LoopSocket socket) : IDisposable
{
    public const int MaxMessage = ushort.MaxValue;

    /// <summary>Bytes waiting to be sent above which <see cref="WaitForRoomAsync"/> waits.</summary>
    private const int RoomBytes = 128 * 1024;

    private const int LengthSize = 2, FirstReadBytes = 2048;

    private byte[] _received = [], _unsent = [];
    private int _start, _end, _unsentStart, _unsentEnd;
    private bool _sending, _finishing, _disposed;
    private Task _sent = Task.CompletedTask;
    private TaskCompletionSource? _room;

    /// <summary>Bytes have arrived that are not a whole message yet.</summary>
    public bool IsInsideMessage => _end > _start;

    /// <summary>Bytes that the peer has not taken yet.</summary>
    public int UnsentBytes => _unsentEnd - _unsentStart;

    /// <summary>Bytes received and sent so far, modulo 2^32: if it stands still, nothing moves.</summary>
    public uint Progress { get; private set; }

    /// <returns>The next message, valid until the next call; null once the peer has ended or the connection broke.</returns>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadAsync()
    {
        while (true)
        {
            if (TryTake(out var message))
                return message;
            if (_start == _end)
                ReleaseReceived();
            await socket.WaitReadableAsync();
            if (_disposed || !TryFill())
                return null;
        }
    }

    /// <summary>Sends at once what the kernel takes and keeps the rest; never blocks.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        if (_disposed)
            return;
        var room = EnsureRoom(LengthSize + message.Length);
        BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)message.Length);
        message.CopyTo(room[LengthSize..]);
        _unsentEnd += LengthSize + message.Length;
        if (!_sending)
            _sent = SendUnsentAsync();
    }

    /// <summary>Completes when the kernel has taken everything, or the connection broke.</summary>
    public Task FlushAsync() => _sent;

    /// <summary>Completes when the peer has taken enough, or has broken off: a slow reader slows its writers down.</summary>
    public Task WaitForRoomAsync() =>
        UnsentBytes < RoomBytes || _disposed ? Task.CompletedTask : (_room ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Sends FIN behind what is still unsent.</summary>
    public void FinishSending()
    {
        _finishing = true;
        if (!_sending && !_disposed)
            socket.FinishSending();
    }

    public void Abort()
    {
        socket.Abort();
        Dispose();
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        socket.Dispose();
        _start = _end;
        ReleaseReceived();
        if (!_sending)
            ReleaseUnsent();
        GiveRoom();
    }

    private bool TryTake(out ReadOnlyMemory<byte> message)
    {
        message = default;
        if (_end - _start < LengthSize)
            return false;
        var length = BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(_start));
        if (_end - _start < LengthSize + length)
            return false;
        message = _received.AsMemory(_start + LengthSize, length);
        _start += LengthSize + length;
        return true;
    }

    private bool TryFill()
    {
        MakeContiguous();
        var result = socket.TryReceive(_received.AsSpan(_end));
        if (result.Status == IoStatus.WouldBlock)
            return true;
        if (result.Status != IoStatus.Done || result.Bytes == 0)
            return false;
        _end += result.Bytes;
        Progress += (uint)result.Bytes;
        return true;
    }

    // The rest of the message that has begun always fits; a whole buffer is moved only when its end is reached.
    private void MakeContiguous()
    {
        var have = _end - _start;
        var wanted = have >= LengthSize ? LengthSize + BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(_start)) : FirstReadBytes;
        if (_received.Length - _start >= wanted)
            return;

        var target = _received.Length >= wanted ? _received : ArrayPool<byte>.Shared.Rent(Math.Max(wanted, FirstReadBytes));
        _received.AsSpan(_start, have).CopyTo(target);
        if (target != _received)
            Return(_received);
        (_received, _start, _end) = (target, 0, have);
    }

    private Span<byte> EnsureRoom(int bytes)
    {
        if (_unsent.Length - _unsentEnd >= bytes)
            return _unsent.AsSpan(_unsentEnd);

        var larger = ArrayPool<byte>.Shared.Rent(UnsentBytes + bytes);
        _unsent.AsSpan(_unsentStart, UnsentBytes).CopyTo(larger);
        Return(_unsent);
        (_unsent, _unsentStart, _unsentEnd) = (larger, 0, UnsentBytes);
        return _unsent.AsSpan(_unsentEnd);
    }

    private async Task SendUnsentAsync()
    {
        _sending = true;
        while (UnsentBytes > 0 && !_disposed)
        {
            var result = socket.TrySend(_unsent.AsSpan(_unsentStart, UnsentBytes));
            if (result.Status == IoStatus.WouldBlock)
                await socket.WaitWritableAsync();
            else if (result.Status != IoStatus.Done)
                break;
            _unsentStart += result.Bytes;
            Progress += (uint)result.Bytes;
            if (UnsentBytes < RoomBytes)
                GiveRoom();
        }
        _sending = false;
        ReleaseUnsent();
        if (_finishing && !_disposed)
            socket.FinishSending();
    }

    private void GiveRoom()
    {
        var waiting = _room;
        _room = null;
        waiting?.TrySetResult();
    }

    private void ReleaseReceived()
    {
        Return(_received);
        (_received, _start, _end) = ([], 0, 0);
    }

    private void ReleaseUnsent()
    {
        Return(_unsent);
        (_unsent, _unsentStart, _unsentEnd) = ([], 0, 0);
        GiveRoom();
    }

    private static void Return(byte[] rented)
    {
        if (rented.Length > 0)
            ArrayPool<byte>.Shared.Return(rented);
    }
}

using System.Runtime.CompilerServices;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Buffers;

/// <summary>What was received from a stream and not used yet. Holds a slab only while there is something in it.</summary>
/// <remarks>On the stream's loop only, where nobody else waits for the stream to become readable. The stream stays the owner's to dispose;
/// <see cref="Release"/> before that.</remarks>
internal sealed class ReceiveBuffer(Duplex source)
{
    private Slab? _slab;
    private int _start, _end;
    private int _ahead; // bytes that came with the end of a wait, which nobody was told of

    public bool IsEmpty => _start == _end;

    /// <summary>Valid until the next call.</summary>
    public ReadOnlySpan<byte> Unread => _slab is { } slab ? slab.Span[_start.._end] : default;

    /// <inheritdoc cref="Unread"/>
    public ReadOnlyMemory<byte> UnreadMemory => _slab is { } slab ? slab.Memory[_start.._end] : default;

    public void Consume(int bytes)
    {
        _start += bytes;
        _ahead = 0;
        if (_start == _end) Release();
    }

    /// <summary>Receives more behind what is unread, which must leave room: a parser takes all that it is given.</summary>
    public IoResult TryReceive()
    {
        if (_ahead == 0) return TryReceiveMore();
        var ahead = IoResult.Done(_ahead);
        _ahead = 0;
        return ahead;
    }

    /// <returns>Done, or why nothing comes any more; never WouldBlock.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<IoResult> ReceiveAsync()
    {
        while (true)
        {
            var result = TryReceive();
            if (result.Status != IoStatus.WouldBlock) return result;
            await WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Completes when receiving may say something else than WouldBlock, or with <see cref="EndWait"/>. One waiter at a time.</summary>
    /// <remarks>What came for connections that wait is received for one right after the other, before any of it is looked at: see
    /// <see cref="SendBuffer.FlushSoonAsync"/>.</remarks>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    public async ValueTask WaitAsync()
    {
        await source.WaitReadableAsync().ConfigureAwait(false);
        if (!IsEmpty || source.IsBroken) return; // who broke it is told of at once: whoever waited has to be before
        var received = TryReceiveMore();
        if (received.Status != IoStatus.Done) return;
        _ahead = received.Bytes;
        await source.Loop.Yield();
    }

    /// <summary>Ends the wait under way, if there is one.</summary>
    public void EndWait() => source.EndReadWait();

    /// <summary>Forgets what is unread.</summary>
    public void Release()
    {
        if (_slab is { } slab) source.Loop.Slabs.Return(slab);
        (_slab, _start, _end, _ahead) = (null, 0, 0, 0);
    }

    private IoResult TryReceiveMore()
    {
        if (!source.MayReceive) return IoResult.WouldBlock;
        _slab ??= source.Loop.Slabs.Rent(SlabSize.Small);
        MakeRoom(_slab);
        ReadOnlySpan<IoVector> room = [_slab.Vector.Slice(_end)];
        var result = source.TryReceive(room);
        if (result.Status == IoStatus.Done) _end += result.Bytes;
        else if (IsEmpty) Release();
        return result;
    }

    private void MakeRoom(Slab slab)
    {
        if (_end < slab.Length) return;
        slab.Span[_start.._end].CopyTo(slab.Span);
        (_start, _end) = (0, _end - _start);
        if (_end == slab.Length) throw new InvalidOperationException("The buffer is full: what was received must be used first.");
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Buffers;

/// <summary>What is to be sent on a stream: written in pieces, sent in one go. Holds a slab only while there is something in it.</summary>
/// <remarks>On the stream's loop only. Takes a whole message head of any size that the limits allow; bodies are written while
/// <see cref="Room"/> lasts, then flushed.</remarks>
internal sealed class SendBuffer(Duplex target) : IBufferWriter<byte>, ITurnEnd
{
    private const int Little = 4096; // bytes: what is more is worth a call of its own

    private Slab? _slab;
    private int _start, _end;
    private bool _leavesSoon, _isBlocked;
    private LoopSignal? _late; // while what could not be sent at a turn's end is being sent

    /// <summary>Bytes that were written and not sent.</summary>
    public int Buffered => _end - _start;

    /// <summary>Bytes that fit without taking a larger slab.</summary>
    public int Room => (_slab?.Length ?? SlabPool.BytesOf(SlabSize.Small)) - _end;

    /// <summary>Bytes sent since the beginning.</summary>
    public long Sent { get; private set; }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        _slab ??= target.Loop.Slabs.Rent(SlabSize.Small);
        if (_slab.Length - _end < Math.Max(sizeHint, 1)) Grow(_slab, sizeHint);
        return _slab.Span[_end..];
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        GetSpan(sizeHint);
        return _slab!.Memory[_end..];
    }

    public void Advance(int count) => _end += count;

    /// <summary>Sends all that is buffered.</summary>
    /// <returns>False if nothing can be sent any more; what was buffered is then gone.</returns>
    public ValueTask<bool> FlushAsync()
    {
        if (Buffered == 0) return new(true);
        if (_late is { } late) return AfterLateAsync(late);
        var result = TrySend();
        if (Buffered > 0) return FlushRestAsync();
        return new(result.Status == IoStatus.Done);
    }

    /// <summary>As <see cref="FlushAsync"/>, but what is little leaves at the turn's end, which is not waited for.</summary>
    /// <remarks>The small messages of a turn leave one right after the other: the kernel and the proxy so have the processor's caches to themselves by turns, once
    /// in a turn and not once for each message. That sending failed then shows on the stream. To be followed by <see cref="FlushAsync"/> before
    /// the stream is ended or written to by others.</remarks>
    public ValueTask<bool> FlushSoonAsync()
    {
        if (Buffered is 0 or > Little || _start > 0 || target.IsBroken) return FlushAsync();
        if (!_leavesSoon) target.Loop.AtTurnEnd(this);
        _leavesSoon = true;
        return new(true);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> FlushRestAsync()
    {
        var result = IoResult.WouldBlock;
        _isBlocked = true;
        while (Buffered > 0 && result.Status is IoStatus.Done or IoStatus.WouldBlock)
        {
            await target.WaitWritableAsync();
            if (Buffered > 0) result = TrySend(); // else it was released meanwhile
        }

        _isBlocked = false;
        return result.Status == IoStatus.Done;
    }

    /// <summary>The same, and says that nothing more comes.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<bool> FinishAsync()
    {
        if (!await FlushAsync().ConfigureAwait(false)) return false;
        target.FinishSending();
        return true;
    }

    /// <summary>Forgets what was not sent.</summary>
    public void Release()
    {
        if (_slab is { } slab) target.Loop.Slabs.Return(slab);
        (_slab, _start, _end) = (null, 0, 0);
    }

    void ITurnEnd.TurnEnded()
    {
        _leavesSoon = false;
        if (Buffered == 0 || _isBlocked) return;
        TrySend();
        if (Buffered > 0) _ = SendLateAsync();
    }

    private async Task SendLateAsync()
    {
        var late = _late = new(target.Loop);
        await FlushRestAsync().ConfigureAwait(false);
        _late = null;
        late.Set();
    }

    // It sends what was written since as well.
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> AfterLateAsync(LoopSignal late)
    {
        await late.WaitAsync().ConfigureAwait(false);
        return !target.IsBroken;
    }

    private IoResult TrySend()
    {
        ReadOnlySpan<IoVector> from = [_slab!.Vector.Slice(_start, Buffered)];
        var result = target.TrySend(from);
        if (result.Status == IoStatus.Done)
        {
            Sent += result.Bytes;
            _start += result.Bytes;
        }

        if (_start == _end || result.Status is not (IoStatus.Done or IoStatus.WouldBlock)) Release();
        return result;
    }

    private void Grow(Slab small, int needed)
    {
        if (small.Size == SlabSize.Large || Buffered + needed > SlabPool.BytesOf(SlabSize.Large))
            throw new InvalidOperationException($"{Buffered + needed} bytes are more than a message head may have; flush first.");
        var large = target.Loop.Slabs.Rent(SlabSize.Large);
        small.Span[_start.._end].CopyTo(large.Span);
        target.Loop.Slabs.Return(small);
        (_slab, _start, _end) = (large, 0, Buffered);
    }
}

using System.Buffers;
using System.Runtime.CompilerServices;
using Ambient.Linux;
using Ambient.Transport;

namespace Ambient.HttpProxy.Buffers;

/// <summary>What is to be sent on a stream: written in pieces, sent in one go. Holds a slab only while there is something in it.</summary>
/// <remarks>On the stream's loop only. Takes a whole message head of any size that the limits allow; bodies are written while
/// <see cref="Room"/> lasts, then flushed.</remarks>
internal sealed class SendBuffer(Duplex target) : IBufferWriter<byte>
{
    private Slab? _slab;
    private int _start, _end;

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
        var result = TrySend();
        if (Buffered > 0) return FlushRestAsync();
        return new(result.Status == IoStatus.Done);
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> FlushRestAsync()
    {
        while (Buffered > 0)
        {
            await target.WaitWritableAsync();
            var result = TrySend();
            if (result.Status is not (IoStatus.Done or IoStatus.WouldBlock)) return false;
        }

        return true;
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

using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Carries one direction of a connection.</summary>
internal sealed class Pump(Duplex from, Duplex to, ByteCounter counter) : IBreakWatcher
{
    /// <summary>Other connections of the loop go first after this many bytes in one go.</summary>
    private const int TurnBytes = 1024 * 1024;

    private const int LargeChunk = 256 * 1024;

    private Slab? _slab; // holds what was read and not taken by the sink
    private int _offset;
    private int _left;
    private SlabSize _chunk = SlabSize.Small; // grows for bulk that the sink takes
    private bool _awaitsSink;
    private bool _hasEnded;

    private enum Step
    {
        SourceEmpty,
        SinkFull,
        TurnOver,
        Ended,
        SourceReset,
        SourceBroken,
        SinkBroken,
    }

    /// <summary>Also notices a break of the source while the pump waits for the sink, or has ended.</summary>
    internal Pump WatchSource()
    {
        from.BreakWatcher = this;
        return this;
    }

    /// <summary>Moves bytes until the source ends or something breaks, and passes on what it saw.</summary>
    internal async ValueTask<RelayEnd> RunAsync()
    {
        while (true)
        {
            switch (MoveWhatIsReady())
            {
                case Step.SourceEmpty:
                    await from.WaitReadableAsync();
                    break;
                case Step.SinkFull when from.IsBroken:
                    return End(RelayEnd.SourceReset); // what the sink cannot take now is lost, as with any reset
                case Step.SinkFull:
                    _awaitsSink = true;
                    await to.WaitWritableAsync();
                    _awaitsSink = false;
                    if (from.IsBroken)
                        return End(RelayEnd.SourceReset);
                    break;
                case Step.TurnOver:
                    await from.Loop.Yield();
                    break;
                case Step.Ended:
                    return End(RelayEnd.Finished);
                case Step.SourceReset:
                    return End(RelayEnd.SourceReset);
                case Step.SourceBroken:
                    return End(RelayEnd.SourceBroken);
                case Step.SinkBroken:
                    return End(RelayEnd.SinkBroken);
            }
        }
    }

    /// <summary>The source broke. While the pump reads it finds out by itself, after the bytes that came before.</summary>
    void IBreakWatcher.Broken(Duplex stream)
    {
        if (_awaitsSink || _hasEnded)
            to.Abort();
    }

    private RelayEnd End(RelayEnd end)
    {
        _hasEnded = true;
        ReturnSlab();
        switch (end)
        {
            case RelayEnd.Finished:
                to.FinishSending();
                if (from.IsBroken)
                    to.Abort(); // FIN and then RST
                break;
            case RelayEnd.SinkBroken:
                // The pump of the other direction reads what the sink's peer sent before it broke, then passes the break on.
                if (to.BreakWatcher is not Pump { _hasEnded: false })
                    from.Abort();
                break;
            default:
                to.Abort();
                break;
        }

        return end;
    }

    private Step MoveWhatIsReady()
    {
        for (var budget = TurnBytes; budget > 0;)
        {
            var step = MoveOnce(out var moved);
            counter.Add(moved);
            budget -= moved;
            if (moved == 0)
                return step;
        }

        return Step.TurnOver;
    }

    // Without copying where one side has the bytes, or the room, in its own memory.
    private Step MoveOnce(out int moved)
    {
        if (_left > 0)
            return MoveRest(out moved);
        if (from.HoldsBytes)
            return MoveHeld(out moved);
        if (!from.MayReceive)
            return Nothing(Step.SourceEmpty, out moved);
        return to.LendsSpace ? MoveIntoLent(out moved) : MoveThroughSlab(out moved);
    }

    private Step MoveHeld(out int moved)
    {
        var result = to.TrySend(from.Held);
        moved = result.Bytes;
        if (moved > 0)
            from.Consume(moved);
        return OfSink(result);
    }

    private Step MoveIntoLent(out int moved)
    {
        var room = to.Reserve(LargeChunk, out var space);
        if (room.Status != IoStatus.Done)
            return Nothing(OfSink(room), out moved);
        var result = from.TryReceive(space);
        to.Commit(result.Bytes);
        moved = result.Bytes;
        return OfSource(result);
    }

    private Step MoveThroughSlab(out int moved)
    {
        var slab = from.Loop.Slabs.Rent(_chunk);
        var room = slab.Vector.Slice(0, Math.Min(slab.Length, LargeChunk));
        var result = from.TryReceive(new ReadOnlySpan<IoVector>(in room));
        if (result.Status != IoStatus.Done)
        {
            from.Loop.Slabs.Return(slab);
            return Nothing(OfSource(result), out moved);
        }

        (_slab, _offset, _left) = (slab, 0, result.Bytes);
        var step = MoveRest(out moved);
        _chunk = _left == 0 && result.Bytes == room.Length ? SlabSize.Large : SlabSize.Small;
        return step;
    }

    private Step MoveRest(out int moved)
    {
        var rest = _slab!.Vector.Slice(_offset, _left);
        var result = to.TrySend(new ReadOnlySpan<IoVector>(in rest));
        moved = result.Bytes;
        _offset += moved;
        _left -= moved;
        if (_left == 0)
            ReturnSlab();
        else if (result.Status == IoStatus.WouldBlock)
            KeepInSmallSlab();
        return OfSink(result);
    }

    // A sink that is stuck shall not pin a large slab for the little that is left.
    private void KeepInSmallSlab()
    {
        if (_slab!.Size == SlabSize.Small || _left > SlabPool.BytesOf(SlabSize.Small))
            return;
        var small = from.Loop.Slabs.Rent(SlabSize.Small);
        _slab.Span.Slice(_offset, _left).CopyTo(small.Span);
        from.Loop.Slabs.Return(_slab);
        (_slab, _offset) = (small, 0);
    }

    private void ReturnSlab()
    {
        if (_slab is null)
            return;
        from.Loop.Slabs.Return(_slab);
        (_slab, _left) = (null, 0);
    }

    private static Step Nothing(Step step, out int moved)
    {
        moved = 0;
        return step;
    }

    private static Step OfSource(IoResult result) => result.Status switch
    {
        IoStatus.End => Step.Ended,
        IoStatus.Reset => Step.SourceReset,
        IoStatus.Broken => Step.SourceBroken,
        _ => Step.SourceEmpty,
    };

    private static Step OfSink(IoResult result) => result.Status switch
    {
        IoStatus.WouldBlock => Step.SinkFull,
        IoStatus.Done => Step.TurnOver,
        _ => Step.SinkBroken,
    };
}

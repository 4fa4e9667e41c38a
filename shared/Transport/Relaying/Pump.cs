using Ambient.Linux;

namespace Ambient.Transport;

/// <summary>Carries one direction of a connection. Runs on the loop, from one wait to the next.</summary>
internal sealed class Pump : IBreakWatcher
{
    /// <summary>Other connections of the loop go first after this many bytes in one go.</summary>
    private const int TurnBytes = 1024 * 1024;

    private const int LargeChunk = 256 * 1024;

    private readonly Relay _relay;
    private readonly Duplex _from, _to;
    private readonly Action _resume;

    private ValueTask _wait;
    private Slab? _slab; // holds what was read and not taken by the sink
    private int _offset;
    private int _left;
    private SlabSize _chunk = SlabSize.Small; // grows for bulk that the sink takes
    private bool _awaitsSink;
    private bool _hasEnded;

    /// <summary>Also notices a break of the source while it waits for the sink, or has ended.</summary>
    internal Pump(Relay relay, Duplex from, Duplex to)
    {
        (_relay, _from, _to, _resume) = (relay, from, to, Run);
        _from.BreakWatcher = this;
    }

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

    /// <summary>Moves bytes until there is something to wait for, the source ends or something breaks, and passes on what it saw.</summary>
    internal void Run()
    {
        try
        {
            TakeWait();
            while (!_hasEnded && GoesOnAfter(MoveWhatIsReady())) { }
        }
        catch (Exception defect)
        {
            _hasEnded = true;
            ReturnSlab();
            _relay.Failed(defect);
        }
    }

    /// <returns>False while something is waited for, and once it has ended.</returns>
    private bool GoesOnAfter(Step step)
    {
        switch (step)
        {
            case Step.SourceEmpty:
                return IsOver(_from.WaitReadableAsync());
            case Step.SinkFull when _from.IsBroken:
                return End(RelayEnd.SourceReset); // what the sink cannot take now is lost, as with any reset
            case Step.SinkFull:
                _awaitsSink = true;
                return IsOver(_to.WaitWritableAsync());
            case Step.TurnOver:
                _from.Loop.Yield().UnsafeOnCompleted(_resume);
                return false;
            case Step.Ended:
                return End(RelayEnd.Finished);
            case Step.SourceReset:
                return End(RelayEnd.SourceReset);
            case Step.SourceBroken:
                return End(RelayEnd.SourceBroken);
            default:
                return End(RelayEnd.SinkBroken);
        }
    }

    private bool IsOver(ValueTask wait)
    {
        _wait = wait;
        if (!wait.IsCompleted)
        {
            wait.GetAwaiter().UnsafeOnCompleted(_resume);
            return false;
        }
        TakeWait();
        return !_hasEnded;
    }

    /// <summary>Ends the wait that brought us here; none the first time.</summary>
    private void TakeWait()
    {
        var wait = _wait;
        _wait = default;
        wait.GetAwaiter().GetResult();
        if (!_awaitsSink) return;
        _awaitsSink = false;
        if (_from.IsBroken) End(RelayEnd.SourceReset);
    }

    /// <summary>The source broke. While the pump reads it finds out by itself, after the bytes that came before.</summary>
    void IBreakWatcher.Broken(Duplex stream)
    {
        if (_awaitsSink || _hasEnded)
            _to.Abort();
    }

    /// <returns>False: nothing goes on.</returns>
    private bool End(RelayEnd end)
    {
        _hasEnded = true;
        ReturnSlab();
        PassOn(end);
        _relay.Ended(_from, end);
        return false;
    }

    private void PassOn(RelayEnd end)
    {
        switch (end)
        {
            case RelayEnd.Finished:
                _to.FinishSending();
                if (_from.IsBroken)
                    _to.Abort(); // FIN and then RST
                break;
            case RelayEnd.SinkBroken:
                // The pump of the other direction reads what the sink's peer sent before it broke, then passes the break on.
                if (_to.BreakWatcher is not Pump { _hasEnded: false })
                    _from.Abort();
                break;
            default:
                _to.Abort();
                break;
        }
    }

    private Step MoveWhatIsReady()
    {
        for (var budget = TurnBytes; budget > 0;)
        {
            var step = MoveOnce(out var moved);
            if (moved > 0) _relay.Count(_from, moved);
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
        if (_from.HoldsBytes)
            return MoveHeld(out moved);
        if (!_from.MayReceive)
            return Nothing(Step.SourceEmpty, out moved);
        return _to.LendsSpace ? MoveIntoLent(out moved) : MoveThroughSlab(out moved);
    }

    private Step MoveHeld(out int moved)
    {
        var result = _to.TrySend(_from.Held);
        moved = result.Bytes;
        if (moved > 0)
            _from.Consume(moved);
        return OfSink(result);
    }

    private Step MoveIntoLent(out int moved)
    {
        var room = _to.Reserve(LargeChunk, out var space);
        if (room.Status != IoStatus.Done)
            return Nothing(OfSink(room), out moved);
        var result = _from.TryReceive(space);
        _to.Commit(result.Bytes);
        moved = result.Bytes;
        return OfSource(result);
    }

    private Step MoveThroughSlab(out int moved)
    {
        var slab = _from.Loop.Slabs.Rent(_chunk);
        var room = slab.Vector.Slice(0, Math.Min(slab.Length, LargeChunk));
        var result = _from.TryReceive(new ReadOnlySpan<IoVector>(in room));
        if (result.Status != IoStatus.Done)
        {
            _from.Loop.Slabs.Return(slab);
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
        var result = _to.TrySend(new ReadOnlySpan<IoVector>(in rest));
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
        var small = _from.Loop.Slabs.Rent(SlabSize.Small);
        _slab.Span.Slice(_offset, _left).CopyTo(small.Span);
        _from.Loop.Slabs.Return(_slab);
        (_slab, _offset) = (small, 0);
    }

    private void ReturnSlab()
    {
        if (_slab is null)
            return;
        _from.Loop.Slabs.Return(_slab);
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

namespace Ambient.Http2.Streams;

/// <summary>
/// Streams that have window of their own and wait for the connection's, first come first served. Linked through the
/// streams, so a stream leaves in O(1) when it closes.
/// </summary>
internal struct WaitingStreams
{
    private Http2Stream? _first;
    private Http2Stream? _last;

    public readonly Http2Stream? First => _first;

    public void Add(Http2Stream stream)
    {
        if (stream.Has(StreamFlags.Waiting)) return;
        stream.Flags |= StreamFlags.Waiting;
        stream.PreviousWaiting = _last;
        if (_last is null) _first = stream;
        else _last.NextWaiting = stream;
        _last = stream;
    }

    public void Remove(Http2Stream stream)
    {
        if (!stream.Has(StreamFlags.Waiting)) return;
        stream.Flags &= ~StreamFlags.Waiting;
        if (stream.PreviousWaiting is null) _first = stream.NextWaiting;
        else stream.PreviousWaiting.NextWaiting = stream.NextWaiting;
        if (stream.NextWaiting is null) _last = stream.PreviousWaiting;
        else stream.NextWaiting.PreviousWaiting = stream.PreviousWaiting;
        stream.NextWaiting = stream.PreviousWaiting = null;
    }
}

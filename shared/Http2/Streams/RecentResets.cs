using Ambient.Http2.State;

namespace Ambient.Http2.Streams;

/// <summary>
/// Streams that we have reset while the peer could still send on them: what it sent before it saw our RST_STREAM must be
/// ignored (RFC 9113 §5.1). An answered PING proves that it has seen all resets before that PING, so the list
/// stays as short as a round trip.
/// </summary>
internal sealed class RecentResets
{
    /// <summary>Entries from which on a PING is worth its bytes.</summary>
    public const int ProbeFrom = 32;

    private const int Most = 4096;

    private uint[] _ids = [];
    private int _count;
    private int _probed; // the first so many were reset before the PING that is under way

    public bool ShouldProbe => _count >= ProbeFrom && _probed == 0;

    public bool Contains(uint id) => _ids.AsSpan(0, _count).Contains(id);

    public void Add(uint id)
    {
        if (_count == Most) RemoveFirst(1);
        if (_count == _ids.Length) Array.Resize(ref _ids, Math.Max(4, _count * 2));
        _ids[_count++] = id;
    }

    /// <summary>The peer cannot send on that stream any more: it ended or reset it too.</summary>
    public void Remove(uint id)
    {
        var index = _ids.AsSpan(0, _count).IndexOf(id);
        if (index < 0) return;
        _ids.AsSpan(index + 1, _count - index - 1).CopyTo(_ids.AsSpan(index));
        _count--;
        if (index < _probed) _probed--;
    }

    public void ProbeSent() => _probed = _count;

    public void ProbeAnswered()
    {
        RemoveFirst(_probed);
        _probed = 0;
        if (_count == 0) _ids = [];
    }

    public void Transfer(StateCodec codec)
    {
        var count = _count;
        codec.Number(ref count);
        codec.Number(ref _probed);
        for (var i = 0; i < count && !codec.IsBroken; i++)
        {
            var id = codec.IsReading ? 0 : _ids[i];
            codec.Number(ref id);
            if (codec.IsReading) Add(id);
        }
        _probed = Math.Clamp(_probed, 0, _count);
    }

    private void RemoveFirst(int n)
    {
        _ids.AsSpan(n, _count - n).CopyTo(_ids);
        _count -= n;
        _probed = Math.Max(0, _probed - n);
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Mirrors;
using Ambient.HttpProxy.Resilience;
using Ambient.Transport;

namespace Ambient.HttpProxy.Bodies;

/// <summary>A request's body on its way to one server after another: what was sent is kept, within limits, while another attempt may need it.</summary>
/// <remarks>Reusable; on the loop only. Stands between the client and the attempt as a sink that keeps a copy of what passes.</remarks>
/// <param name="most">Bytes kept of one body; a longer one streams on and cannot be sent again.</param>
/// <param name="sends">Told while the client is waited for.</param>
internal sealed class RequestUpload(EventLoop loop, ReplayRoom room, int most, ClientWait sends) : IBodySink
{
    private readonly BodyTransfer _transfer = new(loop, sends: sends);
    private readonly SlabQueue _kept = new();
    private IBodySource _source = null!;
    private IBodySink _sink = null!;
    private ValueTask<TransferEnd> _run;
    private long _taken;
    private bool _hasBegun, _isWhole, _isReplaying;

    /// <summary>An attempt is being sent the body; <see cref="StopAsync"/> before the next.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>All of the body was read and sent, to the last attempt at least.</summary>
    public bool IsSent { get; private set; }

    /// <summary>Nothing is missing of what another server would have to be sent.</summary>
    public bool MayRepeat => Keeps || !_hasBegun;

    /// <summary>Copies that get what is sent for the first time; to be said before the first <see cref="Start"/>.</summary>
    public List<MirroredBody> Mirrors { get; } = [];

    /// <summary>The route may need the body again; to be said before the first <see cref="Start"/>.</summary>
    public bool Keeps { get; set; }

    /// <summary>What came from the client, however often it was sent on.</summary>
    public BodyMeter Meter { get; } = new();

    /// <param name="hasMessages">The body is of gRPC.</param>
    public void Begin(IBodySource source, bool hasBody, bool hasMessages)
    {
        (_source, Keeps, _hasBegun, _isWhole, IsSent) = (source, false, false, false, !hasBody);
        Meter.Begin(hasMessages);
    }

    /// <summary>Sends the body, or what there is of it, from its beginning.</summary>
    /// <param name="failed">Called if the client breaks off or breaks the rules, which the server must not take for the body's end.</param>
    [SuppressMessage("Reliability", "CA2012", Justification = "StopAsync awaits it, once.")]
    public void Start(IBodySink sink, Action<TransferEnd> failed)
    {
        (_sink, IsRunning, IsSent) = (sink, true, false);
        _run = RunAsync(failed);
    }

    /// <summary>Something was written into its receiver that is to be flushed.</summary>
    public void Nudge() => _transfer.Nudge();

    /// <summary>Ends what <see cref="Start"/> began; if it waits for the attempt, the attempt has to be ended before.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    public async ValueTask StopAsync()
    {
        if (!IsRunning) return;
        _transfer.Stop();
        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until what <see cref="Start"/> began has come to its end by itself.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    public async ValueTask EndAsync()
    {
        await _run.ConfigureAwait(false);
        IsRunning = false;
    }

    /// <summary>No other attempt comes: what was kept is of no use, except to a replay under way.</summary>
    public void Settle()
    {
        Keeps = false;
        if (!_isReplaying) Forget();
    }

    /// <summary>The request is over: a copy that did not get all of the body must not look whole.</summary>
    public void EndMirrors()
    {
        foreach (var mirror in Mirrors) mirror.Break();
        Mirrors.Clear();
    }

    private void Forget()
    {
        if (_taken == 0) return;
        _kept.Clear(loop.Slabs);
        room.Give(_taken);
        _taken = 0;
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<TransferEnd> RunAsync(Action<TransferEnd> failed)
    {
        var end = await ReplayAsync().ConfigureAwait(false) ? await _transfer.RunAsync(_source, this).ConfigureAwait(false) : TransferEnd.SinkEnded;
        IsSent = end == TransferEnd.Complete;
        if (end is TransferEnd.SourceEnded or TransferEnd.SourceRefused) failed(end);
        return end;
    }

    /// <returns>False if the server takes no more.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> ReplayAsync()
    {
        _isReplaying = true;
        var isTaken = true;
        for (var replayed = 0; replayed < _kept.Length && isTaken;)
        {
            var written = WriteKept(replayed);
            replayed += written;
            isTaken = written > 0 || await _sink.FlushAsync(untilRoom: true).ConfigureAwait(false);
        }

        _isReplaying = false;
        if (!Keeps) Forget();
        return isTaken;
    }

    private int WriteKept(int offset)
    {
        if (_sink.Room <= 0) return 0;
        var piece = _kept.PieceAt(offset);
        piece = piece[..Math.Min(piece.Length, _sink.Room)];
        _sink.Write(piece, ends: _isWhole && offset + piece.Length == _kept.Length);
        return piece.Length;
    }

    private void Keep(ReadOnlySpan<byte> data)
    {
        var before = _kept.Slabs;
        if (_kept.Length + data.Length > most || !TryTakeRoom(data.Length))
        {
            Keeps = false;
            Forget();
            return;
        }

        _kept.Append(data, loop.Slabs);
    }

    private bool TryTakeRoom(int bytes)
    {
        var needed = (_kept.Length + bytes + SlabPool.BytesOf(SlabSize.Small) - 1L) / SlabPool.BytesOf(SlabSize.Small) * SlabPool.BytesOf(SlabSize.Small);
        if (needed <= _taken) return true;
        if (!room.TryTake(needed - _taken)) return false;
        _taken = needed;
        return true;
    }

    int IBodySink.Room => _sink.Room;

    void IBodySink.Write(ReadOnlySpan<byte> data, bool ends)
    {
        _hasBegun = true;
        _isWhole = ends;
        Meter.Add(data);
        if (Keeps) Keep(data);
        foreach (var mirror in Mirrors) mirror.Append(data);
        _sink.Write(data, ends);
    }

    void IBodySink.End(FieldSection trailers)
    {
        foreach (var mirror in Mirrors) mirror.Complete();
        _sink.End(trailers);
    }

    ValueTask<bool> IBodySink.FlushAsync(bool untilRoom) => _sink.FlushAsync(untilRoom);
}

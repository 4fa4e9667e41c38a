using System.Net;
using Ambient.Hbone.Tunnels;
using Ambient.Transport;

namespace Ambient.Hbone.Client;

/// <summary>
/// The tunnels of one pod on one loop. Connections that may share a tunnel do; connections that wait for the same dial share
/// it; a tunnel that drains is never lent.
/// </summary>
public sealed class TunnelPool(EventLoop loop, TunnelOptions options, ITunnelDialer dialer)
{
    private const int Attempts = 3;
    private const int Spares = 2; // unused tunnels to one peer that are kept for as long as the options say
    private static readonly TimeSpan SurplusRelease = TimeSpan.FromSeconds(15);
    private readonly Dictionary<TunnelKey, Bucket> _buckets = [];
    private readonly HashSet<Tunnel> _unlent = []; // their peers sent GOAWAY and their last streams go on, or they were made for one connection
    private bool _closing;

    /// <summary>Tunnels that are open, also those that are never lent again.</summary>
    public int Count => _buckets.Values.Sum(static bucket => bucket.Tunnels.Count) + _unlent.Count;

    /// <summary>Told the peer's end when it sends GOAWAY: whoever serves there is going away, or its proxy is.</summary>
    public Action<IPEndPoint>? PeerLeaving { get; init; }

    /// <summary>Opens a connection through a tunnel, dialling one if none has room.</summary>
    /// <param name="patience">
    /// Time for the peer to show a sign of life, when there are others to ask; null = only the limits of the options count. A dial
    /// that takes longer goes on for those who come later.
    /// </param>
    /// <returns>A stream that the caller owns and whose CONNECT was answered with 200, or why there is none.</returns>
    /// <remarks>
    /// A tunnel that turns out to be dead or leaving is replaced without the caller noticing: until the 200, nothing was
    /// accepted from the application.
    /// </remarks>
    public async ValueTask<ConnectResult> ConnectAsync(TunnelKey key, ConnectRequest request, TimeSpan? patience = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            if (_closing) return new(DialReason.Closing, "This pod's tunnels are being closed.");
            var stream = TryConnect(key, request);
            if (stream is null)
            {
                if (await DialSharedAsync(key, patience) is { } failure)
                {
                    if (IsFinal(failure, attempt)) return new(failure);
                    continue;
                }
                if ((stream = TryConnect(key, request)) is null) continue; // others took the slots: dial again
            }

            var answer = await stream.WaitAnswerAsync(options.AnswerTimeout, patience);
            if (answer is { Status: 200 }) return new(stream, answer);

            var failed = Explain(key, stream, answer);
            stream.Dispose();
            if (IsFinal(failed, attempt)) return new(failed);
        }
    }

    /// <summary>Keeps a tunnel that was made for one connection: it is never lent, and ends with the others.</summary>
    public void Keep(Tunnel tunnel)
    {
        if (tunnel.IsClosed) return;
        _unlent.Add(tunnel);
        tunnel.SlotsChanged = closed =>
        {
            if (closed.IsClosed) _unlent.Remove(closed);
        };
    }

    /// <summary>Drains every tunnel: no new streams, those open go on.</summary>
    public void Drain()
    {
        _closing = true;
        foreach (var tunnel in Tunnels()) tunnel.Drain();
    }

    /// <summary>Closes every tunnel now.</summary>
    public void Close(TunnelEnd end)
    {
        _closing = true;
        foreach (var tunnel in Tunnels()) tunnel.Close(end);
    }

    /// <summary>Closes the tunnels whose peer <paramref name="isRevoked"/> names.</summary>
    public void CloseRevoked(Func<Tls.PeerIdentity, bool> isRevoked)
    {
        foreach (var tunnel in Tunnels())
            if (isRevoked(tunnel.Peer)) tunnel.Close(TunnelEnd.Revoked);
    }

    internal List<Tunnel> Tunnels() => [.. _buckets.Values.SelectMany(static bucket => bucket.Tunnels).Select(static pooled => pooled.Tunnel), .. _unlent];

    private HboneStream? TryConnect(TunnelKey key, ConnectRequest request)
    {
        if (!_buckets.TryGetValue(key, out var bucket)) return null;
        for (var i = bucket.Tunnels.Count - 1; i >= 0; i--) // the newest is there because those before it were full
            if (bucket.Tunnels[i].TryConnect(request) is { } stream) return stream;
        return null;
    }

    /// <summary>Joins a dial that will have room for this caller, or starts one. Null when it succeeded.</summary>
    private async ValueTask<DialFailure?> DialSharedAsync(TunnelKey key, TimeSpan? patience)
    {
        if (!_buckets.TryGetValue(key, out var bucket)) _buckets[key] = bucket = new();
        var dial = bucket.Waiting++ / options.MaxStreams;
        while (bucket.Dials.Count <= dial) bucket.Dials.Add(DialAsync(key, bucket));
        var task = bucket.Dials[dial];
        if (patience is not null && !await IsDoneWithinAsync(task, patience.Value))
        {
            bucket.Waiting--;
            _ = ForgetLaterAsync(key, bucket, task);
            return new(DialReason.ConnectTimedOut, $"{key.Destination} showed no sign of life within {patience!.Value.TotalSeconds:0.#} s.");
        }
        var failure = await task;
        bucket.Waiting--;
        bucket.Dials.Remove(task);
        Forget(key, bucket);
        return failure;
    }

    private async ValueTask<bool> IsDoneWithinAsync(Task dial, TimeSpan patience)
    {
        if (dial.IsCompleted) return true;
        var passed = new TaskCompletionSource();
        var timer = loop.StartTimer(patience, static passed => ((TaskCompletionSource)passed!).TrySetResult(), passed);
        await Task.WhenAny(dial, passed.Task);
        timer.Cancel();
        return dial.IsCompleted;
    }

    /// <summary>Whoever waited may all have left: the dial still ends, and its tunnel is there for the next.</summary>
    private async Task ForgetLaterAsync(TunnelKey key, Bucket bucket, Task<DialFailure?> dial)
    {
        await dial;
        bucket.Dials.Remove(dial);
        Forget(key, bucket);
    }

    /// <summary>Never fails but by its result: whoever comes while it is under way waits for the same.</summary>
    private async Task<DialFailure?> DialAsync(TunnelKey key, Bucket bucket)
    {
        try
        {
            var (tunnel, failure) = await dialer.DialAsync(loop, key);
            return tunnel is null ? failure : Take(tunnel, key, bucket);
        }
        catch (Exception error)
        {
            return new(DialReason.ConnectFailed, $"Dialling {key.Destination} failed: {error.Message}"); // no descriptor was left, for one
        }
    }

    private DialFailure? Take(Tunnel tunnel, TunnelKey key, Bucket bucket)
    {
        if (_closing)
        {
            tunnel.Close(TunnelEnd.Local);
            return new(DialReason.Closing, "This pod's tunnels are being closed.");
        }
        if (!tunnel.CanConnect)
        {
            // Its end came with the end of the handshake, before anybody could be told of it: a peer that is leaving, for one.
            tunnel.Close(TunnelEnd.Local);
            return new(DialReason.TunnelBroken, $"The tunnel to {key.Destination} took no streams from the start: {tunnel.End!.Meaning}.");
        }
        var pooled = new PooledTunnel(loop, tunnel);
        bucket.Tunnels.Add(pooled);
        tunnel.SlotsChanged = _ => SlotsChanged(key, bucket, pooled);
        pooled.ReleaseAfter(ReleaseTime(bucket)); // whoever waited may have left
        return null;
    }

    private void SlotsChanged(TunnelKey key, Bucket bucket, PooledTunnel pooled)
    {
        if (pooled.Tunnel.IsClosed) _unlent.Remove(pooled.Tunnel);
        if (pooled.Tunnel.IsClosed || pooled.Tunnel.IsDraining) Withdraw(key, bucket, pooled);
        else if (pooled.IsUnused) pooled.ReleaseAfter(ReleaseTime(bucket));
    }

    private void Withdraw(TunnelKey key, Bucket bucket, PooledTunnel pooled)
    {
        if (!bucket.Tunnels.Remove(pooled)) return;
        pooled.Forget();
        Forget(key, bucket);
        if (pooled.Tunnel.IsClosed) return;
        _unlent.Add(pooled.Tunnel);
        if (!_closing) PeerLeaving?.Invoke(key.Destination);
    }

    /// <summary>A peak of connections leaves many tunnels behind; what the next ones need is a few.</summary>
    private TimeSpan ReleaseTime(Bucket bucket)
    {
        var isSurplus = bucket.Tunnels.Count(static tunnel => tunnel.IsUnused) > Spares;
        return isSurplus && SurplusRelease < options.ReleaseAfter ? SurplusRelease : options.ReleaseAfter;
    }

    private void Forget(TunnelKey key, Bucket bucket)
    {
        if (bucket.Tunnels.Count == 0 && bucket.Dials.Count == 0 && bucket.Waiting == 0) _buckets.Remove(key);
    }

    private static bool IsFinal(DialFailure failure, int attempt) => failure.Reason != DialReason.TunnelBroken || attempt >= Attempts;

    private DialFailure Explain(TunnelKey key, HboneStream stream, ConnectAnswer? answer)
    {
        var peer = $"{key.Destination} ({string.Join(" or ", key.Expected)})";
        if (answer is not null) return new(DialReason.AnswerRefused, $"{peer} answered CONNECT with {answer.Status}.", answer.Status);
        if (stream.Tunnel.End is { } end)
            return end == TunnelEnd.Revoked
                ? new(DialReason.CertificateRevoked, $"The certificate of {peer} was revoked.")
                : new(DialReason.TunnelBroken, $"The tunnel to {peer} broke before it answered CONNECT: {end.Meaning}.");
        if (stream.IsTimedOut)
            return new(DialReason.AnswerTimedOut, $"{peer} did not answer CONNECT within {options.AnswerTimeout.TotalSeconds:0.#} s.");
        // RFC 9113 §8.7: REFUSED_STREAM, and streams above a GOAWAY's last id, were not processed.
        return new(DialReason.TunnelBroken, $"{peer} reset the CONNECT: {stream.ResetCode}.");
    }

    private sealed class Bucket
    {
        public readonly List<PooledTunnel> Tunnels = [];
        public readonly List<Task<DialFailure?>> Dials = [];
        public int Waiting;
    }
}

/// <summary>An open stream, or why there is none.</summary>
public readonly struct ConnectResult
{
    internal ConnectResult(HboneStream stream, ConnectAnswer answer) => (Stream, Answer) = (stream, answer);
    internal ConnectResult(DialFailure failure) => Failure = failure;
    internal ConnectResult(DialReason reason, string message) : this(new DialFailure(reason, message)) { }

    public HboneStream? Stream { get; }
    public ConnectAnswer? Answer { get; }
    public DialFailure? Failure { get; }
}

using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Resilience;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Connections to servers on one loop, by endpoint. Of HTTP/1.1 the one given back last is lent first; of HTTP/2 all share few.</summary>
/// <remarks>On the loop only. What a server has ended, or what nobody wanted for <see cref="HttpProxyOptions.UpstreamIdleTimeout"/>, or for what the server's limits say, is
/// closed within a second.</remarks>
public sealed class UpstreamPool : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ServerKey, List<Http1Upstream>> _idle = [];
    private readonly EventLoop _loop;
    private readonly IUpstreamDialer _dialer;
    private readonly HttpProxyOptions _options;
    private readonly Http2UpstreamPool _http2;
    private readonly LoopTimer _sweep;
    private bool _isClosed;

    public UpstreamPool(EventLoop loop, IUpstreamDialer dialer, HttpProxyOptions options)
    {
        (_loop, _dialer, _options, _http2, ClientWaits) = (loop, dialer, options, new(loop, this, options), new(loop, options.HeldBytesPerWorker));
        _sweep = new(loop, static pool => ((UpstreamPool)pool!).Sweep(), this);
    }

    /// <summary>Connections of HTTP/1.1 that lie here unused.</summary>
    public int Idle { get; private set; }

    internal ClientWaits ClientWaits { get; }

    /// <param name="fresh">Only a new connection will do.</param>
    /// <returns>The stream, which the caller releases, or null and why.</returns>
    internal ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> RentAsync(UpstreamEndpoint endpoint, RequestHead request, bool fresh)
    {
        if (endpoint.SpeaksHttp2With(request))
        {
            if (!_sweep.IsRunning) _sweep.Start(SweepInterval);
            return _http2.RentAsync(endpoint, whenKnown: MessageForwarding.IsUpgrade(request));
        }

        return !fresh && TryTakeIdle(endpoint) is { } idle ? new((idle, default)) : OpenAsync(endpoint);
    }

    /// <summary>Opens a stream to a server, for the caller to do with it as it likes; does not throw. Where no descriptor is left, others go for it: connections that
    /// lie idle, then those of exchanges that wait for their clients.</summary>
    /// <param name="protocol">As <see cref="IUpstreamDialer"/> has it.</param>
    /// <returns>The stream, which belongs to the caller, or null and why.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(UpstreamEndpoint endpoint, string? protocol)
    {
        while (true)
        {
            var (stream, failure) = await _dialer.DialAsync(_loop, endpoint, protocol);
            if (failure.Kind != ConnectFailureKind.DescriptorsExhausted || !(TryCloseIdle() || ClientWaits.TryFreeDescriptor())) return (stream, failure);
        }
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> OpenAsync(UpstreamEndpoint endpoint)
    {
        var (stream, failure) = await DialAsync(endpoint, "http/1.1").ConfigureAwait(false);
        return (stream is null ? null : new Http1Upstream(stream, endpoint, this, _options.Limits), failure);
    }

    /// <summary>Takes a connection whose exchange has ended in good order.</summary>
    internal void Return(Http1Upstream connection)
    {
        if (!_idle.TryGetValue(connection.Server.Key, out var same)) _idle[connection.Server.Key] = same = [];
        if (_isClosed || same.Count >= _options.UpstreamIdleConnections || !connection.In.IsEmpty)
        {
            connection.Dispose();
            return;
        }

        connection.Rest(_loop.Time.GetTimestamp());
        same.Add(connection);
        Idle++;
        if (!_sweep.IsRunning) _sweep.Start(SweepInterval);
    }

    /// <summary>Closes what is idle; what is lent is closed when it comes back.</summary>
    public void Dispose()
    {
        _isClosed = true;
        _sweep.Cancel();
        foreach (var connection in _idle.Values.SelectMany(same => same)) connection.Dispose();
        _idle.Clear();
        Idle = 0;
        _http2.Drain();
    }

    private Http1Upstream? TryTakeIdle(UpstreamEndpoint server)
    {
        if (!_idle.TryGetValue(server.Key, out var same)) return null;
        while (same.Count > 0)
        {
            var connection = same[^1];
            same.RemoveAt(same.Count - 1);
            Idle--;
            connection.Server = server;
            if (connection.IsStillIdle) return connection;
            connection.Dispose();
        }

        return null;
    }

    /// <summary>Closes the one that has been here longest, of those that hold a descriptor.</summary>
    private bool TryCloseIdle()
    {
        List<Http1Upstream>? oldest = null; // those of one server, the oldest first
        foreach (var same in _idle.Values)
            if (same.Count > 0 && same[0].HoldsDescriptor && (oldest is null || same[0].IdleSince < oldest[0].IdleSince)) oldest = same;
        if (oldest is null) return false;
        oldest[0].Dispose();
        oldest.RemoveAt(0);
        Idle--;
        return true;
    }

    private void Sweep()
    {
        var now = _loop.Time.GetTimestamp();
        foreach (var (server, same) in _idle)
        {
            Idle -= same.RemoveAll(connection => IsOver(connection, now));
            if (same.Count == 0) _idle.Remove(server);
        }

        _http2.CloseIdle(_options.UpstreamIdleTimeout);
        if (Idle > 0 || !_http2.IsEmpty) _sweep.Start(SweepInterval);
    }

    private bool IsOver(Http1Upstream connection, long now)
    {
        if (_loop.Time.GetElapsedTime(connection.IdleSince, now) < connection.Server.IdleTimeoutOr(_options.UpstreamIdleTimeout) && connection.IsStillIdle) return false;
        connection.Dispose();
        return true;
    }
}

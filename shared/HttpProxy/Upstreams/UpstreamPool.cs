using System.Runtime.CompilerServices;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Messages;
using Ambient.HttpProxy.Resilience;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Connections to servers on one loop, by endpoint. Those of HTTP/1.1 are lent to one request after another; of HTTP/2 all share few.</summary>
/// <remarks>On the loop only. What a server has ended, or what nobody wanted for <see cref="HttpProxyOptions.UpstreamIdleTimeout"/>, or for what the server's limits say, is
/// closed within a second.</remarks>
public sealed class UpstreamPool : IDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<ServerKey, Http1Server> _http1 = [];
    private readonly EventLoop _loop;
    private readonly IUpstreamDialer _dialer;
    private readonly HttpProxyOptions _options;
    private readonly Http2UpstreamPool _http2;
    private readonly LoopTimer _sweep;

    public UpstreamPool(EventLoop loop, IUpstreamDialer dialer, HttpProxyOptions options)
    {
        (_loop, _dialer, _options, _http2, ClientWaits) = (loop, dialer, options, new(loop, this, options), new(loop, options.HeldBytesPerWorker));
        _sweep = new(loop, static pool => ((UpstreamPool)pool!).Sweep(), this);
    }

    /// <summary>Connections of HTTP/1.1 that lie here unused.</summary>
    public int Idle => _http1.Values.Sum(static server => server.Idle);

    /// <summary>Connections of HTTP/1.1 that are open, lent ones too.</summary>
    internal int Open => _http1.Values.Sum(static server => server.Open);

    internal EventLoop Loop => _loop;

    internal bool IsClosed { get; private set; }

    internal ClientWaits ClientWaits { get; }

    /// <param name="fresh">Only a new connection will do.</param>
    /// <returns>The stream, which the caller releases, or null and why.</returns>
    internal ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> RentAsync(UpstreamEndpoint endpoint, RequestHead request, bool fresh)
    {
        if (!_sweep.IsRunning) _sweep.Start(SweepInterval);
        if (endpoint.SpeaksHttp2With(request)) return _http2.RentAsync(endpoint, whenKnown: MessageForwarding.IsUpgrade(request));
        return fresh ? ServerOf(endpoint).OpenAsync(endpoint) : ServerOf(endpoint).RentAsync(endpoint);
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

    /// <summary>Closes what is idle; what is lent is closed when it comes back.</summary>
    public void Dispose()
    {
        IsClosed = true;
        _sweep.Cancel();
        foreach (var server in _http1.Values) server.CloseIdle();
        _http2.Drain();
    }

    private Http1Server ServerOf(UpstreamEndpoint endpoint)
    {
        if (!_http1.TryGetValue(endpoint.Key, out var server)) _http1[endpoint.Key] = server = new(this, _options);
        return server;
    }

    /// <summary>Closes the one that has been here longest, of those that hold a descriptor.</summary>
    private bool TryCloseIdle()
    {
        if (_http1.Values.MinBy(static server => server.OldestSince ?? long.MaxValue) is not { OldestSince: not null } oldest) return false;
        oldest.CloseOldest();
        return true;
    }

    private void Sweep()
    {
        var now = _loop.Time.GetTimestamp();
        foreach (var (key, server) in _http1)
        {
            server.Sweep(now);
            if (server.IsUnused) _http1.Remove(key);
        }

        _http2.CloseIdle(_options.UpstreamIdleTimeout);
        if (_http1.Count > 0 || !_http2.IsEmpty) _sweep.Start(SweepInterval);
    }
}

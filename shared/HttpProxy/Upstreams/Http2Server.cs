using System.Runtime.CompilerServices;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>The connections of one worker to one server that speaks HTTP/2: as few as its limit on streams allows, opened one at a time.</summary>
/// <remarks>On the loop only. One that drains is not lent; it closes when its streams have ended.</remarks>
internal sealed class Http2Server(Http2UpstreamPool pool)
{
    private static readonly ConnectFailure Silent = new(ConnectFailureKind.Other, 0) { Detail = "it ended the connection before it spoke HTTP/2" };

    private readonly List<Http2UpstreamConnection> _connections = [];
    private readonly List<LoopSignal> _waiting = []; // for the connection being opened
    private readonly Stack<LoopSignal> _spare = [];
    private ConnectFailure _failure;
    private bool _isDialing;

    /// <summary>As whoever asked last knows it.</summary>
    public required UpstreamEndpoint Endpoint { get; set; }

    public bool IsUnused => _connections.Count == 0 && !_isDialing && _waiting.Count == 0;

    /// <param name="whenKnown">One whose server has said what it takes, extended CONNECT for one.</param>
    /// <returns>A connection that takes another stream at once, or null and why.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<(Http2UpstreamConnection? Connection, ConnectFailure Failure)> RentAsync(bool whenKnown)
    {
        while (true)
        {
            var isSilent = false;
            foreach (var connection in _connections)
            {
                if (!connection.HasRoom) continue;
                if (!whenKnown || connection.Http2.PeerSettingsKnown) return (connection, default);
                isSilent = true;
            }

            if (!isSilent && !_isDialing) _ = DialAsync();
            if (isSilent || _isDialing) await WaitAsync().ConfigureAwait(false);
            if (!_failure.IsNone) return (null, _failure);
        }
    }

    /// <summary>One of its connections has heard what the server takes, or has ended.</summary>
    public void Changed()
    {
        if (!_isDialing) WakeAll();
    }

    /// <summary>It has ended. If its server never spoke HTTP/2, who waits for that is told: on another it would not either.</summary>
    public void Remove(Http2UpstreamConnection connection)
    {
        if (!connection.Http2.PeerSettingsKnown) _failure = Silent;
        _connections.Remove(connection);
        Changed();
    }

    /// <summary>Closes what nobody used for so long, or for what the server's limits say.</summary>
    public void CloseIdle(TimeSpan usual)
    {
        var limit = Endpoint.IdleTimeoutOr(usual);
        foreach (var connection in _connections.ToArray())
            if (connection.Http2.OpenStreams == 0 && connection.Loop.Time.GetElapsedTime(connection.IdleSince) >= limit) connection.Drain();
    }

    public void Drain()
    {
        foreach (var connection in _connections.ToArray()) connection.Drain();
    }

    private async Task DialAsync()
    {
        _isDialing = true;
        var (stream, failure) = await pool.DialAsync(Endpoint);
        (_isDialing, _failure) = (false, failure);
        if (stream is not null)
        {
            var connection = pool.Open(stream, this);
            _connections.Insert(0, connection);
            connection.Start();
        }

        WakeAll();
    }

    private void WakeAll()
    {
        if (_waiting.Count == 0) return;
        foreach (var waiting in _waiting.ToArray()) waiting.SetSoon();
        _waiting.Clear();
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
    private async ValueTask WaitAsync()
    {
        if (!_spare.TryPop(out var signal)) signal = new(pool.Loop);
        _waiting.Add(signal);
        await signal.WaitAsync();
        _spare.Push(signal);
    }
}

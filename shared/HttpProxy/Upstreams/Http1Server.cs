using System.Runtime.CompilerServices;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>The connections of one worker to one server that speaks HTTP/1.1: those that lie idle, those being opened, and who waits for one.</summary>
/// <remarks>
/// On the loop only. Who finds none idle has one opened, and takes whichever is free first, that one or one given back. Only so many are opened at once: what a server can
/// take in, and the machine's ports, are not used up by those who ask at the same time. The one given back last is lent first.
/// </remarks>
internal sealed class Http1Server(UpstreamPool pool, HttpProxyOptions options)
{
    /// <summary>Being opened at once: fewer than servers commonly queue.</summary>
    public const int MostDials = 128;

    private readonly List<Http1Upstream> _idle = []; // the oldest first
    private readonly Queue<Wait> _waiting = [];
    private readonly Stack<Wait> _spare = [];
    private int _dials;

    public int Idle => _idle.Count;

    /// <summary>Those that are lent, too.</summary>
    public int Open { get; private set; }

    public bool IsUnused => Open == 0 && _waiting.Count == 0 && _dials == 0;

    /// <summary>Since when its oldest has lain idle, by the loop's clock; null if that would free no descriptor.</summary>
    public long? OldestSince => _idle.Count > 0 && _idle[0].HoldsDescriptor ? _idle[0].IdleSince : null;

    /// <summary>A connection that its server has not ended, or null and why.</summary>
    public ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> RentAsync(UpstreamEndpoint endpoint) =>
        TryTakeIdle(endpoint) is { } idle ? new((idle, default)) : WaitAsync(endpoint);

    /// <summary>A new connection, or null and why.</summary>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> OpenAsync(UpstreamEndpoint endpoint)
    {
        var (stream, failure) = await pool.DialAsync(endpoint, "http/1.1").ConfigureAwait(false);
        if (stream is null) return (null, failure);
        Open++;
        return (new Http1Upstream(stream, endpoint, this, options.Limits), default);
    }

    /// <summary>Takes a connection that the next exchange may use.</summary>
    public void Return(Http1Upstream connection)
    {
        if (!connection.In.IsEmpty || connection.Stream.IsBroken || (_waiting.Count == 0 && (pool.IsClosed || _idle.Count >= options.UpstreamIdleConnections)))
        {
            connection.Dispose();
            return;
        }

        connection.Rest(pool.Loop.Time.GetTimestamp());
        if (_waiting.TryDequeue(out var next))
        {
            next.End(connection, default);
            return;
        }

        _idle.Add(connection);
    }

    /// <summary>One of its connections is no more.</summary>
    public void Remove() => Open--;

    public void CloseOldest()
    {
        _idle[0].Dispose();
        _idle.RemoveAt(0);
    }

    /// <summary>Closes what its server has ended, or nobody has used for so long as is allowed.</summary>
    public void Sweep(long now) => _idle.RemoveAll(connection =>
    {
        if (pool.Loop.Time.GetElapsedTime(connection.IdleSince, now) < connection.Server.IdleTimeoutOr(options.UpstreamIdleTimeout) && connection.IsStillIdle) return false;
        connection.Dispose();
        return true;
    });

    public void CloseIdle()
    {
        foreach (var connection in _idle) connection.Dispose();
        _idle.Clear();
    }

    private Http1Upstream? TryTakeIdle(UpstreamEndpoint endpoint)
    {
        while (_idle.Count > 0)
        {
            var connection = _idle[^1];
            _idle.RemoveAt(_idle.Count - 1);
            connection.Server = endpoint;
            if (connection.IsStillIdle) return connection;
            connection.Dispose();
        }

        return null;
    }

    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> WaitAsync(UpstreamEndpoint endpoint)
    {
        if (!_spare.TryPop(out var wait)) wait = new(pool.Loop);
        wait.Begin(pool.Loop.Time.GetTimestamp());
        _waiting.Enqueue(wait);
        if (_dials < MostDials) _ = DialAsync(endpoint);
        await wait.EndAsync().ConfigureAwait(false);
        var (connection, failure) = (wait.Connection, wait.Failure);
        wait.Connection = null;
        _spare.Push(wait);
        if (connection is not null) connection.Server = endpoint;
        return (connection, failure);
    }

    // There are as many as wait, or as many as there may be; more where somebody was lent another meanwhile.
    private async Task DialAsync(UpstreamEndpoint endpoint)
    {
        do
        {
            _dials++;
            var began = pool.Loop.Time.GetTimestamp();
            var (opened, failure) = await OpenAsync(endpoint);
            _dials--;
            if (opened is Http1Upstream connection) Return(connection);
            else Fail(failure, began);
        }
        while (_waiting.Count > _dials && _dials < MostDials);
    }

    /// <summary>Nothing came of it: one fewer can be served. Who has waited through all of a dial that got no answer would not fare better with their own.</summary>
    private void Fail(ConnectFailure failure, long began)
    {
        for (var isFirst = true; _waiting.Count > _dials; isFirst = false)
        {
            if (!isFirst && !(failure.Kind == ConnectFailureKind.TimedOut && _waiting.Peek().Since <= began)) return;
            _waiting.Dequeue().End(null, failure);
        }
    }

    /// <summary>A request's wait for a connection. Reused.</summary>
    private sealed class Wait(EventLoop loop)
    {
        private readonly LoopSignal _ended = new(loop);
        private bool _hasEnded;

        public long Since { get; private set; }

        public Http1Upstream? Connection { get; set; }

        public ConnectFailure Failure { get; private set; }

        public void Begin(long now) => (Since, _hasEnded) = (now, false);

        /// <summary>Who waits goes on soon, not within the caller.</summary>
        public void End(Http1Upstream? connection, ConnectFailure failure)
        {
            (Connection, Failure, _hasEnded) = (connection, failure, true);
            _ended.SetSoon();
        }

        [AsyncMethodBuilder(typeof(LoopTaskBuilder))]
        public async ValueTask EndAsync()
        {
            if (!_hasEnded) await _ended.WaitAsync().ConfigureAwait(false);
        }
    }
}

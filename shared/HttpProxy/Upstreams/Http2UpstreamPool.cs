using System.Runtime.CompilerServices;
using Ambient.Http2;
using Ambient.HttpProxy.Sessions;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>Connections of HTTP/2 to servers on one loop, by endpoint. On the loop only.</summary>
internal sealed class Http2UpstreamPool(EventLoop loop, UpstreamPool pool, HttpProxyOptions options)
{
    private const int MostSpare = 1024; // a peak is not kept for ever

    private readonly Http2Options _http2 = Http2Session.OptionsOf(Http2Role.Client, options);
    private readonly Dictionary<ServerKey, Http2Server> _servers = [];
    private readonly Stack<Http2Upstream> _spare = new();

    public EventLoop Loop => loop;

    /// <summary>There is nothing to look after.</summary>
    public bool IsEmpty => _servers.Count == 0;

    /// <param name="whenKnown">Not before its server has said what it takes.</param>
    /// <returns>A stream whose request is to be written at once, or null and why.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    public async ValueTask<(UpstreamStream? Stream, ConnectFailure Failure)> RentAsync(UpstreamEndpoint endpoint, bool whenKnown)
    {
        if (!_servers.TryGetValue(endpoint.Key, out var server)) _servers[endpoint.Key] = server = new(this) { Endpoint = endpoint };
        server.Endpoint = endpoint;
        var (connection, failure) = await server.RentAsync(whenKnown).ConfigureAwait(false);
        if (connection is null) return (null, failure);
        if (!_spare.TryPop(out var stream)) stream = new(loop, this, options.Limits);
        stream.Begin(connection);
        return (stream, default);
    }

    public void Return(Http2Upstream stream)
    {
        if (_spare.Count < MostSpare) _spare.Push(stream);
    }

    public ValueTask<(Duplex? Stream, ConnectFailure Failure)> DialAsync(UpstreamEndpoint endpoint) => pool.DialAsync(endpoint, "h2");

    public Http2UpstreamConnection Open(Duplex wire, Http2Server server) => new(wire, server, _http2, options);

    public void CloseIdle(TimeSpan limit)
    {
        foreach (var (key, server) in _servers)
        {
            server.CloseIdle(limit);
            if (server.IsUnused) _servers.Remove(key);
        }
    }

    /// <summary>Closes what is idle; the rest closes when its exchanges have ended.</summary>
    public void Drain()
    {
        foreach (var server in _servers.Values) server.Drain();
    }
}

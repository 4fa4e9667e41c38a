using System.Runtime.CompilerServices;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Downstreams;
using Ambient.HttpProxy.Routing;
using Ambient.Transport;

namespace Ambient.HttpProxy;

/// <summary>A client's connection: its first bytes tell whether HTTP/1.1 or HTTP/2 with prior knowledge (RFC 9113 §3.3) is spoken on it.</summary>
/// <remarks>Start here. On the stream's loop only. A connection of HTTP/1.1 is told by its first byte that is not the preface's, so it never
/// waits for more than it needs.</remarks>
public sealed class HttpConnection : ICarried
{
    private readonly Duplex _stream;
    private readonly HttpProxyContext _proxy;
    private readonly IExchangeOwner _owner;
    private readonly ConnectionSet _connections;
    private readonly ReceiveBuffer _in;
    private readonly LoopTimer _timer;
    private IClientConnection? _spoken;
    private bool _draining;

    private HttpConnection(Duplex stream, HttpProxyContext proxy, IExchangeOwner owner, ConnectionSet connections)
    {
        (_stream, _proxy, _owner, _connections, _in) = (stream, proxy, owner, connections, new(stream));
        _timer = new(stream.Loop, static connection => ((HttpConnection)connection!).Close(), this);
    }

    /// <summary>Of all its requests.</summary>
    public IExchangeOwner Owner => _owner;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Serves <paramref name="stream"/>, which it takes over, until it ends.</summary>
    /// <param name="owner">Of all its requests, for as long as it lives.</param>
    /// <param name="connections">Has the connection as long as it lives.</param>
    public static void Start(Duplex stream, HttpProxyContext proxy, IExchangeOwner owner, ConnectionSet connections)
    {
        var connection = new HttpConnection(stream, proxy, owner, connections);
        connections.Add(connection);
        _ = connection.RunAsync();
    }

    /// <summary>Tells its client to send no more; without a request it is closed in a while.</summary>
    public void BeginDrain()
    {
        _draining = true;
        if (_spoken is { } spoken) spoken.BeginDrain();
        else if (_in.IsEmpty) _timer.Start(_proxy.Options.DrainIdleTimeout);
    }

    /// <summary>Tells its client that the time is over, in the words of what is spoken: an answer, trailers of gRPC, a close frame. What has none is ended now.</summary>
    public void Expire()
    {
        if (_spoken is { } spoken) spoken.Expire();
        else _stream.Abort();
    }

    public void Abort()
    {
        if (_spoken is { } spoken) spoken.Abort();
        else _stream.Abort();
    }

    private async Task RunAsync()
    {
        try
        {
            if (await DetectAsync().ConfigureAwait(false)) await _spoken!.ServeAsync(_draining);
        }
        catch (Exception defect)
        {
            _owner.Failed(defect);
        }

        _timer.Cancel();
        _in.Release();
        _stream.Dispose();
        _connections.Remove(this);
    }

    /// <returns>False if the client left before it said enough.</returns>
    [AsyncMethodBuilder(typeof(LoopTaskBuilder<>))]
    private async ValueTask<bool> DetectAsync()
    {
        var isHeard = false;
        _timer.Start(_proxy.Options.IdleTimeout);
        while (_spoken is null)
        {
            var received = await _in.ReceiveAsync().ConfigureAwait(false);
            if (received.Status != IoStatus.Done) return false;
            if (!isHeard) _timer.Start(_proxy.Options.HeaderTimeout); // for all of them, however slowly they come
            isHeard = true;
            _spoken = Recognise();
        }

        _timer.Cancel();
        return true;
    }

    private IClientConnection? Recognise()
    {
        var same = _in.Unread.CommonPrefixLength(Preface);
        if (same == Preface.Length) return new Http2DownstreamConnection(_stream, _in, _proxy, _owner);
        return same < _in.Unread.Length ? new Http1Connection(_stream, _in, _proxy, _owner) : null;
    }

    private void Close()
    {
        _stream.FinishSending();
        _stream.Dispose();
    }
}

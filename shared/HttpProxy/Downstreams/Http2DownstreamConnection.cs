using Ambient.Http2;
using Ambient.HttpProxy.Buffers;
using Ambient.HttpProxy.Routing;
using Ambient.HttpProxy.Sessions;
using Ambient.Transport;

namespace Ambient.HttpProxy.Downstreams;

/// <summary>A client's HTTP/2 connection: each stream is an exchange of its own.</summary>
/// <param name="input">Holds what came already.</param>
internal sealed class Http2DownstreamConnection(Duplex wire, ReceiveBuffer input, HttpProxyContext proxy, IExchangeOwner owner)
    : Http2Session(Http2Role.Server, wire, proxy.Http2, proxy.Options), IClientConnection
{
    private const int MostSpare = 1024; // a peak is not kept for ever

    private readonly LoopSignal _allEnded = new(wire.Loop);
    private int _exchanges;

    public IExchangeOwner Owner => owner;

    public async Task ServeAsync(bool draining)
    {
        var run = RunAsync(input.UnreadMemory);
        input.Release();
        if (draining) Drain();
        await run;
        if (_exchanges > 0) await _allEnded.WaitAsync();
    }

    /// <summary>Takes back what an exchange used that is over.</summary>
    public void Return(Http2Downstream exchange)
    {
        if (proxy.Spare.Count < MostSpare) proxy.Spare.Push(exchange);
        if (--_exchanges == 0) _allEnded.SetSoon();
    }

    void IClientConnection.BeginDrain() => Drain();

    void IClientConnection.Expire()
    {
        Drain();
        foreach (var stream in Http2.Streams().ToArray())
            if (stream.State is Http2Message { Owner: Http2Downstream exchange }) exchange.Expire();
    }

    public override void Failed(Exception defect) => owner.Failed(defect);

    protected override void OnHeaders(Http2Stream stream, HeaderList headers, bool endStream)
    {
        if (headers.Kind == HeaderKind.Trailers)
        {
            (stream.State as Http2Message)?.OnTrailers(headers);
            return;
        }

        if (!proxy.Spare.TryPop(out var exchange)) exchange = new(Loop, proxy);
        _exchanges++;
        exchange.Begin(this, stream, headers, endStream);
    }
}

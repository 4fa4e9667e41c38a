using System.Net;
using Ambient.Http1;
using Ambient.Http1.Heads;
using Ambient.HttpProxy.Buffers;
using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>A connection to a server, for one exchange after another. On its loop only; whoever rents it owns it.</summary>
internal sealed class UpstreamConnection(Duplex stream, IPEndPoint endpoint, Http1Limits limits) : IDisposable
{
    public Duplex Stream { get; } = stream;

    public IPEndPoint Endpoint { get; } = endpoint;

    public ReceiveBuffer In { get; } = new(stream);

    public SendBuffer Out { get; } = new(stream);

    public ResponseParser Parser { get; } = new(limits);

    /// <summary>It has carried an exchange before: its server may have closed it while the next request was on its way.</summary>
    public bool IsReused { get; private set; }

    /// <summary>When it was given back, by the loop's clock.</summary>
    public long IdleSince { get; private set; }

    /// <summary>True if nothing came while it lay idle: bytes or an end there belong to no request of ours.</summary>
    public bool IsStillIdle => !Stream.IsBroken && In.TryReceive().Status == IoStatus.WouldBlock;

    /// <summary>Ready for the next exchange.</summary>
    public void Rest(long now)
    {
        Parser.Reset();
        (IsReused, IdleSince) = (true, now);
    }

    public void Dispose()
    {
        Parser.Reset();
        In.Release();
        Out.Release();
        Stream.Dispose();
    }
}

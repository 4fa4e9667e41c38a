using Ambient.Hbone.Headers;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.Transport;

namespace Ambient.Ztunnel.Outbound;

/// <summary>An open connection to the next hop.</summary>
/// <param name="Stream">Owned by whoever holds this.</param>
/// <param name="Identity">Who answered, proved by TLS; null for plain TCP.</param>
/// <param name="Answered">What a double tunnel's far end told of itself.</param>
/// <param name="Inner">The tunnel made for this connection alone, which ends with it.</param>
internal sealed record Upstream(Duplex Stream, SpiffeId? Identity, Baggage? Answered = null, Tunnel? Inner = null) : IDisposable
{
    public void Dispose()
    {
        Stream.Dispose();
        Inner?.Drain();
    }
}

/// <summary>Why the next hop could not be had.</summary>
/// <param name="MayRetry">Another endpoint may do better, and nothing was accepted from the application yet.</param>
internal sealed record UpstreamFailure(ReasonCode Code, string Detail, bool MayRetry);

using Ambient.Hbone.Tunnels;
using Ambient.Model.Connections;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>Two joined streams, entered in the ledger, until both directions end or somebody ends them.</summary>
internal sealed class Carriage : IConnectionOwner, ICarried
{
    private readonly PodWorker _pod;
    private readonly Duplex _downstream, _upstream;
    private readonly OpenConnection _entry;
    private ReasonCode _reason;
    private string? _detail;

    /// <summary>Enters the connection. Both streams stay the caller's to dispose.</summary>
    public Carriage(PodWorker pod, Duplex downstream, Duplex upstream, in ConnectionFacts facts)
    {
        (_pod, _downstream, _upstream) = (pod, downstream, upstream);
        _entry = pod.Worker.Ledger.Open(facts, new(), this);
        pod.Connections.Add(this);
    }

    /// <summary>Carries the bytes; returns once the connection has ended and its line is written.</summary>
    public async ValueTask RunAsync()
    {
        try
        {
            var outcome = await Relay.RunAsync(_downstream, _upstream, _entry.Bytes);
            if (_reason == ReasonCode.None) (_reason, _detail) = Explain(outcome);
        }
        finally
        {
            _pod.Connections.Remove(this);
            _pod.Worker.Ledger.Close(_entry, _reason == ReasonCode.None ? ReasonCode.InternalError : _reason, _detail);
        }
    }

    public void End(ReasonCode reason, string detail)
    {
        if (_reason != ReasonCode.None) return;
        (_reason, _detail) = (reason, detail);
        _downstream.Abort();
        _upstream.Abort();
    }

    void ICarried.BeginDrain()
    {
        // An application that does not know of us cannot be asked to finish: it has the time until the deadline.
    }

    void ICarried.Abort() => End(ReasonCode.Drained, "the drain deadline passed");

    private (ReasonCode, string?) Explain(RelayOutcome outcome)
    {
        if (TunnelThatEnded(_upstream) is { } upstream) return upstream;
        if (TunnelThatEnded(_downstream) is { } downstream) return downstream;
        if (outcome.IsClean) return (ReasonCode.Completed, null);
        if (outcome.DownstreamReset) return (ReasonCode.ResetByClient, null);
        return outcome.UpstreamReset || outcome.Sending == RelayEnd.SinkBroken
            ? (ReasonCode.ResetByServer, null)
            : (ReasonCode.ResetByClient, null);
    }

    private static (ReasonCode, string?)? TunnelThatEnded(Duplex stream)
    {
        if (stream is not HboneStream { IsBroken: true, Tunnel.End: { } end }) return null;
        return end == TunnelEnd.Revoked
            ? (ReasonCode.CertificateRevoked, end.Meaning)
            : (ReasonCode.TunnelBroken, $"the tunnel ended: {end.Meaning}");
    }
}

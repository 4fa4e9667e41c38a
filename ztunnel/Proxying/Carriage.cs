using Ambient.Hbone.Tunnels;
using Ambient.Model.Connections;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Proxying;

/// <summary>
/// Two joined streams, entered in the ledger, until both directions end or somebody ends them. While bytes flow, or none do, this
/// is all that is kept of a connection: whoever set it up has returned.
/// </summary>
internal sealed class Carriage : IConnectionOwner, ICarried, IRelayOwner
{
    private readonly PodWorker _pod;
    private readonly Duplex _downstream, _upstream;
    private readonly Tunnel? _inner;
    private readonly OpenConnection _entry;
    private ReasonCode _reason;
    private string? _detail;

    /// <summary>Enters the connection and takes both streams over.</summary>
    /// <param name="inner">A tunnel made for this connection alone, which ends with it.</param>
    public Carriage(PodWorker pod, Duplex downstream, Duplex upstream, in ConnectionFacts facts, Tunnel? inner = null)
    {
        (_pod, _downstream, _upstream, _inner) = (pod, downstream, upstream, inner);
        _entry = pod.Worker.Ledger.Open(facts, new(), this);
        pod.Connections.Add(this);
    }

    /// <summary>Carries the bytes from now on. When the connection has ended, its line is written and both streams are closed.</summary>
    public void Start() => Relay.Start(_downstream, _upstream, _entry.Bytes, this);

    /// <summary>A defect before <see cref="Start"/>: both streams are cut and the entry is closed, as nobody else would do it.</summary>
    public void GiveUp(Exception defect)
    {
        End(ReasonCode.InternalError, defect.ToString());
        Close();
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

    void IRelayOwner.RelayEnded(RelayOutcome outcome)
    {
        if (_reason == ReasonCode.None) (_reason, _detail) = Explain(outcome);
        Close();
    }

    void IRelayOwner.RelayFailed(Exception defect)
    {
        if (_reason == ReasonCode.None) (_reason, _detail) = (ReasonCode.InternalError, defect.ToString());
        Close();
    }

    private void Close()
    {
        _pod.Connections.Remove(this);
        _pod.Worker.Ledger.Close(_entry, _reason, _detail);
        _upstream.Dispose();
        _inner?.Drain();
        _downstream.Dispose();
        if (_downstream is LoopSocket) _pod.Worker.Ledger.SocketClosed(_entry.Facts.Direction); // a tunnel counts its own
    }

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

namespace Ambient.Transport.Tests.Relaying;

/// <summary>A relay that can be awaited.</summary>
internal sealed class RelayRun : IRelayOwner
{
    private readonly TaskCompletionSource<RelayOutcome> _outcome = new();

    internal static Task<RelayOutcome> Of(Duplex downstream, Duplex upstream, ByteCounters counters)
    {
        var run = new RelayRun();
        Relay.Start(downstream, upstream, counters, run);
        return run._outcome.Task;
    }

    void IRelayOwner.RelayEnded(RelayOutcome outcome) => _outcome.SetResult(outcome);

    void IRelayOwner.RelayFailed(Exception defect) => _outcome.SetException(defect);
}

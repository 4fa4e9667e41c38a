using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Workers;

/// <summary>One thread that carries traffic: its loop, what it carries, its dice.</summary>
internal sealed class Worker(EventLoop loop, ConnectionLedger ledger, Random random)
{
    public EventLoop Loop { get; } = loop;

    public ConnectionLedger Ledger { get; } = ledger;

    /// <summary>For balancing and trace ids; on the worker only.</summary>
    public Random Random { get; } = random;
}

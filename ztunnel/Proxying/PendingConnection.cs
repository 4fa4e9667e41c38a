using Ambient.Transport;

namespace Ambient.Ztunnel.Proxying;

/// <summary>A connection that is being set up: a drain waits until it is carried or refused, and the end of its pod is its own.</summary>
internal sealed class PendingConnection(LoopSocket socket) : ICarried
{
    void ICarried.BeginDrain()
    {
        // It was accepted, so it is served; its own limits are short.
    }

    void ICarried.Abort() => socket.Abort();
}

namespace Ambient.Transport;

/// <summary>Brings the continuations of ordinary tasks back to the loop they were awaited on.</summary>
internal sealed class LoopContext(EventLoop loop) : SynchronizationContext
{
    public override void Post(SendOrPostCallback d, object? state) => loop.TryPost(WorkItem.Of(d, state));

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (!loop.IsCurrent)
            throw new NotSupportedException("A thread may not wait for an event loop; use Post or RunAsync.");
        d(state);
    }

    public override SynchronizationContext CreateCopy() => this;
}

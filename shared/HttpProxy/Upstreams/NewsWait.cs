using Ambient.Transport;

namespace Ambient.HttpProxy.Upstreams;

/// <summary>
/// The time that one request or connection, of which nothing was sent, waits in all for servers that are about to be known: where pods are
/// replaced, news of the new ones may come a little later than the old ones are gone. On its loop only.
/// </summary>
/// <remarks>Runs from its creation until it is ended.</remarks>
public sealed class NewsWait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LoopTimer _limit;

    public NewsWait(EventLoop loop)
    {
        _limit = new(loop, static wait => ((NewsWait)wait!).End(), this);
        _limit.Start(Limit);
    }

    /// <returns>The next servers, one of which was not tried; null if the time is over.</returns>
    public async Task<UpstreamCluster?> ForAsync(UpstreamCluster known, IReadOnlyCollection<UpstreamEndpoint> tried)
    {
        while (!_over.Task.IsCompleted)
        {
            var next = known.News!.AfterAsync(known);
            if (await Task.WhenAny(next, _over.Task) != next || next.IsCanceled) break;
            var now = await next;
            if (!now.HasPolicyOf(known)) break; // what users want is another thing now: that is for the next request
            if (now.Endpoints.Any(endpoint => !tried.Contains(endpoint))) return now;
            known = now;
        }

        return null;
    }

    /// <summary>Who waits is told that nothing came. Idempotent.</summary>
    public void End()
    {
        _limit.Cancel();
        _over.TrySetResult();
    }
}

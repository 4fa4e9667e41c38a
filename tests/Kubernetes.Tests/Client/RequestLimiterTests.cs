using Ambient.Kubernetes.Client;
using Ambient.TestKit;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class RequestLimiterTests
{
    [Fact]
    public void A_burst_passes_at_once_and_then_so_many_a_second()
    {
        var time = new ManualTime();
        var limiter = new RequestLimiter(perSecond: 10, burst: 3, time);

        var waits = Enumerable.Range(0, 5).Select(_ => limiter.WaitAsync(CancellationToken.None).AsTask()).ToList();

        Assert.Equal([true, true, true, false, false], waits.Select(wait => wait.IsCompleted));
        time.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal([true, false], waits.Skip(3).Select(wait => wait.IsCompleted));
        time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(waits[4].IsCompleted);
    }

    [Fact]
    public void A_pause_fills_the_bucket_but_not_beyond_the_burst()
    {
        var time = new ManualTime();
        var limiter = new RequestLimiter(perSecond: 10, burst: 2, time);
        time.Advance(TimeSpan.FromHours(1));

        var waits = Enumerable.Range(0, 3).Select(_ => limiter.WaitAsync(CancellationToken.None).AsTask()).ToList();

        Assert.Equal([true, true, false], waits.Select(wait => wait.IsCompleted));
    }

    [Fact]
    public async Task Who_gives_up_gives_its_turn_back()
    {
        var time = new ManualTime();
        var limiter = new RequestLimiter(perSecond: 1, burst: 1, time);
        using var givesUp = new CancellationTokenSource();
        await limiter.WaitAsync(CancellationToken.None);
        var first = limiter.WaitAsync(givesUp.Token).AsTask();

        await givesUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        var second = limiter.WaitAsync(CancellationToken.None).AsTask();
        time.Advance(TimeSpan.FromSeconds(1.001));

        Assert.True(second.IsCompleted);
    }
}

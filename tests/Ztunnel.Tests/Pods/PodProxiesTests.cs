using Ambient.TestKit;
using Ambient.Ztunnel.Pods;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Pods;

public sealed class PodProxiesTests
{
    [Fact]
    public async Task A_defect_of_who_is_told_of_readiness_holds_up_nobody_after_it()
    {
        await using var pods = new PodProxies(new TestProxies(), new ManualTime(), NullLogger<PodProxies>.Instance,
            static isReady => { if (isReady) throw new InvalidOperationException("A defect."); });
        await pods.BeginSessionAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(pods.SnapshotSentAsync);

        await pods.DeleteAsync("a").WaitAsync(TimeSpan.FromSeconds(30));
    }
}

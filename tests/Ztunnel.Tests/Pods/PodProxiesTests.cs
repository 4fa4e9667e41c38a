using Ambient.Linux.Namespaces;
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

    [Fact]
    public async Task Pods_of_the_snapshot_may_have_been_served_before_and_those_told_later_arrive()
    {
        var proxies = new TestProxies();
        var time = new ManualTime();
        await using var pods = new PodProxies(proxies, time, NullLogger<PodProxies>.Instance, static _ => { });
        await pods.BeginSessionAsync();
        await pods.AddAsync(Named("known"), NetworkNamespace.Current());
        await pods.SnapshotSentAsync();
        proxies.Fail("late", "not yet");
        await Assert.ThrowsAsync<ZdsException>(() => pods.AddAsync(Named("late"), NetworkNamespace.Current()));
        proxies.Heal("late");

        await pods.AddAsync(Named("new"), NetworkNamespace.Current());
        time.Advance(TimeSpan.FromSeconds(5));
        await pods.DeleteAsync("nobody"); // after the other, in turn

        Assert.Equal(["new", "late"], proxies.Arriving);
    }

    private static PodInfo Named(string uid) => new(uid, uid, "shop", uid);
}

using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Store;

/// <summary>What the wall clock does while timers run evenly: it is set, or the machine slept.</summary>
public sealed class ClockTests
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    [Fact]
    public async Task A_certificate_that_is_due_since_the_machine_slept_is_renewed_soon_though_nobody_asks()
    {
        var steady = new ManualTime();
        var clock = new SetClock(steady);
        await using var source = await TestSource.CreateAsync(steady);
        await using var store = new CertificateStore(source, new(), clock, new Random(1), NullLogger<CertificateStore>.Instance);
        store.Retain(Web);
        (await source.NextAsync()).Succeed(TimeSpan.FromHours(24));
        await store.GetAsync(Web, FetchPriority.RealTime, default);

        clock.Ahead = TimeSpan.FromHours(23);
        steady.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(FetchPriority.Background, (await source.NextAsync()).Priority);
    }

    private sealed class SetClock(ManualTime steady) : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => steady.TimestampFrequency;

        public override long GetTimestamp() => steady.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => steady.GetUtcNow() + Ahead;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            steady.CreateTimer(callback, state, dueTime, period);
    }
}

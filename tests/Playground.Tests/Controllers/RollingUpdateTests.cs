using System.Text.Json.Nodes;
using Ambient.Playground.Controllers;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Playground.Tests.Controllers;

public sealed class RollingUpdateTests
{
    [Theory]
    [InlineData("25%", "25%", 10, 3, 2)]
    [InlineData("25%", "25%", 1, 1, 0)]
    [InlineData("0", "0", 5, 0, 1)]
    [InlineData("100%", "0", 4, 4, 0)]
    public void Surge_rounds_up_and_unavailable_down(string surge, string unavailable, long replicas, long expectedSurge, long expectedUnavailable)
    {
        JsonNode Value(string text) => long.TryParse(text, out var number) ? number : text;
        var strategy = new JsonObject { ["rollingUpdate"] = new JsonObject { ["maxSurge"] = Value(surge), ["maxUnavailable"] = Value(unavailable) } };

        Assert.Equal((expectedSurge, expectedUnavailable), RollingUpdate.Limits(strategy, replicas));
    }

    [Fact]
    public void Every_roll_out_ends_and_keeps_its_limits_on_the_way() => Prop.ForAll(Cases(), one =>
    {
        var (replicas, surge, unavailable, running) = one;
        if (surge + unavailable == 0) surge = 1;
        var (fresh, old) = (new RollingUpdate.Set(0, 0), new RollingUpdate.Set(running, running));
        for (var step = 0; step < 200; step++)
        {
            var (next, rest) = RollingUpdate.Next(replicas, (surge, unavailable), fresh, [old]);
            var missing = Math.Max(0, replicas - unavailable);
            if (next + rest[0] > Math.Max(replicas + surge, fresh.Wanted + old.Wanted)) return false;
            var available = Math.Min(fresh.Available, next) + Math.Min(old.Available, rest[0]);
            if (running >= replicas && available < missing) return false;
            if (next == replicas && rest[0] == 0 && next == fresh.Wanted && old.Wanted == 0) return true;
            // Pods that were asked for become available, those that were not go.
            (fresh, old) = (new(next, next), new(rest[0], rest[0]));
        }
        return false;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Pods_that_do_not_work_go_first()
    {
        var (_, old) = RollingUpdate.Next(4, (0, 1), new(1, 1), [new(3, 0), new(1, 1)]);

        Assert.True(old[0] < 3);
    }

    private static Arbitrary<(int Replicas, int Surge, int Unavailable, int Running)> Cases() => (
        from replicas in Gen.Choose(0, 12)
        from surge in Gen.Choose(0, 6)
        from unavailable in Gen.Choose(0, 6)
        from running in Gen.Choose(0, 15)
        select (replicas, surge, unavailable, running)).ToArbitrary();
}

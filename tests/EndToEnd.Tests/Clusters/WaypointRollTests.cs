using Ambient.Playground.Cluster;
using Ambient.Playground.Load;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>What <c>benchmarks/Cluster roll</c> measures, in short.</summary>
public sealed class WaypointRollTests(ITestOutputHelper output)
{
    private const int Rate = 200, Calls = 8, Sockets = 4;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task A_replaced_waypoint_fails_no_request_and_cuts_no_conversation()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1", "n2"]);
        var scenario = await WaypointRollScenario.SetAsync(cluster, Deadline);

        var outcome = await scenario.RunAsync(rolls: 1, Rate, Calls, Sockets, output.WriteLine);

        foreach (var line in outcome.Summary) output.WriteLine(line);
        Assert.True(outcome.Broken.Count == 0, $"{string.Join('\n', outcome.Broken.Take(10))}\n{scenario.Describe()}");
        // Those without an end of their own were open at the deadline, and each was told in its protocol's words.
        Assert.Equal((Calls / 2, Sockets / 2), (Told("gRPC"), Told("WebSocket")));

        int Told(string kind) => outcome.Talks.Count(one => one.End == TalkEnd.Told && one.Kind.StartsWith(kind, StringComparison.Ordinal));
    }
}

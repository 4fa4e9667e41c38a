using Ambient.Playground.Cluster;

namespace Ambient.EndToEnd.Tests.Clusters;

/// <summary>Nodes that lose their power. `Ambient.Playground reboot SEEDS PODS` does this for longer.</summary>
public sealed class RebootTests(ITestOutputHelper output)
{
    [Fact]
    public async Task After_a_reboot_every_pod_is_in_the_mesh_and_none_has_said_a_word_in_clear()
    {
        await using var scenario = await RebootScenario.PrepareAsync(pods: 12);

        foreach (var seed in new[] { 1, 2, 3 })
        {
            var outcome = await scenario.RunAsync(seed);
            output.WriteLine($"{outcome}");
            Assert.True(outcome.IsGood, $"{outcome}");
        }
    }
}

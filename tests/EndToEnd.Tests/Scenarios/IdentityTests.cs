using System.Text.Json;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Which certificates a ztunnel holds as pods come and go.</summary>
public sealed class IdentityTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    [Fact]
    public async Task A_certificate_is_fetched_before_it_is_needed_shared_and_forgotten_with_the_last_pod_that_has_the_identity()
    {
        var first = await KnowAsync("first");
        await HoldsAsync(fixture.Here, first.Identity);
        var serial = await SerialOfAsync(fixture.Here, first.Identity);

        var second = await KnowAsync("second");
        await fixture.Mesh.RemovePodAsync(first);
        Assert.Equal(serial, await SerialOfAsync(fixture.Here, second.Identity)); // one for both, and kept for the second

        await fixture.Mesh.RemovePodAsync(second);
        await Until.TrueAsync(async () => await StateOfAsync(fixture.Here, second.Identity) is null, "the certificate is forgotten");
    }

    [Fact]
    public async Task Only_the_pods_own_node_holds_its_certificate()
    {
        var pod = await KnowAsync("elsewhere", "elsewhere");

        await HoldsAsync(fixture.Here, pod.Identity);

        Assert.Null(await StateOfAsync(fixture.There, pod.Identity));
        await fixture.Mesh.RemovePodAsync(pod);
    }

    [Fact]
    public async Task A_pod_outside_the_mesh_has_no_certificate()
    {
        var pod = await fixture.Mesh.AddPodAsync(fixture.Here, "outsider", "outsider", "shop");
        await fixture.Mesh.PublishAsync();
        var later = await KnowAsync("insider", "insider");
        await HoldsAsync(fixture.Here, later.Identity);

        Assert.Null(await StateOfAsync(fixture.Here, pod.Identity));
        await fixture.Mesh.RemovePodAsync(later);
    }

    /// <summary>The mesh knows a pod on the first node; nobody captures or serves it.</summary>
    private async Task<LabPod> KnowAsync(string name, string serviceAccount = "shared")
    {
        var pod = await fixture.Mesh.AddPodAsync(fixture.Here, name, serviceAccount, "shop");
        fixture.Mesh.Workload(pod).Enrolled = true;
        await fixture.Mesh.PublishAsync();
        return pod;
    }

    private static Task HoldsAsync(MeshNode node, string identity) =>
        Until.TrueAsync(async () => await StateOfAsync(node, identity) == "Available", $"{node.Name} holds a certificate of {identity}");

    private static async Task<string?> StateOfAsync(MeshNode node, string identity) => (await FindAsync(node, identity))?.GetProperty("state").GetString();

    private static async Task<string?> SerialOfAsync(MeshNode node, string identity) =>
        (await FindAsync(node, identity))?.GetProperty("certChain")[0].GetProperty("serialNumber").GetString();

    private static async Task<JsonElement?> FindAsync(MeshNode node, string identity)
    {
        using var dump = JsonDocument.Parse(await node.ConfigDumpAsync());
        foreach (var entry in dump.RootElement.GetProperty("certificates").EnumerateArray())
            if (entry.GetProperty("identity").GetString() == identity) return entry.Clone();
        return null;
    }
}

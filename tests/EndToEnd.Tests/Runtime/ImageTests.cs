using Ambient.Lab;
using Ambient.Lab.Mesh;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>The images as they are made here, run by a container runtime: with what they bring and nothing of this machine.</summary>
public sealed class ImageTests
{
    private static readonly string[] Images = ["ztunnel", "node-agent", "waypoint", "control-plane"];

    [Fact(Timeout = 240_000)]
    public async Task Images_are_made_and_run_without_anything_of_this_machine()
    {
        Assert.SkipUnless(RuntimeLab.IsAvailable && File.Exists("/usr/bin/buildah"), "needs the Debian packages containerd, runc, containernetworking-plugins, busybox-static and buildah");
        (await Command.RunAsync(new(Path.Combine(NodePrograms.Checkout, "deploy/images/build.sh"), Images), input: null, TimeSpan.FromSeconds(120))).OutputOrThrow();
        Assert.Contains("BEGIN CERTIFICATE", await TrustOf("waypoint"), StringComparison.Ordinal);
        await using var network = await NetworkLab.CreateAsync("n1");
        await Containerd.PrepareNetworkAsync(network.Nodes[0]);
        await using var containerd = await Containerd.StartAsync(network.Nodes[0]);
        foreach (var name in Images) await containerd.ImportAsync(Path.Combine(NodePrograms.Checkout, $"artifacts/images/{name}.tar"));

        Assert.Matches(@"^\d+\.\d+\.\d+", (await RunAsync(containerd, "ztunnel", "/usr/local/bin/ztunnel", "version")).OutputOrThrow());
        // As they are started without a word: each names what it is missing.
        Assert.Contains("NODE_NAME", (await RunAsync(containerd, "node-agent")).Errors, StringComparison.Ordinal);
        Assert.Contains("GATEWAY_NAME", (await RunAsync(containerd, "waypoint")).Errors, StringComparison.Ordinal);
        Assert.Contains("KUBECONFIG", (await RunAsync(containerd, "control-plane")).Errors, StringComparison.Ordinal);
    }

    /// <summary>The authorities that an image's libssl trusts where nothing else is said; empty if there are none.</summary>
    private static async Task<string> TrustOf(string name)
    {
        var directory = (await Command.RunAsync("openssl", "version", "-d")).OutputOrThrow().Split('"')[1];
        var file = Path.Combine(NodePrograms.Checkout, "artifacts/images/root", name, directory.TrimStart('/'), "cert.pem");
        return File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "";
    }

    private static async Task<CommandResult> RunAsync(Containerd containerd, string name, params IEnumerable<string> command)
    {
        var images = await containerd.ImagesAsync();
        var image = images.SingleOrDefault(image => image.Contains($"/{name}:", StringComparison.Ordinal)) ?? throw new LabException($"{name} is not among {string.Join(", ", images)}");
        return await containerd.RunAsync(image, name, command);
    }
}

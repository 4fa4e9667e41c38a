using System.Net.Sockets;
using System.Text.Json.Nodes;
using Ambient.Lab.Network;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Kubelet;

namespace Ambient.Playground.Cluster;

/// <summary>A node of a cluster: a machine of the lab with a kubelet, and the network that its pods are attached to.</summary>
public sealed class ClusterNode : IAsyncDisposable
{
    // Lower numbers are for pods that the lab makes itself; the gateway is the bridge's own address.
    private const int FirstAddress = 20, LastAddress = 250;

    private const string NetworkFile = "10-playground.conflist";

    private readonly PlaygroundApi _api;
    private readonly PodFamilies _families;

    internal ClusterNode(PlaygroundApi api, LabNode machine, PodFamilies families) => (_api, Machine, _families, Files) = (api, machine, families, new(machine));

    public LabNode Machine { get; }
    public string Name => Machine.Name;
    public NodeFiles Files { get; }

    /// <summary>The one that runs now; another one after a reboot.</summary>
    public NodeKubelet Kubelet { get; private set; } = null!;

    /// <summary>Starts the node's kubelet; if the node has no network yet, it is configured as by a fresh installation.</summary>
    public async Task StartAsync()
    {
        Directory.CreateDirectory(Files.NetworkConfiguration);
        if (!Directory.EnumerateFiles(Files.NetworkConfiguration).Any()) WriteNetwork();
        Kubelet = await NodeKubelet.StartAsync(_api, Machine, Files, _families.Of(Machine.Address));
    }

    /// <summary>Power off: every process of the node's pods has ended, what was in memory and under /run is gone, nobody was told.</summary>
    public async Task CrashAsync()
    {
        await Kubelet.KillAsync();
        Files.ForgetRun();
    }

    /// <summary>The network's own configuration, as its installer writes it: whatever else was in the file is gone.</summary>
    public void WriteNetwork()
    {
        var file = Path.Combine(Files.NetworkConfiguration, NetworkFile);
        File.WriteAllText(file + ".new", Network().ToText());
        File.Move(file + ".new", file, overwrite: true);
    }

    public ValueTask DisposeAsync() => Kubelet?.DisposeAsync() ?? default;

    private JsonObject Network()
    {
        var ranges = new JsonArray();
        var routes = new JsonArray();
        foreach (var (family, length, destination) in new[] { (AddressFamily.InterNetwork, 24, "0.0.0.0/0"), (AddressFamily.InterNetworkV6, 64, "::/0") })
        {
            if (!_families.Has(family)) continue;
            ranges.Add((JsonNode)new JsonArray(Range(family, length)));
            routes.Add((JsonNode)new JsonObject { ["dst"] = destination });
        }
        return new()
        {
            ["cniVersion"] = "1.0.0", ["name"] = "playground",
            ["plugins"] = new JsonArray(new JsonObject
            {
                ["type"] = "bridge", ["bridge"] = "pods", ["isGateway"] = true, ["hairpinMode"] = true,
                ["ipam"] = new JsonObject { ["type"] = "host-local", ["dataDir"] = Path.Combine(Files.State, "cni/networks"), ["ranges"] = ranges, ["routes"] = routes },
            }),
        };
    }

    private JsonObject Range(AddressFamily family, int length)
    {
        string At(int number) => LabAddress.Pod(Machine.Number, number) is var pair && family == AddressFamily.InterNetwork ? $"{pair.V4}" : $"{pair.V6}";
        return new() { ["subnet"] = $"{At(0)}/{length}", ["rangeStart"] = At(FirstAddress), ["rangeEnd"] = At(LastAddress), ["gateway"] = At(254) };
    }
}

using System.Net.Sockets;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;

namespace Ambient.Playground.Tests.Kubelet;

/// <summary>The chain of CNI plugins, when it does not go as it should, and what is left after a crash.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task A_plugin_that_refuses_keeps_the_pod_from_starting_and_the_event_says_why_until_it_agrees()
    {
        await using var cluster = await PodCluster.StartAsync(["c1"]);
        var plugin = Path.Combine(cluster.Nodes[0].Files.NetworkPlugins, "moody");
        var calls = cluster.Network.PathOf("calls");
        await WriteProgramAsync(plugin, $"echo $CNI_COMMAND $CNI_ARGS >> {calls}; echo '{{\"cniVersion\":\"1.0.0\",\"code\":11,\"msg\":\"not today\"}}'; exit 1");
        await ChainAsync(cluster.Nodes[0], "moody");

        cluster.EnsureNamespace("shop");
        cluster.Create(PodLifeTests.Pod("shop", "web", "c1", "sleep, infinity"));
        await Until.TrueAsync(() => cluster.Describe("shop", "web").Contains("plugin type=\"moody\" failed (add): not today", StringComparison.Ordinal), () => cluster.Describe("shop", "web"), PodCluster.Patience);
        Assert.Null(cluster.Running("shop", "web"));

        await WriteProgramAsync(plugin, "jq .prevResult 2>/dev/null || sed -n 's/.*\"prevResult\":\\(.*\\)}$/\\1/p'");
        await cluster.ReadyAsync("shop", "web");

        var lines = await File.ReadAllLinesAsync(calls);
        Assert.Contains(lines, line => line.StartsWith("ADD IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web;", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("DEL ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_crash_the_pods_run_again_and_their_old_addresses_are_given_back()
    {
        await using var cluster = await PodCluster.StartAsync(["c1"]);
        cluster.EnsureNamespace("shop");
        for (var i = 0; i < 5; i++) cluster.Create(PodLifeTests.Pod("shop", $"web-{i}", "c1", "sleep, infinity"));
        var before = new List<string>();
        for (var i = 0; i < 5; i++) before.Add((await cluster.ReadyAsync("shop", $"web-{i}")).NetworkNamespace);

        await cluster.Nodes[0].CrashAsync();
        await cluster.Nodes[0].StartAsync();

        for (var i = 0; i < 5; i++)
        {
            var name = $"web-{i}";
            await Until.TrueAsync(() => cluster.Running("shop", name) is { } pod && !before.Contains(pod.NetworkNamespace) && PodCluster.IsReady(cluster.Find("Pod", "shop", name)),
                () => $"{name} runs again. {cluster.Describe("shop", name)}", PodCluster.Patience);
        }
        var held = Directory.EnumerateFiles(Path.Combine(cluster.Nodes[0].Files.State, "cni/networks/playground")).Select(Path.GetFileName).Where(file => file!.StartsWith("10.", StringComparison.Ordinal));
        Assert.Equal(5, held.Count());
    }

    [Theory]
    [InlineData(PodFamilies.V4, AddressFamily.InterNetwork)]
    [InlineData(PodFamilies.V6, AddressFamily.InterNetworkV6)]
    public async Task A_cluster_of_one_family_has_pods_of_that_family_only(PodFamilies families, AddressFamily family)
    {
        await using var cluster = await PodCluster.StartAsync(["c1", "c2"], families);
        cluster.EnsureNamespace("shop");
        cluster.Create(PodLifeTests.Pod("shop", "server", "c1", PodLifeTests.Echo(8080)));
        cluster.Create(PodLifeTests.Pod("shop", "client", "c2", "sleep, infinity"));
        var (server, client) = (await cluster.ReadyAsync("shop", "server"), await cluster.ReadyAsync("shop", "client"));

        Assert.Equal([family], server.Addresses.Select(address => address.AddressFamily));
        await Until.TrueAsync(async () => (await client.RunAsync("sh", "-c", $"echo hello | socat -t 5 - TCP:{PodLifeTests.Url(server.Address)}:8080")).Output == "hello\n", "the server answers");
        var other = family == AddressFamily.InterNetwork ? "-6" : "-4";
        Assert.Empty((await server.RunAsync("ip", "-o", other, "addr", "show", "dev", "eth0")).Output);
    }

    private static async Task ChainAsync(ClusterNode node, string type)
    {
        var file = Path.Combine(node.Files.NetworkConfiguration, "10-playground.conflist");
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file + ".new", text[..text.LastIndexOf(']')] + $",{{\"type\":\"{type}\"}}]}}");
        File.Move(file + ".new", file, overwrite: true);
    }

    private static async Task WriteProgramAsync(string path, string script)
    {
        await File.WriteAllTextAsync(path + ".new", $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(path + ".new", path, overwrite: true);
    }
}

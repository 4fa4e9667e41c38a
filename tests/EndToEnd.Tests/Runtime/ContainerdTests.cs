using System.Net;
using Ambient.EndToEnd.Tests.Runtime.Cri;
using Ambient.Grpc;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Runtime;

/// <summary>The mesh under a real container runtime: containerd, runc and the standard bridge plugin, driven as a kubelet drives them.</summary>
public sealed class ContainerdTests(RuntimeLab lab) : IClassFixture<RuntimeLab>
{
    private const string Needs = "needs the Debian packages containerd, runc, containernetworking-plugins and busybox-static";

    [Fact(Timeout = 240_000)]
    public async Task A_pod_is_captured_before_its_first_container_and_leaves_nothing_behind()
    {
        Assert.SkipUnless(RuntimeLab.IsAvailable, Needs);
        var pod = lab.Schedule("web");

        var sandbox = await RunAsync(pod);

        var network = RuntimeLab.NetworkOf(await lab.Runtime.StatusAsync(sandbox));
        Assert.Contains("15008", await RuntimeLab.InsideAsync(network, "nft", "list", "ruleset"), StringComparison.Ordinal);
        var listening = await RuntimeLab.InsideAsync(network, "ss", "-Hltn");
        foreach (var port in (string[])[":15001", ":15006", ":15008"]) Assert.Contains(port, listening, StringComparison.Ordinal);
        Assert.Contains(pod.Metadata.Uid, await lab.ConfigDumpAsync(), StringComparison.Ordinal);

        var container = await lab.Runtime.StartContainerAsync(sandbox, pod, Containerd.Image, "/bin/busybox", "sleep", "3600");
        Assert.True(await lab.Runtime.IsRunningAsync(container));
        await Until.TrueAsync(() => lab.Annotation("web", "ambient.istio.io/redirection") == "enabled", $"the pod says that it is captured. The agent's log ends with:\n{lab.Agent.LogTail()}");

        await lab.Runtime.StopSandboxAsync(sandbox);
        Assert.DoesNotContain(pod.Metadata.Uid, await lab.ConfigDumpAsync(), StringComparison.Ordinal);
        await lab.Runtime.RemoveSandboxAsync(sandbox);
        Assert.False(File.Exists(network));
        Assert.DoesNotContain(sandbox, await lab.Runtime.SandboxesAsync());
    }

    [Fact(Timeout = 240_000)]
    public async Task Two_pods_of_the_runtime_talk_through_the_mesh_under_their_own_identities()
    {
        Assert.SkipUnless(RuntimeLab.IsAvailable, Needs);
        var (server, client) = (lab.Schedule("server"), lab.Schedule("client"));
        var serverSandbox = await RunAsync(server);
        var clientSandbox = await RunAsync(client);
        var address = await PublishAsync("server", serverSandbox);
        await PublishAsync("client", clientSandbox);
        await lab.Runtime.StartContainerAsync(serverSandbox, server, Containerd.Image, "/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/");
        var shell = await lab.Runtime.StartContainerAsync(clientSandbox, client, Containerd.Image, "/bin/busybox", "sleep", "3600");

        ExecSyncResponse answer = new();
        var request = $"printf 'GET /etc/hostname HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 10 {address} 8080";
        await Until.TrueAsync(async () => (answer = await lab.Runtime.ExecAsync(shell, "/bin/sh", "-c", request)).Stdout.Length > 0,
            () => $"the client is answered (exit code {answer.ExitCode}: {answer.Stderr.ToStringUtf8()}). ztunnel's log ends with:\n{lab.Ztunnel.LogTail()}", TimeSpan.FromSeconds(60));

        Assert.EndsWith("\r\n\r\nserver\n", answer.Stdout.ToStringUtf8(), StringComparison.Ordinal);
        await lab.Ztunnel.WaitForLogAsync(static log => log.Split('\n').Any(static line => line.Contains("direction=\"inbound\"", StringComparison.Ordinal) &&
            line.Contains("src.identity=\"spiffe://cluster.local/ns/shop/sa/client\"", StringComparison.Ordinal) &&
            line.Contains("dst.identity=\"spiffe://cluster.local/ns/shop/sa/server\"", StringComparison.Ordinal)), "the connection with both identities");
    }

    [Fact(Timeout = 240_000)]
    public async Task While_the_agent_is_away_no_pod_starts_and_when_it_is_back_they_do()
    {
        Assert.SkipUnless(RuntimeLab.IsAvailable, Needs);
        var pod = lab.Schedule("patient");
        await lab.Agent.KillAsync();
        await lab.Agent.DisposeAsync();

        var refused = await Assert.ThrowsAsync<RpcException>(() => lab.Runtime.RunSandboxAsync(pod));
        lab.StartAgent();

        Assert.Contains("agent", refused.Message, StringComparison.Ordinal);
        string? sandbox = null;
        await Until.TrueAsync(async () =>
        {
            try { sandbox = await lab.Runtime.RunSandboxAsync(pod); }
            catch (RpcException) { return false; } // a kubelet tries again as well
            return true;
        }, () => $"the pod starts. The agent's log ends with:\n{lab.Agent.LogTail()}", TimeSpan.FromSeconds(60));
        Assert.Contains("15008", await RuntimeLab.InsideAsync(RuntimeLab.NetworkOf(await lab.Runtime.StatusAsync(sandbox!)), "nft", "list", "ruleset"), StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(PodSandboxConfig pod)
    {
        try { return await lab.Runtime.RunSandboxAsync(pod); }
        catch (RpcException error)
        {
            throw new Ambient.Lab.LabException($"{error.Message}\nThe agent's log ends with:\n{lab.Agent.LogTail()}\nztunnel's with:\n{lab.Ztunnel.LogTail()}");
        }
    }

    private async Task<IPAddress> PublishAsync(string name, string sandbox)
    {
        var address = (await lab.Runtime.StatusAsync(sandbox)).Status.Network.Ip;
        await lab.PublishAsync(name, address);
        return IPAddress.Parse(address);
    }
}

using System.Diagnostics;
using Ambient.Lab.Capture;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Lab;

/// <summary>The lab itself, with nothing of the mesh in it.</summary>
public sealed class NetworkLabTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public async Task Pods_reach_each_other_across_nodes_and_on_one_node(int family)
    {
        await using var lab = await NetworkLab.CreateAsync("n1", "n2");
        var here = await lab.Nodes[0].AddPodAsync("here");
        var near = await lab.Nodes[0].AddPodAsync("near");
        var far = await lab.Nodes[1].AddPodAsync("far");

        foreach (var server in new[] { near, far })
        {
            var address = family == 4 ? $"{server.Address.V4}" : $"[{server.Address.V6}]";
            await using var daemon = server.Start("echo", "socat", $"TCP{family}-LISTEN:7000,fork,reuseaddr", "EXEC:cat");
            await Until.TrueAsync(async () => (await SayAsync(here, address, "hello")) == "hello\n", $"{server.Name} answers");
        }
    }

    [Fact]
    public async Task A_capture_holds_what_crossed_the_wire_and_only_that()
    {
        await using var lab = await NetworkLab.CreateAsync("n1", "n2");
        var here = await lab.Nodes[0].AddPodAsync("here");
        var near = await lab.Nodes[0].AddPodAsync("near");
        var far = await lab.Nodes[1].AddPodAsync("far");
        await using var nearEcho = near.Start("echo", "socat", "TCP-LISTEN:7000,fork,reuseaddr", "EXEC:cat");
        await using var farEcho = far.Start("echo", "socat", "TCP-LISTEN:7000,fork,reuseaddr", "EXEC:cat");
        await using var capture = await lab.CaptureAsync("wire");

        await Until.TrueAsync(async () => await SayAsync(here, $"{near.Address.V4}", "stays-on-the-node") == "stays-on-the-node\n", "near answers");
        await Until.TrueAsync(async () => await SayAsync(here, $"{far.Address.V4}", "crosses-the-wire") == "crosses-the-wire\n", "far answers");
        await capture.FlushAsync();

        Assert.True(capture.Contains("crosses-the-wire"u8));
        Assert.False(capture.Contains("stays-on-the-node"u8));
        Assert.InRange(await capture.CountAsync("tcp port 7000"), 1, int.MaxValue);
        await AssertPartsAreLeftOutAsync(capture.FilePath);
    }

    // tcpdump may be writing a packet when somebody looks.
    private static async Task AssertPartsAreLeftOutAsync(string file)
    {
        var (whole, growing, copy) = (file + ".1", file + ".2", file + ".3");
        CaptureFile.CopyWhole(file, whole);
        byte[] half = [.. new byte[8], .. BitConverter.GetBytes(1000), .. BitConverter.GetBytes(1000), .. new byte[999]];
        foreach (var length in new[] { 1, 15, 16, half.Length })
        {
            File.Copy(whole, growing, overwrite: true);
            await File.AppendAllBytesAsync(growing, half.AsMemory(0, length), TestContext.Current.CancellationToken);

            CaptureFile.CopyWhole(growing, copy);

            Assert.Equal(await File.ReadAllBytesAsync(whole, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Nothing_is_left_of_a_lab_that_was_disposed()
    {
        var lab = await NetworkLab.CreateAsync("n1");
        var pod = await lab.Nodes[0].AddPodAsync("pod");
        var daemon = pod.Start("server", "socat", "TCP-LISTEN:7000,fork", "EXEC:cat");
        var id = daemon.Id;

        await lab.DisposeAsync();

        Assert.Empty(lab.Id.Namespaces());
        Assert.False(Directory.Exists(lab.Id.Directory));
        Assert.False(Directory.Exists($"/proc/{id}"));
    }

    [Fact]
    public async Task A_lab_whose_process_was_killed_is_removed_by_the_next_one()
    {
        // The owner mark of a process that has ended, as a killed test run leaves it.
        using var gone = Process.Start("true");
        var mark = $"{gone.Id} 1";
        await gone.WaitForExitAsync();
        var orphan = new LabId($"amb{gone.Id}x0");
        Directory.CreateDirectory(orphan.Directory);
        await File.WriteAllTextAsync(Path.Combine(orphan.Directory, "owner"), mark);
        (await Command.RunAsync("ip", "netns", "add", orphan.Namespace("n1"))).OutputOrThrow();
        var left = Daemon.Start("left behind", orphan.Namespace("n1"), Path.Combine(orphan.Directory, "log"), [], "sleep", "600");
        await Until.TrueAsync(async () => (await File.ReadAllTextAsync($"/proc/{left.Id}/comm")).Trim() == "sleep", "it runs inside the namespace");

        await using var next = await NetworkLab.CreateAsync();

        await left.WaitForExitAsync();
        Assert.Empty(orphan.Namespaces());
        Assert.False(Directory.Exists(orphan.Directory));
        Assert.True(Directory.Exists(next.Id.Directory));
    }

    [Fact]
    public async Task Processes_and_control_groups_of_a_lab_that_is_gone_are_removed_by_the_next_one()
    {
        var group = LabControlGroups.Of(new LabId("amb0x0"));
        Assert.SkipWhen(group is null, "needs control groups of version 2");
        var pods = Directory.CreateDirectory(Path.Combine(group, "node1", "kubepods")).FullName;
        using var left = Process.Start("sh", ["-c", "echo $$ >\"$0/cgroup.procs\" && exec sleep 600", pods]);
        await Until.TrueAsync(() => File.ReadAllText(Path.Combine(pods, "cgroup.procs")).Length > 0, "it runs in the group");

        await using var next = await NetworkLab.CreateAsync();

        await left.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(group));
    }

    [Fact(Timeout = 120_000)]
    public async Task Ctrl_C_ends_the_demo_and_the_next_lab_finds_nothing_of_it()
    {
        var log = Path.GetTempFileName();
        await using var demo = Daemon.Start("demo", null, log, [], Path.Combine(AppContext.BaseDirectory, "Ambient.Playground"), "demo");
        await demo.WaitForLogAsync("kubectl apply", TimeSpan.FromSeconds(60)); // the cluster stands

        demo.Signal("INT");
        await demo.WaitForExitAsync(TimeSpan.FromSeconds(30));

        Assert.DoesNotContain("Unhandled exception", demo.ReadLog(), StringComparison.Ordinal);
        File.Delete(log);
        await using var next = await NetworkLab.CreateAsync();
        Assert.Empty(new LabId($"amb{demo.Id}x1").Namespaces());
        Assert.False(Directory.Exists(new LabId($"amb{demo.Id}x1").Directory));
        Assert.False(Directory.Exists(LabControlGroups.Of(new LabId($"amb{demo.Id}x1")) ?? "none"));
    }

    [Fact]
    public async Task A_daemon_that_dies_early_is_reported_with_its_last_words()
    {
        await using var lab = await NetworkLab.CreateAsync("n1");
        await using var daemon = lab.Nodes[0].Start("liar", [], "sh", "-c", "echo no such thing; exit 3");

        var error = await Assert.ThrowsAsync<Ambient.Lab.LabException>(() => daemon.WaitForLogAsync("ready"));

        Assert.Contains("no such thing", error.Message, StringComparison.Ordinal);
        Assert.Contains("3", error.Message, StringComparison.Ordinal);
    }

    private static async Task<string> SayAsync(LabPod from, string to, string text) =>
        (await from.RunAsync("sh", "-c", $"echo {text} | socat -t2 - TCP:{to}:7000,connect-timeout=2")).Output;
}

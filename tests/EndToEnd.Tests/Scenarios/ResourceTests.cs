using System.Globalization;
using System.Net.Sockets;
using Ambient.EndToEnd.Tests.Lab;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>What connections leave behind, and what a slow one may hold.</summary>
public sealed class ResourceTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    private const int Connections = 4_000;
    private const int AtOnce = 32;

    // What the collectors of both proxies may leave lying between two collections.
    private const int GarbageKiB = 2 * 2048;

    // The longer version of this runs in the load tool: `load churn`.
    [Fact]
    public async Task Descriptors_sockets_and_memory_return_after_many_connections_with_aborts_and_policy_changes()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        await ChurnAsync(Connections / 2); // what is allocated once is allocated now
        var before = await UsageAsync();

        var churn = ChurnAsync(Connections);
        for (var i = 0; i < 4; i++)
        {
            fixture.Mesh.Policies.Clear();
            fixture.Mesh.Policies.Add(new($"change-{i}", "shop", "Namespace", "Deny", "[[[{principals: [!Exact cluster.local/ns/shop/sa/nobody]}]]]"));
            await fixture.Mesh.PublishAsync();
        }
        await churn;

        await Until.TrueAsync(async () =>
        {
            var now = await UsageAsync();
            return now.Descriptors <= before.Descriptors + 4 && now.Sockets <= before.Sockets + 4 && now.OpenConnections == before.OpenConnections
                && now.AnonymousKiB <= before.AnonymousKiB * 1.15 + GarbageKiB;
        }, () => $"usage returns from {UsageAsync().Result} to {before}", TimeSpan.FromSeconds(70));
    }

    [Fact]
    public async Task A_reader_that_does_not_read_stops_the_sender_and_holds_little_memory()
    {
        await using var silent = PodServer.Silent(fixture.Cart, 8081);
        await using var echo = PodServer.Echo(fixture.Cart, 8082);
        using (var warm = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8082))) await warm.AskAsync("warm");
        var before = await UsageAsync();
        using var stuck = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8081));

        var accepted = await FillAsync(stuck);

        // The tunnel they share goes on.
        using var other = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8082));
        for (var i = 0; i < 50; i++) Assert.Equal("not my problem", await other.AskAsync("not my problem"));
        var after = await UsageAsync();
        Assert.InRange(after.AnonymousKiB - before.AnonymousKiB, long.MinValue, 2 * 1024);
        Assert.InRange(accepted, 1, 64 << 20);
    }

    [Fact]
    public async Task Out_of_descriptors_it_says_so_and_whoever_waits_is_served_once_there_are_some()
    {
        await using var echo = PodServer.Echo(fixture.Cart, 8083);
        using var warm = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8083));
        await warm.AskAsync("warm"); // the tunnel is there
        var ztunnel = fixture.Here.Ztunnel;
        var waiting = new List<Socket>();

        await OpenFiles.ExhaustAsync(ztunnel.Id);
        await Until.TrueAsync(async () =>
        {
            waiting.Add(await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8083)));
            return ztunnel.ReadLog().Contains("New connections wait (errno 24). The process is out of file descriptors", StringComparison.Ordinal);
        }, () => $"the log says that connections wait: {ztunnel.LogTail(20)}", TimeSpan.FromSeconds(30));
        await warm.AskAsync("those that are open go on");
        await OpenFiles.AllowAsync(ztunnel.Id, 4096);

        foreach (var connection in waiting)
        {
            await connection.AskAsync("at last");
            connection.Dispose();
        }
        Assert.True(await MetricLines.SumAsync(fixture.Here, "ambient_accept_pauses_total") >= 1);
    }

    // Fills every buffer on the way: no byte is taken for a while.
    private static async Task<long> FillAsync(Socket socket)
    {
        var block = new byte[256 << 10];
        long accepted = 0;
        while (true)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System);
            try { accepted += await socket.SendAsync(block, patience.Token); }
            catch (OperationCanceledException) { return accepted; }
        }
    }

    private async Task ChurnAsync(int count)
    {
        var left = count;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async worker =>
        {
            var random = new Random(worker);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080));
                try
                {
                    if (random.Next(4) > 0) await socket.AskAsync("churn");
                    else await socket.SendAsync(new byte[random.Next(1, 100_000)]);
                }
                catch (SocketException)
                {
                    // Cut while policies were changing.
                }
                if (random.Next(3) == 0) socket.Reset();
                else socket.Dispose();
            }
        }));
    }

    private async Task<Usage> UsageAsync()
    {
        MeshNode[] nodes = [fixture.Here, fixture.There];
        return new(
            nodes.Sum(node => Directory.GetFiles($"/proc/{node.Ztunnel.Id}/fd").Length),
            nodes.Sum(node => Directory.GetFiles($"/proc/{node.Ztunnel.Id}/fd").Count(IsSocket)),
            nodes.Sum(node => AnonymousKiB(node.Ztunnel.Id)),
            await MetricLines.SumAsync(fixture.Here, "istio_tcp_sockets_open") + await MetricLines.SumAsync(fixture.There, "istio_tcp_sockets_open"));
    }

    private static bool IsSocket(string descriptor) => new FileInfo(descriptor).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) ?? false;

    // Pages of the program file come and go as the kernel likes and cost nothing to give back: they are not counted.
    private static long AnonymousKiB(int process) => long.Parse(
        File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    private sealed record Usage(int Descriptors, int Sockets, long AnonymousKiB, double OpenConnections);
}

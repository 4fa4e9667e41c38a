using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class CapturedTrafficTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task Pods_on_two_nodes_talk_under_their_identities(AddressFamily family)
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);

        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080, family)))
            Assert.Equal("hello over there", await socket.AskAsync("hello over there"));

        var address = $"{fixture.Cart.EndPoint(8080, family)}";
        var sent = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", address, "connection complete");
        var received = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", address, "connection complete");
        Assert.All([sent, received], line =>
        {
            Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", line, StringComparison.Ordinal);
            Assert.Contains($"dst.identity=\"{fixture.Cart.Identity}\"", line, StringComparison.Ordinal);
            Assert.Contains("src.workload=\"web\"", line, StringComparison.Ordinal);
            Assert.Contains("dst.workload=\"cart\"", line, StringComparison.Ordinal);
        });
        Assert.Contains("bytes_sent=16", sent, StringComparison.Ordinal);
        Assert.Contains("bytes_recv=16", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pods_on_one_node_talk_under_their_identities()
    {
        await using var server = PodServer.Echo(fixture.Near, 8081);

        using (var socket = await fixture.Web.ConnectAsync(fixture.Near.EndPoint(8081)))
            Assert.Equal("neighbour", await socket.AskAsync("neighbour"));

        foreach (var direction in new[] { "outbound", "inbound" })
        {
            var line = await AccessLogLines.FindAsync(fixture.Here, $"direction=\"{direction}\"", $"{fixture.Near.EndPoint(8081)}");
            Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", line, StringComparison.Ordinal);
            Assert.Contains($"dst.identity=\"{fixture.Near.Identity}\"", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_server_sees_the_address_of_the_client_pod()
    {
        await using var far = PodServer.Echo(fixture.Cart, 8082);
        await using var near = PodServer.Echo(fixture.Near, 8082);

        foreach (var (server, pod) in new[] { (far, fixture.Cart), (near, fixture.Near) })
        {
            using var socket = await fixture.Web.ConnectAsync(pod.EndPoint(8082));
            await socket.AskAsync("who am I?");
            Assert.Equal(fixture.Web.Address.V4, server.Callers.Last().Address);
        }
    }

    [Fact]
    public async Task A_server_outside_the_mesh_is_reached_in_plain_TCP_and_without_identities()
    {
        await using var server = PodServer.Echo(fixture.PlainThere, 8083);

        using (var socket = await fixture.Web.ConnectAsync(fixture.PlainThere.EndPoint(8083)))
            Assert.Equal("plain", await socket.AskAsync("plain"));

        var line = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", $"{fixture.PlainThere.EndPoint(8083)}");
        Assert.DoesNotContain("dst.identity", line, StringComparison.Ordinal);
        Assert.DoesNotContain("src.identity", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_outside_the_mesh_is_let_in_without_identity_where_no_policy_objects()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8084);

        using (var socket = await fixture.PlainHere.ConnectAsync(fixture.Cart.EndPoint(8084)))
            Assert.Equal("stranger", await socket.AskAsync("stranger"));

        var line = await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", $"{fixture.Cart.EndPoint(8084)}");
        Assert.DoesNotContain("src.identity", line, StringComparison.Ordinal);
        Assert.Equal(fixture.PlainHere.Address.V4, server.Callers.Last().Address);
    }

    [Fact]
    public async Task A_pod_reaches_itself_by_its_own_address()
    {
        await using var server = PodServer.Echo(fixture.Web, 8085);

        using var socket = await fixture.Web.ConnectAsync(fixture.Web.EndPoint(8085));

        Assert.Equal("me", await socket.AskAsync("me"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Megabytes_arrive_unchanged_in_both_directions(int connections)
    {
        await using var server = PodServer.Echo(fixture.Cart, 8086);

        await Task.WhenAll(Enumerable.Range(0, connections).Select(async seed =>
        {
            var bytes = new byte[4 << 20];
            new Random(seed).NextBytes(bytes);
            using var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8086));
            var back = ReceiveAsync(socket, bytes.Length);
            for (var sent = 0; sent < bytes.Length;) sent += await socket.SendAsync(bytes.AsMemory(sent));
            socket.Shutdown(SocketShutdown.Send);
            Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await back));
        }));
    }

    // Nothing flows back on the way, so nothing but the tunnel's own windows can keep it going.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_stream_in_one_direction_does_not_stall(bool upload)
    {
        const int length = 192 << 20;
        await using var server = PodServer.Start(fixture.Cart, 8091, async socket =>
        {
            if (!upload) await SendAsync(socket, length);
            else await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"{await CountAsync(socket)}"));
            socket.Shutdown(SocketShutdown.Send);
        });
        using var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8091));

        if (upload) await SendAsync(socket, length);
        socket.Shutdown(SocketShutdown.Send);

        if (upload) Assert.Equal($"{length}", await socket.ReadToEndAsync());
        else Assert.Equal(length, await CountAsync(socket));
    }

    [Fact]
    public async Task Each_side_may_finish_while_the_other_goes_on()
    {
        await using var server = PodServer.Start(fixture.Cart, 8087, async socket =>
        {
            var question = await socket.ReadToEndAsync();
            await socket.SendAsync(System.Text.Encoding.UTF8.GetBytes($"after your end: {question}"));
            socket.Shutdown(SocketShutdown.Send);
        });

        using var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8087));
        await socket.SendAsync("all of it"u8.ToArray());
        socket.Shutdown(SocketShutdown.Send);

        Assert.Equal("after your end: all of it", await socket.ReadToEndAsync());
    }

    [Fact]
    public async Task A_connection_nobody_listens_for_is_refused_with_a_reason()
    {
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(9999))));

        var line = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", $"{fixture.Cart.EndPoint(9999)}");
        Assert.Contains("reason=", line, StringComparison.Ordinal);
        Assert.Contains("error=", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_application_serves_at_localhost_alone_is_the_pods_own()
    {
        await using var application = PodServer.Echo(fixture.Cart, 8092, IPAddress.Loopback);

        foreach (var stranger in new[] { fixture.Web, fixture.PlainHere })
            Assert.True(await Conversation.IsRefusedAsync(() => stranger.ConnectAsync(fixture.Cart.EndPoint(8092))), stranger.Name);
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Cart.ConnectAsync(fixture.Cart.EndPoint(8092))));

        Assert.Empty(application.Callers);
        using var own = await fixture.Cart.ConnectAsync(new(IPAddress.Loopback, 8092));
        Assert.Equal("at home", await own.AskAsync("at home"));
    }

    [Fact]
    public async Task Connections_and_bytes_are_counted_on_both_sides()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8088);
        string[] labels = ["source_workload=\"near\"", "destination_workload=\"cart\"", "connection_security_policy=\"mutual_tls\""];

        using (var socket = await fixture.Near.ConnectAsync(fixture.Cart.EndPoint(8088))) await socket.AskAsync("count me in");

        foreach (var (node, reporter) in new[] { (fixture.Here, "source"), (fixture.There, "destination") })
        {
            string[] of = [.. labels, $"reporter=\"{reporter}\""];
            await Until.TrueAsync(async () => await MetricLines.SumAsync(node, "istio_tcp_connections_closed_total", of) == 1, $"{reporter} closes the books");
            Assert.Equal(1, await MetricLines.SumAsync(node, "istio_tcp_connections_opened_total", of));
            Assert.Equal("count me in".Length, await MetricLines.SumAsync(node, "istio_tcp_received_bytes_total", of));
            Assert.Equal("count me in".Length, await MetricLines.SumAsync(node, "istio_tcp_sent_bytes_total", of));
        }
    }

    [Fact]
    public async Task The_metrics_page_says_the_same_in_every_encoding()
    {
        var plain = MetricNames(await fixture.Here.MetricsAsync());

        foreach (var encoding in new[] { "gzip", "br", "deflate" })
        {
            var page = await fixture.Here.GetAsync(15020, "metrics", "--compressed", "-H", $"Accept-Encoding: {encoding}");
            Assert.Equal(plain, MetricNames(page.OutputOrThrow()));
        }
        Assert.Contains("istio_build", plain);
        Assert.Contains("istio_tcp_connections_opened_total", (await fixture.Here.MetricsAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_tunnel_crosses_the_wire_between_enrolled_pods()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8089);
        await using var capture = await fixture.Mesh.Network.CaptureAsync("secret");
        const string marker = "a-secret-that-must-not-be-on-the-wire";

        using (var socket = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8089)))
            for (var i = 0; i < 20; i++) Assert.Equal(marker, await socket.AskAsync(marker));
        await capture.FlushAsync();

        Assert.False(capture.Contains(System.Text.Encoding.ASCII.GetBytes(marker)));
        Assert.Equal(0, await capture.CountAsync("tcp port 8089"));
        Assert.InRange(await capture.CountAsync("tcp port 15008"), 10, int.MaxValue);
    }

    [Fact]
    public async Task A_pod_that_leaves_the_mesh_is_an_ordinary_pod_again()
    {
        var pod = await fixture.Mesh.AddEnrolledPodAsync(fixture.There, "guest", "guest", "shop");
        await using var server = PodServer.Echo(pod, 8090);
        using (var socket = await fixture.Web.ConnectAsync(pod.EndPoint(8090))) await socket.AskAsync("inside");

        await fixture.Mesh.ReleaseAsync(pod);

        using var direct = await fixture.PlainHere.ConnectAsync(pod.EndPoint(8090));
        Assert.Equal("outside", await direct.AskAsync("outside"));
        var rules = await pod.RunAsync("nft", "list", "ruleset");
        Assert.Equal("", rules.Output.Trim());
    }

    private static async Task SendAsync(Socket socket, long length)
    {
        var block = new byte[256 << 10];
        for (long sent = 0; sent < length;)
        {
            var part = block.AsMemory(0, (int)Math.Min(block.Length, length - sent));
            sent += await socket.SendAsync(part).AsTask().WaitAsync(PodSockets.Limit);
        }
    }

    private static async Task<long> CountAsync(Socket socket)
    {
        var block = new byte[256 << 10];
        long received = 0;
        while (await socket.ReceiveAsync(block).WaitAsync(PodSockets.Limit) is var read and > 0) received += read;
        return received;
    }

    private static async Task<byte[]> ReceiveAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var read = 0; read < length;)
        {
            var count = await socket.ReceiveAsync(bytes.AsMemory(read));
            if (count == 0) break;
            read += count;
        }
        return bytes;
    }

    private static SortedSet<string> MetricNames(string page) =>
        [.. page.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2])];
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Waypoint.Tcp;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Ports of which nobody has said what they speak.</summary>
public sealed class TcpTests
{
    [Fact]
    public async Task A_server_that_speaks_first_is_heard_before_the_client_says_a_word()
    {
        await using var scene = await StartAsync();
        var echo = scene.Serve("v1", "echo");
        var (address, port) = (echo.Address.Address, echo.Address.Port);
        await echo.DisposeAsync();
        using var listener = new TcpListener(address, port);
        listener.Start();
        var at = await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(at);
        using var server = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await server.SendAsync("220 greetings\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("220 greetings\r\n", await ReceiveAsync(client));
        await client.SendAsync("HELO\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("HELO\r\n", await ReceiveAsync(server));
    }

    [Fact]
    public async Task A_client_that_waits_and_then_speaks_http_is_served_as_http()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Route("direct", "echo", Rule(Model.Routes.RouteMatch.Everything, new() { Direct = new(418, "routed") }));
        var at = await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080");
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(at);
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, TestContext.Current.CancellationToken);
        await client.SendAsync("GET / HTTP/1.1\r\nHost: echo\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 418 ", await ReceiveAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_beyond_those_that_the_destination_allows_are_ended()
    {
        await using var scene = await StartAsync();
        scene.Serve("v1", "echo");
        scene.Apply(new Model.Traffic.TrafficResource("DestinationRule/shop/echo", new Model.Traffic.DestinationPolicy
        {
            Namespace = "shop", Name = "echo", Services = [KeyOf("echo")], Policy = Model.Traffic.TrafficPolicy.Default with { Limits = new() { MaxConnections = 1 } },
        }));
        var at = await scene.NodeOf().OpenAsync($"{VipOf("echo")}:443");
        using (var first = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            await first.ConnectAsync(at);
            await first.SendAsync("GET / HTTP/1.1\r\nHost: echo\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
            Assert.StartsWith("HTTP/1.1 200 ", await ReceiveAsync(first), StringComparison.Ordinal);
            Assert.Equal("", await SpeakAsync(at));
        }

        await scene.UntilAsync(async () => (await SpeakAsync(at)).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal)); // its place is free again
    }

    [Fact]
    public async Task Connections_are_shared_by_the_weights_of_a_tcp_route_and_an_invalid_backend_gets_none()
    {
        await using var scene = await StartAsync();
        var (one, other) = (scene.Serve("v1", "echo"), scene.Serve("v2", "echo-v2"));
        scene.Apply(RouteTo(new Model.Routes.RouteBackend { Service = KeyOf("echo-v2"), Port = 80, Weight = 1 }, new Model.Routes.RouteBackend { Service = KeyOf("echo"), Weight = 0 }));
        var at = await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080");
        for (var i = 0; i < 5; i++) Assert.StartsWith("HTTP/1.1 200 ", await SpeakAsync(at), StringComparison.Ordinal);
        Assert.Equal((0, 5), (one.Requests, other.Requests));
        scene.Apply(RouteTo(new Model.Routes.RouteBackend { Service = KeyOf("none"), Invalid = "no such service" }));
        Assert.Equal("", await SpeakAsync(at));

        static Model.Traffic.TrafficResource RouteTo(params Model.Routes.RouteBackend[] backends) => new("TCPRoute/shop/tcp", new Model.Routes.Route
        {
            Kind = Model.Routes.RouteKind.TcpRoute, Namespace = "shop", Name = "tcp", Parents = [new(KeyOf("echo"), 8080)],
            Rules = [new("", [Model.Routes.RouteMatch.Everything], new() { Backends = [.. backends] })],
        });
    }

    [Theory]
    [InlineData(Model.Routes.RouteKind.TcpRoute)]
    [InlineData(Model.Routes.RouteKind.TlsRoute)]
    public async Task Routes_of_another_namespace_lead_connections_of_its_own_clients_only(Model.Routes.RouteKind kind)
    {
        await using var scene = await StartAsync();
        var (own, other) = (scene.Serve("v1", "echo"), scene.Serve("v2", "echo-v2"));
        scene.Apply(new Model.Traffic.TrafficResource($"{kind}/consumer/tcp", new Model.Routes.Route
        {
            Kind = kind, Namespace = "consumer", Name = "tcp", Parents = [new(KeyOf("echo"), 8080)],
            Rules = [new("", [Model.Routes.RouteMatch.Everything], new() { Backends = [new() { Service = KeyOf("echo-v2"), Port = 80, Weight = 1 }] })],
        }));

        await SpeakAsync(await scene.NodeOf().OpenAsync($"{VipOf("echo")}:8080"));
        Assert.Equal((1, 0), (own.Requests, other.Requests));
        await SpeakAsync(await scene.NodeOf(new("cluster.local", "consumer", "client")).OpenAsync($"{VipOf("echo")}:8080"));
        Assert.Equal((1, 1), (own.Requests, other.Requests));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1", true)]
    [InlineData("PRI * HTTP/2.0\r\n", true)]
    [InlineData("GE", null)]
    [InlineData("P", null)]
    [InlineData("GETX /", false)]
    [InlineData("\u0016\u0003\u0001", false)]
    [InlineData("get /", false)]
    public void First_bytes_tell(string bytes, bool? isHttp) => Assert.Equal(isHttp, ProtocolDetection.Judge(Encoding.Latin1.GetBytes(bytes)));

    // What is no HTTP by its method is carried as bytes; the server does not care.
    private static async Task<string> SpeakAsync(IPEndPoint at)
    {
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await client.ConnectAsync(at);
            await client.SendAsync("SPEAK / HTTP/1.1\r\n\r\n"u8.ToArray());
            return await ReceiveAsync(client);
        }
        catch (SocketException)
        {
            return "";
        }
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[4096];
        using var expiry = new CancellationTokenSource(TimeSpan.FromSeconds(10), TimeProvider.System);
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, expiry.Token));
    }
}

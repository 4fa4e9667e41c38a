using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.TestKit;
using Ambient.Waypoint.Routing;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Connections of TLS go by the name that is asked for; the TLS is between the client and the server.</summary>
public sealed class ServerNameTests
{
    private const ushort Port = 443;

    [Theory]
    [InlineData("one.example.com", "one")]
    [InlineData("ONE.example.com", "one")]
    [InlineData("two.example.com", "two")]
    [InlineData("a.b.example.com", "two")]
    [InlineData("echo.shop.svc.cluster.local", "own")]
    [InlineData("echo", "own")] // as its own clients may call it
    [InlineData("", "own")]
    public async Task The_most_specific_name_leads(string name, string server)
    {
        await using var scene = await StartAsync();
        Serve(scene, ("own", "echo"), ("one", "first"), ("two", "second"));
        scene.Apply(Tls("tls[0]", ["*.example.com"], "second"), Tls("tls[1]", ["one.example.com"], "first"), Tls("tls[2]", [KeyOf("echo").Hostname], "echo"));

        Assert.Equal(server, await AskAsync(await AtAsync(scene), name));
    }

    [Fact]
    public async Task A_name_that_no_route_is_for_is_connected_to_nobody()
    {
        await using var scene = await StartAsync();
        var servers = Serve(scene, ("own", "echo"), ("one", "first"));
        scene.Apply(Tls("tls[0]", ["one.example.com"], "first"));
        var at = await AtAsync(scene);

        foreach (var name in (string[])["two.example.com", "echo", ""]) await Assert.ThrowsAnyAsync<IOException>(() => AskAsync(at, name));
        Assert.Equal("one", await AskAsync(at, "one.example.com"));
        Assert.Equal((0, 1), (servers[0].Requests, servers[1].Requests));
    }

    [Fact]
    public async Task Connections_of_one_name_are_shared_by_weight()
    {
        await using var scene = await StartAsync();
        var servers = Serve(scene, ("own", "echo"), ("one", "first"), ("two", "second"));
        scene.Apply(Tls("tls[0]", ["one.example.com"], ("first", 3), ("second", 1), ("echo", 0)));
        var at = await AtAsync(scene);

        for (var i = 0; i < 100; i++) await AskAsync(at, "one.example.com");

        Assert.Equal((0, 100), (servers[0].Requests, servers[1].Requests + servers[2].Requests));
        Assert.InRange(servers[1].Requests, 50, 96); // 75, give or take more than five standard deviations
    }

    [Fact]
    public async Task A_hello_that_comes_byte_by_byte_is_waited_for()
    {
        await using var scene = await StartAsync();
        Serve(scene, ("own", "echo"), ("one", "first"));
        scene.Apply(Tls("tls[0]", ["one.example.com"], "first"), Tls("tls[1]", [KeyOf("echo").Hostname], "echo"));

        Assert.Equal("one", await AskAsync(await AtAsync(scene), "one.example.com", inPieces: true));
    }

    [Fact]
    public async Task A_server_that_speaks_first_is_heard()
    {
        await using var scene = await StartAsync();
        using var listener = await ListenInPlaceOfOwnAsync(scene);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await AtAsync(scene), TestContext.Current.CancellationToken);

        using var server = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        await server.SendAsync("220 greetings\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        var buffer = new byte[64];
        Assert.Equal("220 greetings\r\n", Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_client_that_waits_and_then_asks_for_another_name_is_led_there()
    {
        await using var scene = await StartAsync();
        using var listener = await ListenInPlaceOfOwnAsync(scene);
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await AtAsync(scene), TestContext.Current.CancellationToken);
        using var asked = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken); // in case that it begins

        Assert.Equal("one", await AskAsync(new NetworkStream(client), "one.example.com"));
        Assert.Equal(0, await asked.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken)); // it heard nothing
    }

    [Fact]
    public async Task A_client_that_never_asks_is_given_up()
    {
        var time = new ManualTime();
        await using var scene = await StartAsync(time);
        Serve(scene, ("one", "first"), ("own", "echo"));
        scene.Apply(Tls("tls[0]", ["one.example.com"], "first"));
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(await AtAsync(scene), TestContext.Current.CancellationToken);
        await client.SendAsync(new byte[] { 22, 3, 1 }, TestContext.Current.CancellationToken); // not even one record

        var over = client.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken).AsTask();
        await scene.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(over.IsCompleted);
        });
        Assert.Equal(0, over.IsCompletedSuccessfully ? await over : 0);
    }

    [Fact]
    public void A_route_counts_for_its_port_and_of_the_same_name_the_first()
    {
        var service = KeyOf("echo");
        static Route RouteOf(string label, ushort port, params string[] names) =>
            Tls(label, names, "first").Route! with { Rules = [new(label, [new() { Port = port, ServerNames = [.. names] }], RouteAction.Default)] };
        var routes = ConnectionRoutes.Of([RouteOf("tls[10]", 0, "a"), RouteOf("tls[2]", 0, "a", "b"), RouteOf("tls[1]", 444, "a")], service, 443)!;

        Assert.Equal(("tls[2]", "tls[2]", null), (Label("a"), Label("b"), Label("c")));
        Assert.False(ConnectionRoutes.Of([RouteOf("tls[0]", 0, "*.cluster.local", "b")], service, 443)!.AsksForName); // whatever is asked for goes there
        Assert.Null(ConnectionRoutes.Of([], service, 443));

        string? Label(string name) => routes.For(name)?.Rules[0].Name;
    }

    private static Task<IPEndPoint> AtAsync(WaypointScene scene) => scene.NodeOf().OpenAsync($"{VipOf("echo")}:{Port}");

    private static List<EchoServer> Serve(WaypointScene scene, params (string Name, string Service)[] servers) => [.. servers.Select(one =>
    {
        var server = scene.Serve(one.Name, one.Service);
        server.Tls = new() { ServerCertificate = Certificate() };
        return server;
    })];

    /// <summary>A server that speaks when the test wants it to stands where the service's own was; another name leads elsewhere.</summary>
    private static async Task<TcpListener> ListenInPlaceOfOwnAsync(WaypointScene scene)
    {
        var own = Serve(scene, ("own", "echo"), ("one", "first"))[0];
        var listener = new TcpListener(own.Address);
        await own.DisposeAsync();
        listener.Start();
        scene.Apply(Tls("tls[0]", ["one.example.com"], "first"), Tls("tls[1]", [KeyOf("echo").Hostname], "echo"));
        return listener;
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private static TrafficResource Tls(string label, string[] names, string backend) => Tls(label, names, (backend, 1));

    /// <summary>As a part of a VirtualService comes here.</summary>
    private static TrafficResource Tls(string label, string[] names, params (string Service, uint Weight)[] backends) => new($"VirtualService/shop/v/{label}", new Route
    {
        Kind = RouteKind.TlsRoute, Namespace = "shop", Name = "v", Parents = [new(KeyOf("echo"), Port)],
        Rules = [new(label, [new() { ServerNames = [.. names] }], new() { Backends = [.. backends.Select(static one => new RouteBackend { Service = KeyOf(one.Service), Port = Port, Weight = one.Weight })] })],
    });

    private static async Task<string> AskAsync(IPEndPoint at, string name, bool inPieces = false)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(at);
        var wire = new NetworkStream(socket);
        return await AskAsync(inPieces ? new Pieces(wire) : wire, name);
    }

    /// <returns>The name of the server that answers within TLS.</returns>
    private static async Task<string> AskAsync(Stream wire, string name)
    {
        using var expiry = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        await using var tls = new SslStream(wire);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = name, RemoteCertificateValidationCallback = static (_, _, _, _) => true }, expiry.Token);
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), expiry.Token);
        var (text, buffer) = ("", new byte[4096]);
        while (!text.Contains("\r\n\r\n", StringComparison.Ordinal)) text += Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, expiry.Token) is > 0 and var read ? read : throw new IOException("It ended."));
        return text.Split("x-server: ")[1].Split('\r')[0];
    }

    /// <summary>Sends each byte by itself.</summary>
    private sealed class Pieces(NetworkStream wire) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < buffer.Length; i++) await wire.WriteAsync(buffer.Slice(i, 1), cancellationToken);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => wire.ReadAsync(buffer, cancellationToken);
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => wire.Read(buffer, offset, count);
        public override void Write(byte[] buffer, int offset, int count) => wire.Write(buffer, offset, count);
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

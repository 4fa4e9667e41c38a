using Ambient.EndToEnd.Tests.Sockets;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class SocksFixture : MeshFixture
{
    protected override IEnumerable<KeyValuePair<string, string>> Settings => [new("UNSTABLE_ENABLE_SOCKS5", "true")];
}

/// <summary>Port 15080 of a pod, with curl as the application that speaks SOCKS 5.</summary>
public sealed class SocksTests(SocksFixture fixture) : IClassFixture<SocksFixture>
{
    [Theory]
    [InlineData("--socks5-hostname", "http://store.shop.svc.cluster.local/")] // resolved by the pod's DNS proxy
    [InlineData("--socks5-hostname", "http://store/")]
    [InlineData("--socks5", "http://10.96.0.70/")]
    public async Task A_service_is_reached_under_the_pods_identity(string option, string url)
    {
        await using var server = Page(fixture.Cart.Name);
        fixture.Mesh.Services.Clear();
        fixture.Mesh.Services.Add(new("store", "shop", ["10.96.0.70"], new Dictionary<int, int> { [80] = 8080 }, [fixture.Cart]));
        await fixture.Mesh.PublishAsync();

        var answer = await fixture.Web.RunAsync("curl", "-sS", "--max-time", "5", option, "127.0.0.1:15080", url);

        Assert.Equal("hello from cart", answer.OutputOrThrow());
        var line = await AccessLogLines.FindAsync(fixture.Here, "direction=\"outbound\"", "dst.service=\"store.shop.svc.cluster.local\"");
        Assert.Contains($"src.identity=\"{fixture.Web.Identity}\"", line, StringComparison.Ordinal);
        Assert.Contains($"dst.identity=\"{fixture.Cart.Identity}\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_reached_is_told_before_any_byte()
    {
        // The service has no endpoint; then nobody listens. 97 is curl's "the proxy refused".
        foreach (var url in new[] { "http://unknown.shop.svc.cluster.local/", $"http://{fixture.Cart.EndPoint(9998)}/" })
            Assert.Equal(97, (await fixture.Web.RunAsync("curl", "-sS", "--max-time", "5", "--socks5-hostname", "127.0.0.1:15080", url)).ExitCode);
    }

    [Fact]
    public async Task It_listens_on_loopback_alone()
    {
        var listening = (await fixture.Web.RunAsync("ss", "-Hltn", "sport = :15080")).OutputOrThrow();

        Assert.Contains("127.0.0.1:15080", listening, StringComparison.Ordinal);
        Assert.Single(listening.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private PodServer Page(string name) => PodServer.Start(fixture.Cart, 8080, async socket =>
    {
        await socket.ReadTextAsync(1);
        await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\n\r\nhello from {name}"));
        socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await socket.ReadEndingAsync();
    });
}

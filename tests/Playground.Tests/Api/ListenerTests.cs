using System.Net;
using System.Net.Sockets;
using Ambient.Playground.Api;
using Ambient.TestKit;

namespace Ambient.Playground.Tests.Api;

public sealed class ListenerTests
{
    [Fact]
    public async Task A_socket_that_listens_already_is_served()
    {
        var (plain, secured) = (Listen(), Listen());
        var (plainPort, securedPort) = (Port(plain), Port(secured));
        await using var api = await PlaygroundApi.StartAsync(new()
        {
            Port = null, TlsPort = null, PlainHandle = plain.HandOver(), TlsHandle = secured.HandOver(), Controllers = false,
        });
        using var client = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.Issuer == "CN=kubernetes" } });

        Assert.Equal("ok", await client.GetStringAsync($"http://127.0.0.1:{plainPort}/readyz"));
        Assert.Equal("ok", await client.GetStringAsync($"https://127.0.0.1:{securedPort}/readyz"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"http://127.0.0.1:{plainPort}/api/v1/namespaces")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"https://127.0.0.1:{securedPort}/api/v1/namespaces")).StatusCode);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_an_error_at_start()
    {
        using var taken = Listen();

        await Assert.ThrowsAsync<IOException>(() => PlaygroundApi.StartAsync(new() { Port = Port(taken), Controllers = false }));
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private static int Port(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}

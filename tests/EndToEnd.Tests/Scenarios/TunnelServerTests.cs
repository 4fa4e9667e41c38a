using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Ambient.EndToEnd.Tests.Peers;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Network;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Port 15008 of a captured pod, spoken to by a client that is not a ztunnel.</summary>
public sealed class TunnelServerTests(MeshFixture fixture) : IClassFixture<MeshFixture>
{
    private const string Client = "spiffe://cluster.local/ns/shop/sa/guest";

    [Fact]
    public async Task A_foreign_client_reaches_the_application()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        using var client = await ConnectAsync(Client);

        Assert.Equal(200, await client.RequestAsync($"{fixture.Cart.EndPoint(8080)}"));
        Assert.Equal("from elsewhere", await client.AskAsync("from elsewhere"));
    }

    [Fact]
    public async Task The_address_of_another_pod_is_answered_400()
    {
        await using var server = PodServer.Echo(fixture.Near, 8080);
        using var client = await ConnectAsync(Client);

        Assert.Equal(400, await client.RequestAsync($"{fixture.Near.EndPoint(8080)}"));
        Assert.Empty(server.Callers);
    }

    [Theory]
    [InlineData("127.0.0.1:15000")]
    [InlineData("localhost:8080")]
    [InlineData("not-an-authority")]
    [InlineData("10.1.2.1")]
    [InlineData("unknown.shop.svc.cluster.local:80")]
    public async Task An_authority_that_is_not_this_pod_is_never_connected_to(string authority)
    {
        using var client = await ConnectAsync(Client);

        Assert.InRange(await client.RequestAsync(authority), 400, 503);
    }

    [Fact]
    public async Task A_service_named_by_hostname_leads_to_the_pods_port()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        fixture.Mesh.Services.Add(new("named", "shop", ["10.96.0.30"], new Dictionary<int, int> { [80] = 8080 }, [fixture.Cart]));
        await fixture.Mesh.PublishAsync();
        using var client = await ConnectAsync(Client);

        Assert.Equal(200, await client.RequestAsync("named.shop.svc.cluster.local:80"));
        Assert.Equal("by name", await client.AskAsync("by name"));
    }

    [Fact]
    public async Task A_client_of_another_trust_domain_is_turned_away()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);

        Assert.Equal(0, await StatusOrZeroAsync("spiffe://other.domain/ns/shop/sa/guest"));
        Assert.Empty(server.Callers);
    }

    [Fact]
    public async Task A_client_with_a_certificate_of_somebody_elses_authority_is_turned_away()
    {
        await using var stranger = await NetworkLab.CreateAsync();
        var certificate = await TestIdentities.IssueAsync(stranger.PathOf("authority"), Client);
        Assert.Equal(0, await StatusOrZeroAsync(certificate));
    }

    [Fact]
    public async Task A_client_without_certificate_is_turned_away()
    {
        var socket = await fixture.PlainHere.ConnectAsync(fixture.Cart.EndPoint(15008));
        await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                ApplicationProtocols = [SslApplicationProtocol.Http2], RemoteCertificateValidationCallback = (_, _, _, _) => true,
            }).WaitAsync(PodSockets.Limit);
            // With TLS 1.3 the client only learns of the refusal when it reads.
            if (await tls.ReadAsync(new byte[1]) == 0) throw new IOException("closed");
        });
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001garbage")]
    public async Task What_is_not_TLS_is_closed_and_harms_nobody(string bytes)
    {
        using var socket = await fixture.PlainHere.ConnectAsync(fixture.Cart.EndPoint(15008));
        await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(bytes));
        socket.Shutdown(SocketShutdown.Send);

        Assert.Contains(await socket.ReadEndingAsync(), new[] { "end", "reset" });
        await A_foreign_client_reaches_the_application();
    }

    // Directly calling the proxy's own ports, from inside and outside the mesh, must neither loop nor leak.
    [Theory]
    [InlineData(15001)]
    [InlineData(15006)]
    [InlineData(15008)]
    [InlineData(15080)]
    [InlineData(15000)]
    [InlineData(15020)]
    [InlineData(15021)]
    public async Task Ports_of_the_proxy_called_directly_lead_nowhere(int port)
    {
        foreach (var caller in new[] { fixture.Web, fixture.PlainHere })
            foreach (var target in new[] { fixture.Cart.EndPoint(port), fixture.Web.EndPoint(port), new IPEndPoint(IPAddress.Loopback, port) })
            {
                Assert.True(await GetsNothingAsync(caller, target), $"{caller.Name} to {target}");
                Assert.True(fixture.Here.Ztunnel.IsRunning && fixture.There.Ztunnel.IsRunning);
            }
        await A_foreign_client_reaches_the_application();
    }

    // At the node's own address there is the node proxy's tunnel port, and pages that are for everybody.
    [Theory]
    [InlineData(15001)]
    [InlineData(15006)]
    [InlineData(15008)]
    [InlineData(15080)]
    [InlineData(15000)]
    public async Task Ports_of_the_proxy_at_its_nodes_address_lead_nowhere(int port)
    {
        foreach (var caller in new[] { fixture.Web, fixture.PlainHere })
            foreach (var node in new[] { fixture.Here, fixture.There })
            {
                Assert.True(await GetsNothingAsync(caller, IPEndPoint.Parse($"{node.Lab.Address}:{port}")), $"{caller.Name} to {node.Name}");
                Assert.True(node.Ztunnel.IsRunning);
            }
        await A_foreign_client_reaches_the_application();
    }

    private static async Task<bool> GetsNothingAsync(LabPod caller, IPEndPoint target)
    {
        try
        {
            using var socket = await caller.ConnectAsync(target);
            await socket.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
            socket.Shutdown(SocketShutdown.Send);
            return await socket.ReadToEndAsync() is var answer && !answer.Contains("HTTP/", StringComparison.Ordinal);
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode != SocketError.TimedOut;
        }
    }

    private async Task<HboneClient> ConnectAsync(string identity) => await HboneClient.ConnectAsync(
        fixture.PlainHere, fixture.Cart.EndPoint(15008), await TestIdentities.IssueAsync(fixture.Mesh, identity));

    private async Task<int> StatusOrZeroAsync(string identity) => await StatusOrZeroAsync(await TestIdentities.IssueAsync(fixture.Mesh, identity));

    private async Task<int> StatusOrZeroAsync(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate)
    {
        try
        {
            using var client = await HboneClient.ConnectAsync(fixture.PlainHere, fixture.Cart.EndPoint(15008), certificate);
            return await client.RequestAsync($"{fixture.Cart.EndPoint(8080)}");
        }
        catch (Exception refusal) when (refusal is IOException or AuthenticationException)
        {
            return 0;
        }
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Traffic;
using Ambient.TestKit;
using Ambient.Waypoint.Tests.Scenes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using static Ambient.TestKit.Peers.ServerCertificates;

namespace Ambient.Waypoint.Tests;

/// <summary>TLS that the waypoint begins towards servers.</summary>
public sealed class OriginationTests : IDisposable
{
    private const string Host = "echo.shop.svc.cluster.local";

    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-origin-").FullName;
    private readonly X509Certificate2 _authority = AuthorityOf("ours"), _other = AuthorityOf("another");

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_server_of_a_trusted_authority_is_asked_by_the_services_name(SslProtocols version)
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, _authority, Host, version);
        Apply(scene, new() { RootsFile = File("roots", _authority.ExportCertificatePem()) });
        using var client = await scene.ClientAsync("echo");
        var body = string.Concat(Enumerable.Range(0, 300_000).Select(static n => $"{n} "));

        for (var i = 0; i < 3; i++)
        {
            var answer = await client.PostAsync("/", new StringContent(body), TestContext.Current.CancellationToken);
            Assert.EndsWith(body, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal((Host, version), (server.LastTls!.TargetHostName, server.LastTls.SslProtocol));
        Assert.Equal(SslApplicationProtocol.Http11, server.LastTls.NegotiatedApplicationProtocol);
    }

    [Theory]
    [InlineData("another authority")]
    [InlineData("another name")]
    [InlineData("none of the names")]
    [InlineData("no such file")]
    [InlineData("no HTTP/2")]
    public async Task A_server_that_is_not_who_is_meant_hears_nothing(string wrong)
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, wrong == "another authority" ? _other : _authority, wrong == "another name" ? "example.com" : Host);
        if (wrong == "no HTTP/2") server.Tls!.ApplicationProtocols = null;
        var roots = File("roots", _authority.ExportCertificatePem());
        Apply(scene, new() { RootsFile = wrong == "no such file" ? $"{roots}.gone" : roots, Names = wrong == "none of the names" ? ["example.com", "spiffe://x/y"] : default },
            wrong == "no HTTP/2" ? UpstreamHttp.Http2 : UpstreamHttp.Http1);
        using var client = await scene.ClientAsync("echo");

        var answer = await client.GetAsync("/", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains(wrong switch
        {
            "another authority" => "certificate is refused",
            "another name" => $"certificate is not for {Host}",
            "none of the names" => "is for none of example.com, spiffe://x/y",
            "no such file" => "cannot be begun",
            _ => "does not speak HTTP/2",
        }, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, server.Requests);
    }

    [Fact]
    public async Task Other_names_may_stand_for_the_servers()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, _authority, "spiffe://cluster.local/ns/a/sa/b");
        Apply(scene, new() { RootsFile = File("roots", _authority.ExportCertificatePem()), ServerName = "front.example.com", Names = ["x.example.com", "spiffe://cluster.local/ns/a/sa/b"] });

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
        Assert.Equal("front.example.com", server.LastTls!.TargetHostName);
    }

    [Fact]
    public async Task Our_certificate_is_shown_where_the_user_gives_one()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, _authority, Host);
        server.Tls!.ClientCertificateRequired = true;
        server.Tls.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate?.Subject == "CN=waypoint";
        var tls = new ServerTls { RootsFile = File("roots", _authority.ExportCertificatePem()) };
        Apply(scene, tls);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(scene));

        using var ours = Issue(_authority, "waypoint", "waypoint.shop");
        Apply(scene, tls with { CertificateFile = File("certificate", ours.ExportCertificatePem()), KeyFile = File("key", ours.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()) });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
    }

    [Fact]
    public async Task Who_accepts_anyone_does()
    {
        await using var scene = await WaypointScene.StartAsync();
        Serve(scene, _other, "example.com");
        Apply(scene, new() { AcceptsAnyone = true });

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
    }

    [Fact]
    public async Task A_server_that_is_known_by_its_name_is_looked_up()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = new EchoServer("v1", new(IPAddress.Loopback, 0));
        await using var _ = server;
        scene.Know("v1", "localhost", (ushort)server.Address.Port, "echo");
        server.Tls = OptionsOf(_authority, "localhost");
        Apply(scene, new() { RootsFile = File("roots", _authority.ExportCertificatePem()), ServerName = "localhost" });

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
    }

    [Fact]
    public async Task A_server_that_holds_http2_to_its_scheme_is_asked_for_https()
    {
        await using var scene = await WaypointScene.StartAsync();
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        scene.Know("v1", "localhost", (ushort)((IPEndPoint)listener.LocalEndPoint!).Port, "echo");
        await using var server = await StrictServerAsync(listener, Issue(_authority, "server", "localhost"));
        Apply(scene, new() { RootsFile = File("roots", _authority.ExportCertificatePem()), ServerName = "localhost" }, UpstreamHttp.Http2);
        using var client = await scene.ClientAsync("echo");

        Assert.Equal("HTTP/2 https", await client.GetStringAsync("/", TestContext.Current.CancellationToken));
    }

    private static async Task<WebApplication> StrictServerAsync(Socket listener, X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(options => options.ListenHandle((ulong)listener.HandOver(), listen => listen.UseHttps(certificate)));
        var server = builder.Build();
        server.Run(static context => context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Scheme}"));
        await server.StartAsync();
        return server;
    }

    private static async Task<HttpStatusCode> StatusAsync(WaypointScene scene)
    {
        using var client = await scene.ClientAsync("echo");
        return (await client.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode;
    }

    private static EchoServer Serve(WaypointScene scene, X509Certificate2 authority, string name, SslProtocols version = SslProtocols.None)
    {
        var server = scene.Serve("v1", "echo");
        server.Tls = OptionsOf(authority, name);
        server.Tls.EnabledSslProtocols = version;
        return server;
    }

    private static SslServerAuthenticationOptions OptionsOf(X509Certificate2 authority, string name) => new()
    {
        ServerCertificate = Issue(authority, "server", name), ApplicationProtocols = [SslApplicationProtocol.Http11],
    };

    private static void Apply(WaypointScene scene, ServerTls tls, UpstreamHttp http = UpstreamHttp.Http1) => scene.Apply(new TrafficResource("DestinationRule/shop/echo",
        new DestinationPolicy { Namespace = "shop", Name = "echo", Services = [WaypointScene.KeyOf("echo")], Policy = new() { Tls = tls, Http = http } }));

    private string File(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        System.IO.File.WriteAllText(path, text);
        return path;
    }
}

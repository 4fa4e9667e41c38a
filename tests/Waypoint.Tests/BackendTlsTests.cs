using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Ambient.Model.Traffic;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.TestKit.Peers.ServerCertificates;

namespace Ambient.Waypoint.Tests;

/// <summary>TLS towards servers as BackendTLSPolicies have it, with the certificate authorities that come along.</summary>
public sealed class BackendTlsTests : IDisposable
{
    private const string Host = "abc.example.com", Uri = "spiffe://abc.example.com/test-identity";

    private readonly X509Certificate2 _authority = AuthorityOf("ours"), _other = AuthorityOf("another");

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task A_server_of_the_given_authority_is_asked_by_the_given_name()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, Host);
        Apply(scene, "a", Sound);

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
        Assert.Equal(Host, server.LastTls!.TargetHostName);
    }

    [Theory]
    [InlineData(Host, true)]
    [InlineData("other.example.com", false)]
    public async Task A_certificate_for_another_host_is_refused(string name, bool passes) => await AssertAsync(name, Sound, passes, $"is not for {Host}");

    [Theory]
    [InlineData(Uri, true)]
    [InlineData("other.example.org", true)]
    [InlineData("spiffe://abc.example.com/another", false)]
    [InlineData(Host, false)]
    public async Task With_other_names_the_host_is_for_SNI_only(string name, bool passes) =>
        await AssertAsync(name, Sound with { Names = [Uri, "other.example.org"] }, passes, "is for none of");

    [Fact]
    public async Task A_server_of_another_authority_is_refused_until_that_one_is_given_and_again_when_it_is_taken_away()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, Host);
        var theirs = Sound with { Roots = _other.ExportCertificatePem() };
        Apply(scene, "a", theirs);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(scene));
        Assert.Equal(0, server.Requests);

        Apply(scene, "a", theirs with { Roots = theirs.Roots + "\n" + Sound.Roots });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));

        Apply(scene, "a", theirs);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(scene));
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task Where_there_is_none_that_could_be_used_nothing_is_sent()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = scene.Serve("v1", "echo");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));

        Apply(scene, "a", null, "BackendTLSPolicy shop/a: There is no ConfigMap shop/ca.");

        var answer = await GetAsync(scene);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("There is no ConfigMap shop/ca", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(1, server.Requests);

        scene.Parts.Rules.Traffic.Apply(new([], ["BackendTLSPolicy/shop/a"]));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
    }

    [Fact]
    public async Task The_ports_own_goes_before_the_services_then_the_older_then_the_name_and_all_before_the_DestinationRules()
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, Host);
        scene.Apply(new TrafficResource("DestinationRule/shop/echo", new DestinationPolicy
        {
            Namespace = "shop", Name = "echo", Services = [WaypointScene.KeyOf("echo")], Policy = new() { Tls = new() { ServerName = "rule", AcceptsAnyone = true } },
        }));
        Assert.Equal("rule", await AskedForAsync());

        Apply(scene, "z", Anyone("z"));
        Assert.Equal("z", await AskedForAsync());
        Apply(scene, "y", Anyone("y"));
        Assert.Equal("y", await AskedForAsync());
        Apply(scene, "x", Anyone("x"), age: 1);
        Assert.Equal("x", await AskedForAsync());
        Apply(scene, "port", Anyone("port"), port: 80);
        Assert.Equal("port", await AskedForAsync());
        Apply(scene, "elsewhere", Anyone("elsewhere"), port: 8080, age: 2);
        Assert.Equal("port", await AskedForAsync());

        async Task<string> AskedForAsync()
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(scene));
            return server.LastTls!.TargetHostName;
        }

        static ServerTls Anyone(string name) => new() { ServerName = name, AcceptsAnyone = true };
    }

    private ServerTls Sound => new() { ServerName = Host, Roots = _authority.ExportCertificatePem() };

    private async Task AssertAsync(string certificate, ServerTls tls, bool passes, string why)
    {
        await using var scene = await WaypointScene.StartAsync();
        var server = Serve(scene, certificate);
        Apply(scene, "a", tls);

        var answer = await GetAsync(scene);

        Assert.Equal(passes ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(passes ? 1 : 0, server.Requests);
        if (passes) Assert.Equal(Host, server.LastTls!.TargetHostName);
        else Assert.Contains(why, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<HttpResponseMessage> GetAsync(WaypointScene scene)
    {
        using var client = await scene.ClientAsync("echo");
        return await client.GetAsync("/", TestContext.Current.CancellationToken);
    }

    private static async Task<HttpStatusCode> StatusAsync(WaypointScene scene) => (await GetAsync(scene)).StatusCode;

    private EchoServer Serve(WaypointScene scene, string name)
    {
        var server = scene.Serve("v1", "echo");
        server.Tls = new() { ServerCertificate = Issue(_authority, "server", name), ApplicationProtocols = [SslApplicationProtocol.Http11] };
        return server;
    }

    private static void Apply(WaypointScene scene, string name, ServerTls? tls, string unusable = "", ushort port = 0, int age = 0) => scene.Apply(new TrafficResource($"BackendTLSPolicy/shop/{name}",
        new BackendTls { Namespace = "shop", Name = name, Created = DateTimeOffset.UnixEpoch.AddDays(-age), Targets = [new(WaypointScene.KeyOf("echo"), port)], Tls = tls, Unusable = unusable }));
}

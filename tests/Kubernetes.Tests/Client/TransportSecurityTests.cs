using System.Security.Cryptography.X509Certificates;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class TransportSecurityTests
{
    private static readonly Func<Microsoft.AspNetCore.Http.HttpContext, Task> Answer = ScriptedApi.Json("""{"metadata":{"name":"x"}}""");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_configured_authority_is_trusted_and_no_other()
    {
        var (ours, theirs) = (new TestAuthority(), new TestAuthority());
        await using var api = await ScriptedApi.StartAsync(Answer, ours.Issue("api", "127.0.0.1"));

        Assert.Equal("x", await GetAsync(api, ServerTrust.FromPem(ours.Pem, "test")));
        Assert.Equal("x", await GetAsync(api, ServerTrust.FromPem(theirs.Pem + "\n" + ours.Pem, "test")));
        await AssertRefusedAsync(api, ServerTrust.FromPem(theirs.Pem, "test"));
        await AssertRefusedAsync(api, ServerTrust.System);
        Assert.Equal("x", await GetAsync(api, ServerTrust.Anything));
    }

    [Fact]
    public async Task The_certificate_must_carry_the_name_that_was_asked_for()
    {
        var authority = new TestAuthority();
        await using var api = await ScriptedApi.StartAsync(Answer, authority.Issue("api", "kubernetes.default.svc"));
        var trust = ServerTrust.FromPem(authority.Pem, "test");

        await AssertRefusedAsync(api, trust);
        await AssertRefusedAsync(api, trust, serverName: "other.default.svc");
        Assert.Equal("x", await GetAsync(api, trust, serverName: "kubernetes.default.svc"));
    }

    [Fact]
    public async Task A_rotated_authority_is_followed_by_new_connections()
    {
        var (old, next) = (new TestAuthority(), new TestAuthority());
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, old.Pem, Stop);
        var trust = ServerTrust.FromFile(file);
        await using var api = await ScriptedApi.StartAsync(Answer, next.Issue("api", "127.0.0.1"));
        using var client = api.Client(with: configuration => configuration with { Trust = trust });

        await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(ResourceTypes.Node, new("", "x"), Stop));
        await File.WriteAllTextAsync(file, next.Pem, Stop);
        await client.GetAsync(ResourceTypes.Node, new("", "x"), Stop);
        await File.WriteAllTextAsync(file, "half a f", Stop); // as when it is just being written
        using var another = api.Client(with: configuration => configuration with { Trust = trust });

        Assert.Equal("x", (await another.GetAsync(ResourceTypes.Node, new("", "x"), Stop)).Metadata.Name);
        File.Delete(file);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_with_the_chain_that_came_with_it()
    {
        var authority = new TestAuthority();
        var own = authority.Issue("system:node:n1");
        X509Certificate2? seen = null;
        await using var api = await ScriptedApi.StartAsync(Answer, authority.Issue("api", "127.0.0.1"), client => seen = client);
        var identity = ClientIdentity.FromPem(own.ExportCertificatePem(), TestAuthority.KeyPem(own), "test");
        using var client = api.Client(with: configuration => configuration with
        {
            Trust = ServerTrust.FromPem(authority.Pem, "test"), Identity = identity,
        });

        await client.GetAsync(ResourceTypes.Node, new("", "x"), Stop);

        Assert.Equal("CN=system:node:n1", seen?.Subject);
    }

    [Fact]
    public async Task Many_watches_share_connections_over_http_2()
    {
        var authority = new TestAuthority();
        var protocols = new List<string>();
        await using var api = await ScriptedApi.StartAsync(context =>
        {
            lock (protocols) protocols.Add(context.Request.Protocol);
            return Answer(context);
        }, authority.Issue("api", "127.0.0.1"));

        await GetAsync(api, ServerTrust.FromPem(authority.Pem, "test"));

        Assert.Equal(["HTTP/2"], protocols);
    }

    private static async Task<string> GetAsync(ScriptedApi api, ServerTrust trust, string? serverName = null)
    {
        using var client = api.Client(with: configuration => configuration with { Trust = trust, ServerName = serverName });
        return (await client.GetAsync(ResourceTypes.Node, new("", "x"), Stop)).Metadata.Name;
    }

    private static async Task AssertRefusedAsync(ScriptedApi api, ServerTrust trust, string? serverName = null)
    {
        var error = await Assert.ThrowsAsync<ApiException>(() => GetAsync(api, trust, serverName));
        Assert.Equal(ApiException.Unreachable, error.Reason);
    }
}

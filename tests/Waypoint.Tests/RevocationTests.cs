using System.Globalization;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Certificates.Store;
using Ambient.Waypoint.Tests.Scenes;
using static Ambient.Waypoint.Tests.Scenes.WaypointScene;

namespace Ambient.Waypoint.Tests;

/// <summary>Revocation lists in a file that is replaced while the waypoint runs.</summary>
public sealed class RevocationTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-waypoint-crl-").FullName;

    private string CrlFile => Path.Combine(_directory, "ca-crl.pem");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_client_that_is_revoked_loses_what_it_has_and_gets_nothing_new()
    {
        await File.WriteAllTextAsync(CrlFile, "", TestContext.Current.CancellationToken);
        await using var scene = await StartAsync(("CRL_PATH", CrlFile));
        scene.Serve("v1", "echo");
        var (node, other) = (scene.NodeOf(), scene.NodeOf(new("cluster.local", "web", "other")));
        using var client = await scene.ClientAsync(node, "echo");
        using var trusted = await scene.ClientAsync(other, "echo");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await trusted.GetAsync("/", TestContext.Current.CancellationToken)).StatusCode);

        await PublishAsync(scene, node.Certificates);

        await scene.UntilAsync(async () => await AnswerAsync(client) is null);
        Assert.Equal(HttpStatusCode.OK, await AnswerAsync(trusted));
    }

    [Fact]
    public async Task A_server_that_is_revoked_is_not_called_again()
    {
        await File.WriteAllTextAsync(CrlFile, "", TestContext.Current.CancellationToken);
        await using var scene = await StartAsync(("CRL_PATH", CrlFile));
        await using var nodes = scene.NodeProxies();
        await using var server = new EchoServer("pod", new(IPAddress.Loopback, 0));
        var address = NewPodAddress();
        await nodes.ListenAsync(new(address, 15008), new("cluster.local", Namespace, "pod"), server.Address);
        scene.Know("pod", address, 80, "echo");
        using var client = await scene.ClientAsync("echo");
        Assert.Equal(HttpStatusCode.OK, await AnswerAsync(client));

        await PublishAsync(scene, nodes.Certificates);

        await scene.UntilAsync(async () => await AnswerAsync(client) is HttpStatusCode.ServiceUnavailable);
    }

    /// <returns>Null if the connection failed.</returns>
    private static async Task<HttpStatusCode?> AnswerAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("/", TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
        catch (HttpRequestException) { return null; }
    }

    /// <summary>A list with all that somebody has been given, signed by the scene's authority.</summary>
    private async Task PublishAsync(WaypointScene scene, IEnumerable<CertificateStatus> revoked)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(scene.AuthorityDirectory, "ca-key.pem")));
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(scene.AuthorityDirectory, "ca-cert.pem")));
        using var signer = authority.CopyWithPrivateKey(key);
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
        {
            var serial = BigInteger.Parse("0" + certificate.Chain[0].SerialNumber, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            list.AddEntry(serial.ToByteArray(isUnsigned: false, isBigEndian: true));
        }
        var now = TimeProvider.System.GetUtcNow();
        var bytes = list.Build(signer, 1, now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-1));
        await File.WriteAllTextAsync(CrlFile + ".new", PemEncoding.WriteString("X509 CRL", bytes));
        File.Move(CrlFile + ".new", CrlFile, overwrite: true);
    }
}

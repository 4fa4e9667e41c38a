using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.EndToEnd.Tests.Scenarios;

public sealed class RevocationFixture : MeshFixture
{
    public string CrlFile { get; } = Path.Combine(Path.GetTempPath(), $"ambient-crl-{Guid.NewGuid():N}.pem");

    protected override IEnumerable<KeyValuePair<string, string>> Settings
    {
        get
        {
            // The file must exist when ztunnel starts, and no authority does yet whose list it could be.
            if (!File.Exists(CrlFile)) File.WriteAllText(CrlFile, "");
            return [new("CRL_PATH", CrlFile)];
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        File.Delete(CrlFile);
    }
}

public sealed class RevocationTests(RevocationFixture fixture) : IClassFixture<RevocationFixture>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_revoked_certificate_ends_open_tunnels_and_opens_no_new_ones()
    {
        await using var server = PodServer.Echo(fixture.Cart, 8080);
        await PublishAsync();
        using var open = await fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080));
        using var untouched = await fixture.Near.ConnectAsync(fixture.Cart.EndPoint(8080));
        await open.AskAsync("trusted");
        await untouched.AskAsync("trusted");

        await PublishAsync(await SerialOfAsync(fixture.Web.Identity));

        Assert.NotEqual("", await open.ReadEndingAsync().WaitAsync(Limit));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Web.ConnectAsync(fixture.Cart.EndPoint(8080))));
        Assert.Equal("still trusted", await untouched.AskAsync("still trusted"));
        await AccessLogLines.FindAsync(fixture.There, "direction=\"inbound\"", "certificate_revoked");
        Assert.InRange(await MetricLines.SumAsync(fixture.There, "istio_crl_policy_rejections_total", "reporter=\"destination\""), 1, 100);
        await PublishAsync();
    }

    [Fact]
    public async Task A_server_whose_certificate_is_revoked_is_left_and_not_called_again()
    {
        await using var server = PodServer.Echo(fixture.Near, 8081);
        await PublishAsync();
        using var open = await fixture.Cart.ConnectAsync(fixture.Near.EndPoint(8081));
        await open.AskAsync("trusted");

        await PublishAsync(await SerialOfAsync(fixture.Near.Identity));

        Assert.NotEqual("", await open.ReadEndingAsync().WaitAsync(Limit));
        Assert.True(await Conversation.IsRefusedAsync(() => fixture.Cart.ConnectAsync(fixture.Near.EndPoint(8081))));
        await AccessLogLines.FindAsync(fixture.There, "direction=\"outbound\"", "certificate_revoked");
        Assert.InRange(await MetricLines.SumAsync(fixture.There, "istio_crl_policy_rejections_total", "reporter=\"source\""), 1, 100);
        await PublishAsync();
        await Until.TrueAsync(async () => !await Conversation.IsRefusedAsync(() => fixture.Cart.ConnectAsync(fixture.Near.EndPoint(8081))), "it is trusted again");
    }

    private async Task<BigInteger> SerialOfAsync(string identity)
    {
        using var dump = JsonDocument.Parse(await fixture.Here.ConfigDumpAsync());
        var certificate = dump.RootElement.GetProperty("certificates").EnumerateArray()
            .Single(entry => entry.GetProperty("identity").GetString() == identity);
        return BigInteger.Parse(certificate.GetProperty("certChain")[0].GetProperty("serialNumber").GetString()!, CultureInfo.InvariantCulture);
    }

    // Signed by the lab's own authority, replaced as a whole.
    private async Task PublishAsync(params IEnumerable<BigInteger> revoked)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(fixture.Mesh.AuthorityDirectory, "ca-key.pem")));
        using var authority = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(Path.Combine(fixture.Mesh.AuthorityDirectory, "ca-cert.pem")));
        using var signer = authority.CopyWithPrivateKey(key);
        var now = TimeProvider.System.GetUtcNow();
        var list = new CertificateRevocationListBuilder();
        // The builder takes the number as signed: without its sign byte, every second serial would be listed as a negative one.
        foreach (var serial in revoked) list.AddEntry(serial.ToByteArray(isUnsigned: false, isBigEndian: true), now.AddMinutes(-1));
        var bytes = list.Build(signer, 1, now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-1));
        await File.WriteAllTextAsync(fixture.CrlFile + ".new", PemEncoding.WriteString("X509 CRL", bytes));
        File.Move(fixture.CrlFile + ".new", fixture.CrlFile, overwrite: true);
    }
}

using Ambient.Hosting.Health;
using Ambient.MeshProxy.Identity;
using Ambient.Tls.Revocation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.MeshProxy.Tests.Identity;

public sealed class RevocationsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-crl-").FullName;
    private readonly ReadinessTasks _readiness = new();

    private string FilePath => Path.Combine(_directory, "crl.pem");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_that_is_there_holds_nobody_up()
    {
        File.WriteAllText(FilePath, ""); // nothing is revoked

        using var revocations = Watch();

        Assert.True(_readiness.IsReady);
    }

    [Fact]
    public async Task Until_the_file_can_be_read_the_node_is_not_ready_and_says_why()
    {
        using var revocations = Watch();
        Assert.Contains(FilePath, Assert.Single(_readiness.Pending), StringComparison.Ordinal);

        await File.WriteAllTextAsync(FilePath, "");

        using var expiry = new CancellationTokenSource(Limit);
        while (!_readiness.IsReady)
        {
            expiry.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public void A_file_that_makes_no_sense_is_as_none()
    {
        File.WriteAllText(FilePath, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");

        using var revocations = Watch();

        Assert.False(_readiness.IsReady);
    }

    [Fact]
    public async Task What_changes_while_the_file_is_read_for_the_first_time_is_noticed()
    {
        using (var made = System.Diagnostics.Process.Start("mkfifo", [FilePath])) await made.WaitForExitAsync(); // whose reader waits for its writer
        var watching = Task.Run(Watch);
        await using (var first = new FileStream(FilePath, FileMode.Open, FileAccess.Write))
        {
            await File.WriteAllTextAsync(FilePath + ".new", "");
            File.Move(FilePath + ".new", FilePath, overwrite: true);
            await first.WriteAsync("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"u8.ToArray());
        }

        using var revocations = await watching;

        using var expiry = new CancellationTokenSource(Limit);
        while (!_readiness.IsReady)
        {
            expiry.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private Revocations Watch() => new(FilePath, new CrlStore(), static _ => { }, _readiness, NullLogger<Revocations>.Instance);
}

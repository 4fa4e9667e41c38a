using System.Runtime.CompilerServices;
using Ambient.Certificates.Authority;
using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Hbone.Tests;

public sealed class TlsIdentitiesTests : IDisposable
{
    private static readonly SpiffeId Web = new("cluster.local", "shop", "web");

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-identities-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task What_is_prepared_is_kept_as_long_as_the_store_keeps_the_certificate_and_no_longer()
    {
        using var authority = await LocalAuthority.OpenAsync(_directory.FullName, new(), TimeProvider.System, CancellationToken.None);
        await using var store = new CertificateStore(new DevelopmentAuthoritySource(authority, TimeSpan.FromHours(1)), new(),
            TimeProvider.System, new Random(1), NullLogger<CertificateStore>.Instance);
        var identities = new TlsIdentities(store, new TlsOptions());
        await store.GetAsync(Web, FetchPriority.RealTime, CancellationToken.None);
        await Task.Yield(); // leaves the frames that hold it

        var prepared = Prepare(identities);
        Collect();
        Assert.True(prepared.IsAlive);

        store.Forget(Web);
        Collect();
        Assert.False(prepared.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Prepare(TlsIdentities identities)
    {
        var found = identities.FindAsync(Web).AsTask(); // held already
        return new(found.Result.Identity);
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}

using Ambient.Certificates.Store;
using Ambient.Model.Identities;
using Ambient.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Certificates.Tests.Store;

/// <summary>A store with an authority that answers when the test says so.</summary>
public abstract class StoreScene : IAsyncLifetime
{
    protected static readonly SpiffeId Web = new("cluster.local", "shop", "web");
    protected static readonly SpiffeId Db = new("cluster.local", "shop", "db");

    private protected ManualTime Time { get; } = new();
    private protected CertificateStoreOptions Options { get; } = new();
    private protected TestSource Source { get; private set; } = null!;
    private protected CertificateStore Store { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Source = await TestSource.CreateAsync(Time);
        Store = NewStore();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Store.DisposeAsync();
        await Source.DisposeAsync();
    }

    private protected CertificateStore NewStore() =>
        new(Source, Options, Time, new Random(1), NullLogger<CertificateStore>.Instance);

    private protected Task<WorkloadCertificate> GetAsync(SpiffeId identity, FetchPriority priority = FetchPriority.RealTime) =>
        Store.GetAsync(identity, priority, default).AsTask();

    private protected static SpiffeId Id(string account) => new("cluster.local", "shop", account);

    private protected async Task<WorkloadCertificate> ObtainAsync(SpiffeId identity, TimeSpan? life = null)
    {
        var getting = GetAsync(identity);
        (await Source.NextAsync()).Succeed(life);
        return await getting;
    }

    private protected async Task FailAsync(SpiffeId identity)
    {
        var getting = GetAsync(identity);
        (await Source.NextAsync()).Fail();
        await Assert.ThrowsAsync<CertificateException>(() => getting);
    }

    private protected async Task ToNextFetchAsync()
    {
        await UntilAsync(() => Store.List()[0].NextFetch is not null);
        Time.Advance(Store.List()[0].NextFetch!.Value - Time.GetUtcNow());
    }

    private protected static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}

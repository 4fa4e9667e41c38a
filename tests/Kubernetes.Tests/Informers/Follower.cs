using System.Threading.Channels;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Kubernetes.Tests.Informers;

/// <summary>An informer that runs, and somebody who keeps a copy by nothing but what it tells.</summary>
internal sealed class Follower : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly Channel<ObjectChange<ConfigMap>> _changes = Channel.CreateUnbounded<ObjectChange<ConfigMap>>();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ScriptedApi _api;
    private readonly ApiClient _client;
    private readonly Task _running;

    public Follower(ScriptedApi api, InformerOptions<ConfigMap>? options = null, TimeProvider? time = null, Action<Informer<ConfigMap>>? prepare = null)
    {
        _api = api;
        _client = api.Client(time, configuration => configuration with
        {
            RequestsPerSecond = 100_000, Burst = 100_000, RequestTimeout = Timeout.InfiniteTimeSpan,
        });
        options ??= new() { PageSize = 2, FirstRetry = TimeSpan.FromMilliseconds(1), LongestRetry = TimeSpan.FromMilliseconds(5) };
        Informer = new(_client, ResourceTypes.ConfigMap, options, time ?? TimeProvider.System, new Random(1), NullLogger<Informer<ConfigMap>>.Instance);
        Informer.AddHandler(change => _changes.Writer.WriteAsync(change));
        prepare?.Invoke(Informer);
        _running = Informer.RunAsync(_stop.Token);
    }

    public Informer<ConfigMap> Informer { get; }

    /// <summary>What the changes that were read until now add up to.</summary>
    public Dictionary<string, ConfigMap> Copy { get; } = [];

    /// <summary>Reads changes up to and including the one that is asked for; each must fit what was told before.</summary>
    public async Task<ObjectChange<ConfigMap>> UntilAsync(ChangeKind kind, string name)
    {
        while (true)
        {
            var change = await NextAsync();
            if (change.Kind == kind && change.Name.Name == name) return change;
        }
    }

    public async Task<ObjectChange<ConfigMap>> NextAsync()
    {
        var change = await ReadAsync();
        var held = Copy.GetValueOrDefault(change.Name.Name);
        Assert.Same(held, change.Old);
        Assert.Equal(change.Kind, (change.Old, change.New) switch { (null, not null) => ChangeKind.Added, (not null, null) => ChangeKind.Deleted, _ => ChangeKind.Updated });
        if (change.New is { } value) Copy[change.Name.Name] = value;
        else Copy.Remove(change.Name.Name);
        return change;
    }

    // An informer that has ended or is stuck says so here rather than by a test that never ends.
    private async Task<ObjectChange<ConfigMap>> ReadAsync()
    {
        var read = _changes.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();
        if (await Task.WhenAny(read, _running, Task.Delay(Limit, TimeProvider.System)) == read) return await read;
        if (_running.IsCompleted) await _running;
        throw new TimeoutException($"No change within {Limit}: {Informer.Status}; the last of {_api.Requests.Count} requests was {_api.Requests.LastOrDefault()}");
    }

    /// <summary>Waits until everything that happened before has been told.</summary>
    /// <remarks>What a list finds gone is told after what it finds; so only a change after a deletion proves that deletions are through.</remarks>
    public async Task SettleAsync(ScriptedCluster cluster)
    {
        cluster.Put("zz-settle");
        await UntilAsync(ChangeKind.Added, "zz-settle");
        cluster.Delete("zz-settle");
        await UntilAsync(ChangeKind.Deleted, "zz-settle");
        cluster.Put("zz-settled");
        while (!Copy.ContainsKey("zz-settled")) await NextAsync();
        cluster.Delete("zz-settled");
        await UntilAsync(ChangeKind.Deleted, "zz-settled");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _client.Dispose();
        _stop.Dispose();
    }
}

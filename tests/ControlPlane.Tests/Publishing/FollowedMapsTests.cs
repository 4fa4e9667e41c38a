using System.Threading.Channels;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Publishing;

/// <summary>ConfigMaps that others refer to, against a cluster's API.</summary>
public sealed class FollowedMapsTests : IAsyncLifetime
{
    private static readonly ObjectName One = new("default", "one"), Two = new("default", "two"), First = new("default", "first"), Second = new("default", "second");

    private readonly string _kubeconfig = Path.GetTempFileName();
    private readonly Channel<(ChangeKind Kind, ObjectName Map, int Referrers)> _told = Channel.CreateUnbounded<(ChangeKind, ObjectName, int)>();
    private PlaygroundApi _cluster = null!;
    private ApiClient _api = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        await _cluster.WriteKubeconfigAsync(_kubeconfig);
        _api = new(ApiConfiguration.FromKubeconfig(_kubeconfig, TimeProvider.System), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await _cluster.DisposeAsync();
        File.Delete(_kubeconfig);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_map_is_told_before_it_is_found_and_until_the_last_who_names_it_lets_go()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var maps = Maps(end.Token);
        await CreateAsync(One);

        Assert.Equal([One], Names(await maps.FindAsync(First, [One])));
        Assert.True(_told.Reader.TryRead(out var told));
        Assert.Equal((ChangeKind.Added, One, 1), told);

        Assert.Equal([One, null], Names(await maps.FindAsync(Second, [One, Two])));
        await CreateAsync(Two);
        Assert.Equal((ChangeKind.Added, Two, 1), await _told.Reader.ReadAsync(Stop));

        await maps.FindAsync(First, []);
        await _api.MergePatchAsync(ResourceTypes.ConfigMap, One, """{"data":{"a":"b"}}"""u8.ToArray(), Stop);
        Assert.Equal((ChangeKind.Updated, One, 1), await _told.Reader.ReadAsync(Stop));

        await maps.FindAsync(Second, [Two]);
        Assert.True(_told.Reader.TryRead(out told));
        Assert.Equal((ChangeKind.Deleted, One, 0), told);
        Assert.Equal([One], Names(await maps.FindAsync(First, [One])));
        await end.CancelAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_one_namespace_no_more_are_followed_than_there_is_room_for()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var maps = Maps(end.Token, most: 1);
        await CreateAsync(One);
        await CreateAsync(Two);

        Assert.Equal([One, null], Names(await maps.FindAsync(First, [One, Two])));
        Assert.Equal([Two], Names(await maps.FindAsync(First, [Two])));
        await end.CancelAsync();
    }

    [Theory(Timeout = 60_000)]
    [InlineData("one,two")] // the API knows no such selector
    [InlineData("one=two")]
    [InlineData("one,metadata.name=one")]
    [InlineData("One")]
    public async Task What_can_be_no_map_is_not_waited_for(string name)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var maps = Maps(end.Token);
        await CreateAsync(One);

        Assert.Equal([null, One], Names(await maps.FindAsync(First, [One with { Name = name }, One])));
        await end.CancelAsync();
    }

    private FollowedMaps Maps(CancellationToken stop, int most = FollowedMaps.MostInNamespace) => new(_api,
        (change, referrers) => _told.Writer.WriteAsync((change.Kind, change.Name, referrers.Count), CancellationToken.None), TimeProvider.System, new Random(1), NullLoggerFactory.Instance, stop, most);

    private Task CreateAsync(ObjectName name) =>
        _api.CreateAsync(ResourceTypes.ConfigMap, new() { Metadata = new() { Namespace = name.Namespace, Name = name.Name } }, Stop);

    private static IEnumerable<ObjectName?> Names(IReadOnlyList<ConfigMap?> maps) => maps.Select(static map => map is null ? (ObjectName?)null : ObjectName.Of(map));
}

using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Ambient.Playground.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Kubernetes.Tests.Informers;

/// <summary>The client against an API server that was written without knowing it.</summary>
public sealed class PlaygroundTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_verb_works_over_plain_http_and_over_tls_with_a_service_accounts_token(bool tls)
    {
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var api = await ClientAsync(cluster, tls);
        var (type, name) = (ResourceTypes.ConfigMap, new ObjectName("default", "c"));

        var created = await api.CreateAsync(type, Map("c", "1"), Stop);
        var conflict = await Assert.ThrowsAsync<ApiException>(() => api.CreateAsync(type, Map("c", "1"), Stop));
        var replaced = await api.ReplaceAsync(type, created with { Data = new Dictionary<string, string> { ["k"] = "2" } }, Stop);
        var stale = await Assert.ThrowsAsync<ApiException>(() => api.ReplaceAsync(type, created, Stop));
        var patched = await api.MergePatchAsync(type, name, """{"data":{"k":null,"other":"3"}}"""u8.ToArray(), Stop);
        var applied = await api.ApplyAsync(type, Map("c", "4"), "test", force: true, Stop);
        var list = await api.ListAsync(type, new() { Namespace = "default", FieldSelector = "metadata.name=c" }, Stop);
        var wrong = await Assert.ThrowsAsync<ApiException>(() => api.DeleteAsync(type, name, Stop, expected: created));
        await api.DeleteAsync(type, name, Stop, expected: applied);

        Assert.Equal(("AlreadyExists", true), (conflict.Reason, conflict.IsConflict));
        Assert.True(stale.IsConflict && wrong.IsConflict);
        Assert.Equal("2", replaced.Data!["k"]);
        Assert.Equal(["other"], patched.Data!.Keys);
        Assert.Equal(["k", "other"], applied.Data!.Keys.Order());
        Assert.Equal(applied.Metadata.ResourceVersion, Assert.Single(list.Items).Metadata.ResourceVersion);
        Assert.Null(await api.FindAsync(type, name, Stop));
    }

    [Fact(Timeout = 60_000)]
    public async Task Tokens_are_reviewed_with_their_audience_and_pod()
    {
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var api = await ClientAsync(cluster, tls: true);
        var token = cluster.Tokens.Issue("default", "default", ["istio-ca"], TimeSpan.FromHours(1)).Token;

        var good = await api.ReviewTokenAsync(token, ["istio-ca"], Stop);
        var wrongAudience = await api.ReviewTokenAsync(token, ["other"], Stop);
        var nonsense = await api.ReviewTokenAsync("nonsense", ["istio-ca"], Stop);

        Assert.True(good.Authenticated);
        Assert.Equal("system:serviceaccount:default:default", good.User!.Username);
        Assert.Equal(["istio-ca"], good.Audiences);
        Assert.False(wrongAudience.Authenticated || nonsense.Authenticated);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_informer_keeps_up_with_two_thousand_changes_and_lost_history()
    {
        await using var cluster = await PlaygroundApi.StartAsync(new() { Controllers = false, Store = new() { HistoryLimit = 200 } });
        using var api = await ClientAsync(cluster, tls: false);
        var changes = Channel.CreateUnbounded<ObjectChange<ConfigMap>>();
        var options = new InformerOptions<ConfigMap>
        {
            Query = new() { Namespace = "default" }, PageSize = 50, FirstRetry = TimeSpan.FromMilliseconds(1), LongestRetry = TimeSpan.FromMilliseconds(10),
        };
        var informer = new Informer<ConfigMap>(api, ResourceTypes.ConfigMap, options, TimeProvider.System, new Random(1), NullLogger<Informer<ConfigMap>>.Instance);
        informer.AddHandler(change => changes.Writer.WriteAsync(change));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        for (var number = 0; number < 120; number++) await api.CreateAsync(ResourceTypes.ConfigMap, Map($"m{number}", "0"), Stop);
        var running = informer.RunAsync(stop.Token);

        var random = new Random(7);
        var kind = cluster.Store.Kinds.Get("", "ConfigMap");
        for (var change = 0; change < 2000; change++)
        {
            var name = $"m{random.Next(150)}";
            if (random.Next(3) == 0) await DeleteAsync(api, name);
            else await api.ApplyAsync(ResourceTypes.ConfigMap, Map(name, change.ToString(CultureInfo.InvariantCulture)), "test", force: true, Stop);
            if (random.Next(200) == 0) cluster.Store.Compact(kind);
        }

        var copy = await SettleAsync(api, changes.Reader);
        var truth = await api.ListAsync(ResourceTypes.ConfigMap, new() { Namespace = "default" }, Stop);
        await stop.CancelAsync();
        await running;

        Assert.Equal(truth.Items.Select(Text).Order(), copy.Values.Select(Text).Order());
        Assert.Equal(truth.Items.Select(Text).Order(), informer.All.Select(Text).Order());
        Assert.Null(informer.Status.LastError);
    }

    // Deletions that a list finds out are told after its additions: only a change after one proves that all is told.
    private static async Task<Dictionary<ObjectName, ConfigMap>> SettleAsync(ApiClient api, ChannelReader<ObjectChange<ConfigMap>> changes)
    {
        var copy = new Dictionary<ObjectName, ConfigMap>();
        await api.CreateAsync(ResourceTypes.ConfigMap, Map("zz-1", ""), Stop);
        await UntilAsync(ChangeKind.Added, "zz-1");
        await DeleteAsync(api, "zz-1");
        await UntilAsync(ChangeKind.Deleted, "zz-1");
        await api.CreateAsync(ResourceTypes.ConfigMap, Map("zz-2", ""), Stop);
        await UntilAsync(ChangeKind.Added, "zz-2");
        return copy;

        async Task UntilAsync(ChangeKind kind, string name)
        {
            await foreach (var change in changes.ReadAllAsync(Stop))
            {
                if (change.New is { } value) copy[change.Name] = value;
                else copy.Remove(change.Name);
                if (change.Kind == kind && change.Name.Name == name) return;
            }
        }
    }

    private static async Task DeleteAsync(ApiClient api, string name)
    {
        try { await api.DeleteAsync(ResourceTypes.ConfigMap, new("default", name), Stop); }
        catch (ApiException e) when (e.IsNotFound) { }
    }

    private static string Text(ConfigMap map) => $"{ObjectName.Of(map)} {map.Metadata.ResourceVersion} {map.Data?.GetValueOrDefault("k")}";

    private static ConfigMap Map(string name, string value) =>
        new() { Metadata = new() { Name = name, Namespace = "default" }, Data = new Dictionary<string, string> { ["k"] = value } };

    private static async Task<ApiClient> ClientAsync(PlaygroundApi cluster, bool tls)
    {
        var path = Path.GetTempFileName();
        if (cluster.Store.Find(cluster.Store.Kinds.Get("", "ServiceAccount"), "default", "default") is null)
            cluster.Store.Create(JsonNode.Parse("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"default","namespace":"default"}}""")!.AsObject());
        if (tls) await cluster.WriteKubeconfigAsync(path, "default", "default");
        else await cluster.WriteKubeconfigAsync(path);
        var configuration = ApiConfiguration.FromKubeconfig(path, TimeProvider.System);
        File.Delete(path);
        return new(configuration with { RequestsPerSecond = 100_000, Burst = 100_000 }, TimeProvider.System);
    }
}

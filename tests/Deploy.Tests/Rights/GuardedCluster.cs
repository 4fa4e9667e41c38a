using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Documents;

namespace Ambient.Deploy.Tests.Rights;

/// <summary>A cluster's API in which only roles count, with the manifest applied, that remembers what an account was let do.</summary>
internal sealed class GuardedCluster : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Account, Permission Done), byte> _done = new();
    private readonly TemporaryDirectory _home = new();

    private GuardedCluster() { }

    public PlaygroundApi Api { get; private set; } = null!;

    /// <param name="manifest">The default: the one in the repository.</param>
    public static async Task<GuardedCluster> StartAsync(IReadOnlyList<JsonObject>? manifest = null)
    {
        var cluster = new GuardedCluster();
        cluster.Api = await PlaygroundApi.StartAsync(new() { Controllers = false, EnforcesRoles = true, Allowed = cluster.Remember });
        foreach (var document in manifest ?? Checkout.Manifest()) cluster.Api.Store.Create(document);
        return cluster;
    }

    public string PathOf(string file) => _home.PathOf(file);

    public void Create(string yaml)
    {
        foreach (var document in Yaml.ParseAll(yaml)) Api.Store.Create((JsonObject)document);
    }

    public async Task<string> KubeconfigAsync(string account)
    {
        await Api.WriteKubeconfigAsync(PathOf(account), "istio-system", account);
        return PathOf(account);
    }

    /// <summary>What the manifest gives the account and it has not used yet.</summary>
    public IReadOnlyList<Right> Unused(string account)
    {
        var done = _done.Keys.Where(one => one.Account == $"system:serviceaccount:istio-system:{account}").Select(one => one.Done).ToList();
        return [.. Right.Of(Checkout.Manifest(), account).Where(right => !done.Any(right.Covers))];
    }

    /// <summary>Returns once every right was used.</summary>
    /// <exception cref="Lab.LabException">Some were not; they are named.</exception>
    public Task UsedAsync(string account, Daemon program) => Until.TrueAsync(() => Task.FromResult(Unused(account).Count == 0),
        () => $"{account} uses: {string.Join("; ", Unused(account))}. Its log ends with:\n{program.LogTail(20)}", TimeSpan.FromSeconds(90));

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        _home.Dispose();
    }

    private void Remember(Caller caller, Permission permission) => _done.TryAdd((caller.Name, permission), 0);
}

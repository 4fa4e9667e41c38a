using System.Collections.Concurrent;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Authority;

/// <summary>What is published in every namespace.</summary>
/// <param name="Name">Of the ConfigMap.</param>
/// <param name="Key">Its one key.</param>
/// <param name="Content">The text now; null while there is none: then nothing is published, and what was is left alone until there is.</param>
internal sealed record PublishedText(string Name, string Key, Func<string?> Content)
{
    public static PublishedText Roots(CertificateAuthority authority) =>
        new("istio-ca-root-cert", "root-cert.pem", () => authority.InForce?.RootsPem);

    public static PublishedText Revocations(AuthorityController controller) =>
        new("istio-ca-crl", "ca-crl.pem", () => controller.Revocations);
}

/// <summary>Keeps one ConfigMap the same in every namespace that should have it: made, renewed, restored when somebody edits or deletes it.</summary>
/// <remarks>Only the leading replica writes. Fields and keys that others add are left alone (server-side apply).</remarks>
internal sealed partial class ConfigMapPublisher
{
    public const string Label = "istio.io/config";

    private const string FieldManager = "ambient-trust-bundle";
    private const int AtOnce = 8;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1), LongestRetry = TimeSpan.FromSeconds(30);

    private readonly ApiClient _api;
    private readonly PublishedText _text;
    private readonly Informer<Namespace> _namespaces;
    private readonly Informer<ConfigMap> _published;
    private readonly HashSet<string> _without;
    private readonly Func<bool> _leads;
    private readonly TimeProvider _time;
    private readonly ILogger<ConfigMapPublisher> _logger;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _lock = new();
    private HashSet<string> _toCheck = [];

    /// <param name="namespaces">Not started yet: a handler is added. The same holds for <paramref name="published"/>.</param>
    /// <param name="published">All ConfigMaps of the text's name; see <see cref="QueryFor"/>.</param>
    /// <param name="without">Namespaces that get none.</param>
    public ConfigMapPublisher(ApiClient api, PublishedText text, Informer<Namespace> namespaces, Informer<ConfigMap> published,
        IEnumerable<string> without, Func<bool> leads, TimeProvider time, ILogger<ConfigMapPublisher> logger)
    {
        (_api, _text, _namespaces, _published, _without) = (api, text, namespaces, published, [.. without]);
        (_leads, _time, _logger) = (leads, time, logger);
        namespaces.AddHandler(change => { Check(change.Name.Name); return ValueTask.CompletedTask; });
        published.AddHandler(change => { Check(change.Name.Namespace); return ValueTask.CompletedTask; });
    }

    public static ObjectQuery QueryFor(PublishedText text) => new() { FieldSelector = $"metadata.name={text.Name}" };

    /// <summary>The text or the leadership has changed: every namespace is looked at.</summary>
    public void CheckAll()
    {
        foreach (var one in _namespaces.All)
            Check(one.Metadata.Name);
    }

    /// <summary>Publishes until <paramref name="stop"/> fires; what fails is tried again.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Task.WhenAll(_namespaces.Synced, _published.Synced).WaitAsync(stop);
            CheckAll();
            await PublishAllAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    // What fails is tried again later, and holds up nobody meanwhile.
    private async Task PublishAllAsync(CancellationToken stop)
    {
        var (failed, pause, retry) = (new HashSet<string>(), FirstRetry, (Task?)null);
        while (true)
        {
            await WokenAsync(retry, stop);
            var names = Take();
            if (retry is { IsCompleted: true })
            {
                names.UnionWith(failed);
                retry = null;
            }

            failed.ExceptWith(names);
            failed.UnionWith(await PublishAsync(names, stop));
            if (failed.Count == 0) (pause, retry) = (FirstRetry, null);
            else if (retry is null) (retry, pause) = (Task.Delay(pause, _time, stop), pause * 2 < LongestRetry ? pause * 2 : LongestRetry);
        }
    }

    private async Task WokenAsync(Task? retry, CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var woken = _wake.WaitAsync(ended.Token);
        await (retry is null ? woken : Task.WhenAny(woken, retry));
        await ended.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private void Check(string @namespace)
    {
        lock (_lock)
            _toCheck.Add(@namespace);
        Wake();
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
            _wake.Release();
    }

    private HashSet<string> Take()
    {
        lock (_lock)
        {
            var taken = _toCheck;
            _toCheck = [];
            return taken;
        }
    }

    /// <returns>Those that have to be tried again.</returns>
    private async Task<IReadOnlyCollection<string>> PublishAsync(HashSet<string> names, CancellationToken stop)
    {
        if (!_leads() || _text.Content() is not { } content)
            return [];

        var failed = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(names.Where(name => Needs(name, content)), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop },
            async (name, cancel) =>
            {
                if (!await TryApplyAsync(name, content, cancel))
                    failed.Add(name);
            });
        return failed;
    }

    private bool Needs(string name, string content) =>
        !_without.Contains(name) && _namespaces.Find(new("", name)) is { Metadata.DeletionTimestamp: null, Status.Phase: not "Terminating" } &&
        (_published.Find(new(name, _text.Name)) is not { } map || map.Metadata.Label(Label) != "true" ||
            map.Data?.GetValueOrDefault(_text.Key) != content);

    private async Task<bool> TryApplyAsync(string name, string content, CancellationToken stop)
    {
        try
        {
            await _api.ApplyAsync(ResourceTypes.ConfigMap, new ConfigMap
            {
                Metadata = new() { Name = _text.Name, Namespace = name, Labels = new Dictionary<string, string> { [Label] = "true" } },
                Data = new Dictionary<string, string> { [_text.Key] = content },
            }, FieldManager, force: true, stop);
            Log.Published(_logger, _text.Name, name);
            return true;
        }
        catch (ApiException error)
        {
            if (error.IsNotFound)
                return true; // the namespace went meanwhile
            Log.Failed(_logger, _text.Name, name, error.Message);
            return false;
        }
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1143.
    private static partial class Log
    {
        [LoggerMessage(1141, LogLevel.Debug, "{ConfigMap} published in {Namespace}")]
        public static partial void Published(ILogger logger, string configMap, string @namespace);

        [LoggerMessage(1142, LogLevel.Warning, "{ConfigMap} could not be published in {Namespace}, trying again: {Error}")]
        public static partial void Failed(ILogger logger, string configMap, string @namespace, string error);
    }
}

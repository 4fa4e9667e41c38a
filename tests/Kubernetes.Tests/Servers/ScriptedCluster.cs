using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Ambient.Kubernetes.Tests.Servers;

/// <summary>ConfigMaps with a history, and everything that can happen to those who follow them: breaks, lost history, expired pages.</summary>
internal sealed class ScriptedCluster : IAsyncDisposable
{
    private sealed record Change(int Version, string Type, string Json);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, (int Version, string Json)> _objects = new(StringComparer.Ordinal);
    private readonly List<Change> _history = [];
    private readonly Dictionary<string, (int Version, string[] Items)> _pages = [];
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _break = new();
    private ScriptedApi? _api;
    private int _version = 1, _oldest = 1, _bookmarks, _uids;

    public static async Task<ScriptedCluster> StartAsync()
    {
        var cluster = new ScriptedCluster();
        cluster._api = await ScriptedApi.StartAsync(cluster.AnswerAsync, null);
        return cluster;
    }

    public ScriptedApi Api => _api!;

    /// <summary>Resource versions by name, now.</summary>
    public Dictionary<string, string> Versions
    {
        get { lock (_gate) return _objects.ToDictionary(pair => pair.Key, pair => Text(pair.Value.Version)); }
    }

    /// <summary>While true, the cluster does not know the kind.</summary>
    public bool KindIsMissing { get; set; }

    public void Put(string name) => Do(() =>
    {
        var exists = _objects.TryGetValue(name, out var old);
        var uid = exists ? Uid(old.Json) : Text(++_uids);
        var version = ++_version;
        var json = $$$"""{"metadata":{"name":"{{{name}}}","namespace":"n","uid":"{{{uid}}}","resourceVersion":"{{{version}}}"}}""";
        _objects[name] = (version, json);
        _history.Add(new(version, exists ? "MODIFIED" : "ADDED", json));
    });

    public void PutRaw(string name, string json) => Do(() =>
    {
        var version = ++_version;
        var type = _objects.ContainsKey(name) ? "MODIFIED" : "ADDED";
        _objects[name] = (version, json.Replace("?", Text(version), StringComparison.Ordinal));
        _history.Add(new(version, type, _objects[name].Json));
    });

    public void Delete(string name) => Do(() =>
    {
        if (!_objects.Remove(name, out var old)) return;
        _history.Add(new(++_version, "DELETED", old.Json.Replace($"\"resourceVersion\":\"{old.Version}\"", $"\"resourceVersion\":\"{_version}\"", StringComparison.Ordinal)));
    });

    /// <summary>All watches hear that time has passed.</summary>
    public void Bookmark() => Do(() => _history.Add(new(++_version, "BOOKMARK", $$$"""{"metadata":{"resourceVersion":"{{{_version}}}"}}""")));

    /// <summary>Whoever has not seen the present cannot continue from where it was; pages under way expire.</summary>
    public void Forget() => Do(() =>
    {
        _oldest = _version;
        _pages.Clear();
    });

    /// <summary>Cuts all connections.</summary>
    public void Break()
    {
        CancellationTokenSource old;
        lock (_gate) (old, _break) = (_break, new());
        old.Cancel();
    }

    public ValueTask DisposeAsync() => Api.DisposeAsync();

    private void Do(Action change)
    {
        TaskCompletionSource moved;
        lock (_gate)
        {
            change();
            (moved, _moved) = (_moved, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        moved.SetResult();
    }

    private Task AnswerAsync(HttpContext context)
    {
        if (KindIsMissing) return ScriptedApi.Status(404, "NotFound", "the server could not find the requested resource")(context);
        return context.Request.Query.ContainsKey("watch") ? WatchAsync(context) : ListAsync(context);
    }

    private async Task ListAsync(HttpContext context)
    {
        var (query, more) = (context.Request.Query, "");
        string[] items;
        int version;
        lock (_gate)
        {
            if (query.TryGetValue("continue", out var token))
            {
                if (!_pages.Remove(token.ToString(), out var page)) (version, items) = (0, []);
                else (version, items) = page;
            }
            else (version, items) = (_version, [.. _objects.Values.Select(item => item.Json)]);

            if (query.TryGetValue("limit", out var limit) && int.Parse(limit.ToString(), CultureInfo.InvariantCulture) is var size && items.Length > size)
            {
                more = $"token-{++_bookmarks}";
                _pages[more] = (version, items[size..]);
                items = items[..size];
            }
        }

        if (version == 0) await ScriptedApi.Status(410, "Expired", "The provided continue parameter is too old")(context);
        else await ScriptedApi.Json($$$"""{"metadata":{"resourceVersion":"{{{version}}}","continue":"{{{more}}}"},"items":[{{{string.Join(',', items)}}}]}""")(context);
    }

    private async Task WatchAsync(HttpContext context)
    {
        var from = int.Parse(context.Request.Query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        CancellationToken broken;
        lock (_gate) broken = _break.Token;
        await context.Response.Body.FlushAsync();
        while (!context.RequestAborted.IsCancellationRequested)
        {
            var (changes, moved, expired) = Since(from);
            if (expired) changes = [new(from, "ERROR", """{"kind":"Status","status":"Failure","message":"too old resource version","reason":"Expired","code":410}""")];
            foreach (var change in changes)
            {
                if (broken.IsCancellationRequested) break;
                await SendAsync(context, change, () => broken.IsCancellationRequested);
                from = change.Version;
            }

            if (expired) return;
            if (!broken.IsCancellationRequested) await Task.WhenAny(moved, WhenCanceled(broken), WhenCanceled(context.RequestAborted));
            if (!broken.IsCancellationRequested) continue;
            context.Abort();
            return;
        }
    }

    // A break may come in the middle of a line.
    private static async Task SendAsync(HttpContext context, Change change, Func<bool> isBroken)
    {
        var line = Encoding.UTF8.GetBytes($$$"""{"type":"{{{change.Type}}}","object":{{{change.Json}}}}""" + "\n");
        await context.Response.Body.WriteAsync(line.AsMemory(0, line.Length / 2));
        await context.Response.Body.FlushAsync();
        if (!isBroken()) await context.Response.Body.WriteAsync(line.AsMemory(line.Length / 2));
        await context.Response.Body.FlushAsync();
    }

    private (List<Change> Changes, Task Moved, bool Expired) Since(int version)
    {
        lock (_gate) return (_history.Where(change => change.Version > version).ToList(), _moved.Task, version < _oldest);
    }

    private static Task WhenCanceled(CancellationToken token)
    {
        var canceled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // not on the thread of who breaks
        token.Register(canceled.SetResult);
        return canceled.Task;
    }

    private static string Uid(string json) => json.Split("\"uid\":\"")[1].Split('"')[0];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

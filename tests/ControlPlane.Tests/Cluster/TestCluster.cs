using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Tests.Cluster;

/// <summary>As much of an API server as the authority needs, over real HTTP: objects by path, versions, watches, TokenReview as the test says.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<Watcher> _watchers = [];
    private readonly WebApplication _server;
    private int _version = 1;

    private TestCluster(WebApplication server) => _server = server;

    public Uri Url { get; private set; } = null!;

    /// <summary>What the API says about a token.</summary>
    public Func<string, TokenReviewStatus> Review { get; set; } = static _ => new();

    public int Reviews;

    /// <summary>Requests that <see cref="Failing"/> has answered.</summary>
    public int Refused;

    /// <summary>While set, every request is answered with it.</summary>
    public int? Failing { get; set; }

    /// <summary>A namespace whose administrator refuses everything that is written there.</summary>
    public string? Closed { get; set; }

    public static async Task<TestCluster> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var server = builder.Build();
        var cluster = new TestCluster(server);
        server.Run(cluster.AnswerAsync);
        await server.StartAsync();
        cluster.Url = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return cluster;
    }

    public ApiClient Client() => new(new ApiConfiguration { Server = Url, RequestsPerSecond = 100_000, Burst = 100_000 }, TimeProvider.System);

    public T? Find<T>(ResourceType<T> type, ObjectName name) where T : KubernetesObject
    {
        lock (_gate) return _objects.TryGetValue(type.Path(name), out var found) ? found.Deserialize(type.Json) : null;
    }

    public void Put<T>(ResourceType<T> type, T value) where T : KubernetesObject =>
        Store(type.Path(ObjectName.Of(value)), JsonSerializer.SerializeToNode(value, type.Json)!.AsObject());

    public void Delete<T>(ResourceType<T> type, ObjectName name) where T : KubernetesObject => Remove(type.Path(name));

    public async ValueTask DisposeAsync()
    {
        foreach (var watcher in _watchers) watcher.Events.Writer.TryComplete();
        await _server.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var (path, method) = (http.Request.Path.Value!, http.Request.Method);
        var isClosed = method != "GET" && Closed is not null && path.Contains($"/namespaces/{Closed}/", StringComparison.Ordinal);
        if ((isClosed ? 403 : Failing) is { } code)
        {
            Interlocked.Increment(ref Refused);
            await StatusAsync(http, code, "Scripted");
        }
        else if (path.EndsWith("/tokenreviews", StringComparison.Ordinal)) await ReviewAsync(http);
        else if (method == "POST") await CreateAsync(http, path);
        else if (method == "PUT") await ReplaceAsync(http, path);
        else if (method == "PATCH") await ApplyAsync(http, path);
        else if (http.Request.Query["watch"] == "true") await WatchAsync(http, path);
        else if (IsCollection(path)) await ListAsync(http, path);
        else await GetAsync(http, path);
    }

    private async Task ReviewAsync(HttpContext http)
    {
        Interlocked.Increment(ref Reviews);
        var review = await JsonSerializer.DeserializeAsync(http.Request.Body, ResourceTypes.TokenReview.Json);
        await WriteAsync(http, JsonSerializer.SerializeToNode(review! with { Status = Review(review.Spec!.Token) }, ResourceTypes.TokenReview.Json)!, 201);
    }

    private async Task CreateAsync(HttpContext http, string collection)
    {
        var value = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        var path = $"{collection}/{value["metadata"]!["name"]}";
        bool exists;
        lock (_gate) exists = _objects.ContainsKey(path);
        if (exists) await StatusAsync(http, 409, "AlreadyExists");
        else await WriteAsync(http, Store(path, value), 201);
    }

    private async Task ReplaceAsync(HttpContext http, string path)
    {
        var value = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        JsonObject? stored = null;
        lock (_gate)
            if (_objects.TryGetValue(path, out var held) && (string?)held["metadata"]!["resourceVersion"] == (string?)value["metadata"]!["resourceVersion"])
                stored = Store(path, value);
        if (stored is null) await StatusAsync(http, 409, "Conflict");
        else await WriteAsync(http, stored);
    }

    private async Task ApplyAsync(HttpContext http, string path)
    {
        var value = (await JsonNode.ParseAsync(http.Request.Body))!.AsObject();
        JsonObject merged;
        lock (_gate)
        {
            merged = _objects.TryGetValue(path, out var held) ? held.DeepClone().AsObject() : [];
            Merge(merged, value);
            merged = Store(path, merged);
        }
        await WriteAsync(http, merged);
    }

    private async Task GetAsync(HttpContext http, string path)
    {
        JsonObject? found;
        lock (_gate) found = _objects.GetValueOrDefault(path);
        if (found is null) await StatusAsync(http, 404, "NotFound");
        else await WriteAsync(http, found);
    }

    private async Task ListAsync(HttpContext http, string path)
    {
        JsonObject list;
        lock (_gate)
            list = new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture) },
                ["items"] = new JsonArray([.. _objects.Where(one => Selects(path, http, one.Key, one.Value)).Select(one => one.Value.DeepClone())]),
            };
        await WriteAsync(http, list);
    }

    private async Task WatchAsync(HttpContext http, string path)
    {
        var watcher = new Watcher((key, value) => Selects(path, http, key, value));
        var since = int.Parse((string?)http.Request.Query["resourceVersion"] ?? "0", CultureInfo.InvariantCulture);
        lock (_gate)
        {
            foreach (var (key, value) in _objects)
                if (watcher.Selects(key, value) && int.Parse((string)value["metadata"]!["resourceVersion"]!, CultureInfo.InvariantCulture) > since)
                    watcher.Tell("ADDED", value);
            _watchers.Add(watcher);
        }
        http.Response.ContentType = "application/json";
        try
        {
            await http.Response.Body.FlushAsync(http.RequestAborted);
            await foreach (var line in watcher.Events.Reader.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync(line + "\n", http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // the client left
        }
    }

    private JsonObject Store(string path, JsonObject value)
    {
        lock (_gate)
        {
            var (exists, metadata) = (_objects.ContainsKey(path), value["metadata"]!.AsObject());
            metadata["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
            metadata["uid"] ??= $"uid-{_version}";
            _objects[path] = value;
            foreach (var watcher in _watchers.Where(one => one.Selects(path, value))) watcher.Tell(exists ? "MODIFIED" : "ADDED", value);
            return value.DeepClone().AsObject();
        }
    }

    private void Remove(string path)
    {
        lock (_gate)
        {
            if (!_objects.Remove(path, out var value)) return;
            value["metadata"]!["resourceVersion"] = (++_version).ToString(CultureInfo.InvariantCulture);
            foreach (var watcher in _watchers.Where(one => one.Selects(path, value))) watcher.Tell("DELETED", value);
        }
    }

    // /api/v1/pods lists pods of all namespaces; /api/v1/namespaces/x/pods those of one.
    private static bool Selects(string collection, HttpContext http, string key, JsonObject value)
    {
        var plural = collection[(collection.LastIndexOf('/') + 1)..];
        var parent = key[..key.LastIndexOf('/')];
        if (!parent.EndsWith($"/{plural}", StringComparison.Ordinal)) return false;
        if (collection.Contains("/namespaces/", StringComparison.Ordinal) && parent != collection) return false;
        return ((string?)http.Request.Query["fieldSelector"])?.Split('=') switch
        {
            ["metadata.name", var name] => (string?)value["metadata"]!["name"] == name,
            ["spec.nodeName", var node] => (string?)value["spec"]?["nodeName"] == node,
            _ => true,
        };
    }

    private static bool IsCollection(string path) => path.Split('/') is var parts &&
        parts[^1] is "pods" or "namespaces" or "secrets" or "configmaps" && parts[^2] is "v1" || parts is [.., "namespaces", _, "pods" or "secrets" or "configmaps"];

    private static void Merge(JsonObject into, JsonObject patch)
    {
        foreach (var (name, value) in patch)
            if (value is JsonObject inner && into[name] is JsonObject held) Merge(held, inner);
            else into[name] = value?.DeepClone();
    }

    private static Task StatusAsync(HttpContext http, int code, string reason) =>
        WriteAsync(http, new JsonObject { ["kind"] = "Status", ["reason"] = reason, ["message"] = "scripted", ["code"] = code }, code);

    private static async Task WriteAsync(HttpContext http, JsonNode json, int code = 200)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(json.ToJsonString());
    }

    private sealed class Watcher(Func<string, JsonObject, bool> selects)
    {
        public Channel<string> Events { get; } = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public bool Selects(string key, JsonObject value) => selects(key, value);

        public void Tell(string type, JsonObject value) =>
            Events.Writer.TryWrite(new JsonObject { ["type"] = type, ["object"] = value.DeepClone() }.ToJsonString());
    }
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Tests.Api;

/// <summary>An API server without controllers, and a plain HTTP client of it.</summary>
internal sealed class TestApi : IAsyncDisposable
{
    private TestApi(PlaygroundApi api)
    {
        Server = api;
        Http = new HttpClient { BaseAddress = new Uri(api.Url) };
    }

    public PlaygroundApi Server { get; }

    public HttpClient Http { get; }

    public ObjectStore Store => Server.Store;

    public static async Task<TestApi> StartAsync(PlaygroundApiOptions? options = null) =>
        new(await PlaygroundApi.StartAsync((options ?? new()) with { Controllers = false }));

    public ResourceKind Kind(string group, string kind) => Store.Kinds.Get(group, kind);

    public ResourceKind Maps => Kind("", "ConfigMap");

    public async Task<(int Status, JsonObject Body)> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json", string accept = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, JsonNode.Parse(text)!.AsObject());
    }

    public Task<(int Status, JsonObject Body)> GetAsync(string path, string accept = "application/json") => SendAsync(HttpMethod.Get, path, accept: accept);

    public Task<(int Status, JsonObject Body)> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    public StoredObject Map(string name, string ns = "default", string data = "{}") => Store.Create(
        JsonNode.Parse($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{name}}","namespace":"{{ns}}"},"data":{{data}}}""")!.AsObject());

    public StoredObject Create(string json) => Store.Create(JsonNode.Parse(json)!.AsObject());

    public async Task<WatchLines> WatchAsync(string path) =>
        new(await Http.GetStreamAsync(path));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>The events of a watch, one after another.</summary>
internal sealed class WatchLines(Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream);

    /// <returns>Null at the end of the watch.</returns>
    public async Task<(string Type, JsonObject Object)?> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        if (await _reader.ReadLineAsync(limit.Token) is not { } line) return null;
        var written = JsonNode.Parse(line)!;
        return (written["type"]!.GetValue<string>(), written["object"]!.AsObject());
    }

    public async Task<string> NextNameAsync() => await NextAsync() is var (type, value) ? $"{type} {value["metadata"]?["name"]?.GetValue<string>()}" : "end";

    public void Dispose() => _reader.Dispose();
}

using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>The Kubernetes API, typed. Thread-safe; one for a process, so that its request rate holds.</summary>
/// <remarks>Every method throws <see cref="ApiException"/> when the API refuses or cannot be reached, and <see cref="OperationCanceledException"/>
/// when its token fires. What asks to be sent later (429, 503 with Retry-After) is sent again, up to four times.</remarks>
public sealed partial class ApiClient : IDisposable
{
    private readonly ApiConfiguration _configuration;
    private readonly ApiTransport _transport;
    private readonly TimeProvider _time;

    /// <param name="userAgent">Product and version, as the API's audit log shows it.</param>
    public ApiClient(ApiConfiguration configuration, TimeProvider time, string userAgent = "ambient")
    {
        (_configuration, _time) = (configuration, time);
        _transport = new(configuration, userAgent, time);
    }

    public Task<T> GetAsync<T>(ResourceType<T> type, ObjectName name, CancellationToken stop) where T : KubernetesObject =>
        ExchangeAsync(new(HttpMethod.Get, type.Path(name)), type.Json, stop);

    /// <returns>Null if there is none.</returns>
    public async Task<T?> FindAsync<T>(ResourceType<T> type, ObjectName name, CancellationToken stop) where T : KubernetesObject
    {
        try { return await GetAsync(type, name, stop); }
        catch (ApiException e) when (e.IsNotFound) { return null; }
    }

    /// <returns>As stored.</returns>
    public Task<T> CreateAsync<T>(ResourceType<T> type, T value, CancellationToken stop) where T : KubernetesObject =>
        ExchangeAsync(new(HttpMethod.Post, type.Path(value.Metadata.Namespace), Encode(type, value)), type.Json, stop);

    /// <summary>Writes the whole object. With a resource version it is refused (409) if the object has changed since.</summary>
    public Task<T> ReplaceAsync<T>(ResourceType<T> type, T value, CancellationToken stop) where T : KubernetesObject =>
        ExchangeAsync(new(HttpMethod.Put, type.Path(ObjectName.Of(value)), Encode(type, value)), type.Json, stop);

    /// <summary>Writes the status only; the rest of <paramref name="value"/> is ignored.</summary>
    public Task<T> ReplaceStatusAsync<T>(ResourceType<T> type, T value, CancellationToken stop) where T : KubernetesObject =>
        ExchangeAsync(new(HttpMethod.Put, type.Path(ObjectName.Of(value), "status"), Encode(type, value)), type.Json, stop);

    /// <param name="patch">JSON merge patch (RFC 7396): null removes, what is not named stays.</param>
    public Task<T> MergePatchAsync<T>(ResourceType<T> type, ObjectName name, ReadOnlyMemory<byte> patch, CancellationToken stop)
        where T : KubernetesObject =>
        ExchangeAsync(MergePatch(type.Path(name), patch), type.Json, stop);

    /// <summary>As <see cref="MergePatchAsync"/>, for the status only.</summary>
    public Task<T> MergePatchStatusAsync<T>(ResourceType<T> type, ObjectName name, ReadOnlyMemory<byte> patch, CancellationToken stop)
        where T : KubernetesObject =>
        ExchangeAsync(MergePatch(type.Path(name, "status"), patch), type.Json, stop);

    /// <summary>The same for a kind of which no more is known; the answer is not read.</summary>
    public Task MergePatchStatusAsync(ResourceKind kind, ObjectName name, ReadOnlyMemory<byte> patch, CancellationToken stop) =>
        ExchangeAsync(MergePatch(kind.Path(name, "status"), patch), static (_, _) => Task.FromResult(true), stop);

    /// <summary>Server-side apply: these fields shall be so, what we applied before and leave out now goes, what others own stays.</summary>
    /// <param name="fieldManager">Under which our fields are kept apart from other people's.</param>
    /// <param name="force">Take over fields that others own, instead of being refused with 409.</param>
    public Task<T> ApplyAsync<T>(ResourceType<T> type, T value, string fieldManager, bool force, CancellationToken stop) where T : KubernetesObject =>
        ExchangeAsync(Apply(type.Path(ObjectName.Of(value)), Encode(type, value), fieldManager, force), type.Json, stop);

    /// <summary>Server-side apply of an object whose text the caller has made, taking over fields that others own; the answer is not read.</summary>
    /// <param name="json">The object with <c>apiVersion</c>, <c>kind</c>, <c>metadata.name</c> and the fields that shall be ours.</param>
    public Task ApplyAsync(ResourceKind kind, ObjectName name, ReadOnlyMemory<byte> json, string fieldManager, CancellationToken stop) =>
        ExchangeAsync(Apply(kind.Path(name), json, fieldManager, force: true), static (_, _) => Task.FromResult(true), stop);

    /// <summary>As <see cref="ApplyAsync{T}"/>, for the status only.</summary>
    public Task<T> ApplyStatusAsync<T>(ResourceType<T> type, T value, string fieldManager, bool force, CancellationToken stop)
        where T : KubernetesObject =>
        ExchangeAsync(Apply(type.Path(ObjectName.Of(value), "status"), Encode(type, value), fieldManager, force), type.Json, stop);

    /// <summary>Server-side apply of a status whose text the caller has made; the answer is not read.</summary>
    /// <param name="json">The object with <c>apiVersion</c>, <c>kind</c>, <c>metadata.name</c> and the fields that shall be ours.</param>
    public Task ApplyStatusAsync(
        ResourceKind kind, ObjectName name, ReadOnlyMemory<byte> json, string fieldManager, bool force, CancellationToken stop) =>
        ExchangeAsync(Apply(kind.Path(name, "status"), json, fieldManager, force), static (_, _) => Task.FromResult(true), stop);

    /// <param name="expected">If given, only this very object is deleted (409 otherwise): its uid and resource version are compared.</param>
    public Task DeleteAsync<T>(ResourceType<T> type, ObjectName name, CancellationToken stop, T? expected = null, Propagation? propagation = null)
        where T : KubernetesObject
    {
        var options = new DeleteOptions
        {
            PropagationPolicy = propagation?.ToString(),
            Preconditions = expected is null ? null : new(expected.Metadata.Uid, expected.Metadata.ResourceVersion),
        };
        var body = JsonSerializer.SerializeToUtf8Bytes(options, ClientJson.Default.DeleteOptions);
        return ExchangeAsync(new(HttpMethod.Delete, type.Path(name), body), static (_, _) => Task.FromResult(true), stop);
    }

    public void Dispose() => _transport.Dispose();

    private static byte[] Encode<T>(ResourceType<T> type, T value) where T : KubernetesObject
    {
        KubernetesObject named = value with { ApiVersion = type.ApiVersion, Kind = type.Kind };
        return JsonSerializer.SerializeToUtf8Bytes((T)named, type.Json);
    }

    private static ApiRequest MergePatch(string path, ReadOnlyMemory<byte> patch) =>
        new(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    // JSON is YAML, and this media type is the one that every API server takes.
    private static ApiRequest Apply(string path, ReadOnlyMemory<byte> json, string fieldManager, bool force) => new(
        HttpMethod.Patch,
        new QueryText(path).Add("fieldManager", fieldManager).Add("force", force ? "true" : "false").ToString(),
        json, "application/apply-patch+yaml");

    private Task<R> ExchangeAsync<R>(ApiRequest request, JsonTypeInfo<R> json, CancellationToken stop) => ExchangeAsync(request, async (body, limit) =>
    {
        var text = await ReadBoundedAsync(body, limit);
        return JsonSerializer.Deserialize(text.Span, json) ?? throw new JsonException("the answer is null");
    }, stop);

    private Task<R> ExchangeAsync<R>(ApiRequest request, Func<Stream, CancellationToken, Task<R>> read, CancellationToken stop) =>
        ExchangeAsync(request, read, _configuration.RequestTimeout, stop);

    private async Task<R> ExchangeAsync<R>(ApiRequest request, Func<Stream, CancellationToken, Task<R>> read, TimeSpan timeout, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(timeout, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            using var response = await _transport.SendAsync(request, limit.Token);
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            return await read(body, limit.Token);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            throw TimedOut(request, timeout, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException) { throw _transport.Unreachable(request, e); }
        catch (Exception e) when (e is JsonException or InvalidDataException or NotSupportedException)
        {
            throw new ApiException(System.Net.HttpStatusCode.OK, ApiException.Malformed, $"{request}: the answer could not be read: {e.Message}", e);
        }
    }

    private ApiException TimedOut(ApiRequest request, TimeSpan limit, Exception cause) => new(0, ApiException.TimedOut,
        $"{request}: {_configuration.Server} gave no complete answer within {limit.TotalSeconds:0.#} s. Retry; is it overloaded?", cause);

    private async Task<ReadOnlyMemory<byte>> ReadBoundedAsync(Stream body, CancellationToken stop)
    {
        var buffer = new byte[16 * 1024];
        for (var length = 0; ;)
        {
            length += await body.ReadAtLeastAsync(buffer.AsMemory(length), buffer.Length - length, throwOnEndOfStream: false, stop);
            if (length < buffer.Length) return buffer.AsMemory(0, length);
            if (length > _configuration.MaxObjectBytes) throw new JsonException($"it is larger than {_configuration.MaxObjectBytes} bytes");
            Array.Resize(ref buffer, buffer.Length * 2);
        }
    }
}

using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>An open watch. Not thread-safe; the opener disposes it.</summary>
internal sealed class Watch<T> : IAsyncDisposable where T : KubernetesObject
{
    private readonly ApiTransport _transport;
    private readonly ApiRequest _request;
    private readonly HttpResponseMessage _response;
    private readonly WatchDeadline _deadline;
    private readonly WatchReader<T> _reader;

    private Watch(
        ApiTransport transport, ApiRequest request, HttpResponseMessage response, WatchDeadline deadline, WatchReader<T> reader) =>
        (_transport, _request, _response, _deadline, _reader) = (transport, request, response, deadline, reader);

    /// <param name="deadline">Taken over. Fires when even a server that forgot to end the watch should have done so.</param>
    public static async Task<Watch<T>> OpenAsync(ApiTransport transport, ApiRequest request, ResourceType<T> type, int maxObjectBytes,
        WatchDeadline deadline, TimeSpan openTimeout, TimeProvider time)
    {
        using var opening = new CancellationTokenSource(openTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(opening.Token, deadline.Token);
        var response = await transport.SendAsync(request, linked.Token);
        var body = await response.Content.ReadAsStreamAsync(linked.Token);
        return new(transport, request, response, deadline, new(body, type, maxObjectBytes, request.ToString()));
    }

    /// <returns>Null when the watch has ended: in good order, or because its time is over.</returns>
    public async ValueTask<WatchEvent<T>?> ReadAsync(CancellationToken stop)
    {
        try { return await _reader.ReadAsync(_deadline.Token); }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested) { return null; }
        catch (Exception e) when (e is HttpRequestException or IOException) { throw _transport.Unreachable(_request, e); }
    }

    public ValueTask DisposeAsync()
    {
        _response.Dispose();
        _deadline.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Fires when the caller stops, or when the time is over.</summary>
internal sealed class WatchDeadline : IDisposable
{
    private readonly CancellationTokenSource _late, _either;

    public WatchDeadline(TimeSpan after, TimeProvider time, CancellationToken stop)
    {
        _late = new(after, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, stop);
    }

    public CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }
}

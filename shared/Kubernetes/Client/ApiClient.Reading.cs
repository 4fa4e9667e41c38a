using System.Globalization;
using System.Runtime.CompilerServices;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

public sealed partial class ApiClient
{
    private const int UnpagedTimeoutFactor = 5;

    // The server ends a watch by its own clock; only one that has forgotten to is cut off.
    private static readonly TimeSpan WatchGrace = TimeSpan.FromSeconds(30);

    /// <summary>Everything that the query selects, as of one moment.</summary>
    public async Task<ObjectList<T>> ListAsync<T>(ResourceType<T> type, ListQuery query, CancellationToken stop) where T : KubernetesObject
    {
        var gathered = new GatheredList<T>();
        var version = await ListAsync(type, query, gathered, stop);
        return new(gathered.Items, version, gathered.Unreadable);
    }

    /// <summary>What happens after the query's resource version, until the server ends the watch or the token fires.</summary>
    /// <exception cref="ApiException">Also with <see cref="ApiException.IsExpired"/>: list again, then watch from there.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> WatchAsync<T>(
        ResourceType<T> type, WatchQuery query, [EnumeratorCancellation] CancellationToken stop) where T : KubernetesObject
    {
        await using var watch = await OpenWatchAsync(type, query, stop);
        while (await watch.ReadAsync(stop) is { } next) yield return next;
    }

    /// <summary>Hands each object over as it arrives, page by page.</summary>
    /// <returns>The list's resource version.</returns>
    internal async Task<string> ListAsync<T>(ResourceType<T> type, ListQuery query, IListReceiver<T> receiver, CancellationToken stop)
        where T : KubernetesObject
    {
        for (var (token, pageSize) = ("", query.PageSize); ;)
        {
            try
            {
                var page = await ReadPageAsync(type, query, pageSize, token, receiver, stop);
                if (page.Continue.Length == 0) return page.ResourceVersion;
                token = page.Continue;
            }
            catch (ApiException e) when (e.IsExpired && token.Length > 0)
            {
                // We were too slow for the pages to be of one moment; asked for in one piece they cannot expire in between.
                receiver.Restart();
                (token, pageSize) = ("", 0);
            }
        }
    }

    internal async Task<Watch<T>> OpenWatchAsync<T>(ResourceType<T> type, WatchQuery query, CancellationToken stop) where T : KubernetesObject
    {
        var target = new QueryText(type.Path(query.Namespace))
            .Add("watch", "true").Add("allowWatchBookmarks", "true").Add("resourceVersion", query.ResourceVersion)
            .Add("timeoutSeconds", Math.Ceiling(query.Timeout.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        query.Append(target);
        var request = new ApiRequest(HttpMethod.Get, target.ToString());

        var deadline = new WatchDeadline(query.Timeout + WatchGrace, _time, stop);
        try
        {
            return await Watch<T>.OpenAsync(_transport, request, type, _configuration.MaxObjectBytes, deadline, _configuration.RequestTimeout, _time);
        }
        catch (Exception e)
        {
            deadline.Dispose();
            if (e is OperationCanceledException && !stop.IsCancellationRequested)
                throw TimedOut(request, _configuration.RequestTimeout, e);
            if (e is HttpRequestException or IOException) throw _transport.Unreachable(request, e);
            throw;
        }
    }

    private Task<ListReader<T>> ReadPageAsync<T>(
        ResourceType<T> type, ListQuery query, int pageSize, string token, IListReceiver<T> receiver, CancellationToken stop) where T : KubernetesObject
    {
        var target = new QueryText(type.Path(query.Namespace));
        if (pageSize > 0) target.Add("limit", pageSize.ToString(CultureInfo.InvariantCulture));
        if (token.Length > 0) target.Add("continue", token);
        query.Append(target);
        var timeout = _configuration.RequestTimeout;
        if (pageSize == 0 && timeout != Timeout.InfiniteTimeSpan) timeout *= UnpagedTimeoutFactor;

        return ExchangeAsync(new(HttpMethod.Get, target.ToString()), async (body, limit) =>
        {
            var page = new ListReader<T>(type, _configuration.MaxObjectBytes);
            await page.ReadAsync(body, receiver.ReceiveAsync, limit);
            return page;
        }, timeout, stop);
    }
}

using System.Buffers;
using System.IO.Pipelines;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Selection;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Api.Tables;

namespace Ambient.Playground.Api.Serving;

/// <summary>Streams writes to a collection, one JSON line each, until the client leaves or the time is over.</summary>
internal sealed class WatchEndpoint(ObjectStore store, TableColumns tables, PlaygroundApiOptions options)
{
    public async Task WatchAsync(ApiRequest request, CancellationToken closing)
    {
        var (labels, fields) = (request.Labels, request.Fields);
        var (initial, feed) = Begin(request);
        var stream = new Lines(request, new ObjectView(request, tables));
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Stop, closing);
        using var timer = options.Time.CreateTimer(_ => ending.Cancel(), null, Limit(request), Timeout.InfiniteTimeSpan);
        await stream.OpenAsync();
        try
        {
            foreach (var value in initial?.Items ?? [])
                if (Matches(value, labels, fields)) await stream.WriteAsync("ADDED", value);
            if (initial is not null && request.Flag("sendInitialEvents")) stream.Bookmark(initial.Version, endsInitial: true);
            await stream.FlushAsync(ending.Token);
            await FollowAsync(request, feed, stream, labels, fields, ending.Token);
        }
        catch (OperationCanceledException)
        {
            // The ordinary end of a watch.
        }
        catch (StatusException expired)
        {
            stream.Error(expired);
            await stream.FlushAsync(request.Stop);
        }
    }

    private (ObjectList? Initial, WatchFeed Feed) Begin(ApiRequest request)
    {
        var (kind, ns) = (request.Target.Kind, request.Target.Namespace);
        var version = request.Number("resourceVersion") ?? 0;
        var sendsInitial = request.Query("sendInitialEvents") is { } asked ? asked == "true" : version == 0;
        if (request.Flag("sendInitialEvents") && request.Query("resourceVersionMatch") != "NotOlderThan")
            throw StatusException.BadRequest("resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        if (!sendsInitial) return (null, store.Watch(kind, version == 0 ? store.Version : version));
        if (version > store.Version) throw StatusException.TooNew(version, store.Version);
        var (list, feed) = store.ListAndWatch(kind, ns);
        return (list, feed);
    }

    private async Task FollowAsync(ApiRequest request, WatchFeed feed, Lines stream, LabelSelector labels, FieldSelector fields, CancellationToken stop)
    {
        var (ns, bookmarks) = (request.Target.Namespace, request.Flag("allowWatchBookmarks"));
        while (true)
        {
            while (feed.TryRead(out var written))
            {
                if (ns.Length > 0 && written.New.Namespace != ns) continue;
                if (Seen(written, labels, fields) is { } type) await stream.WriteAsync(type, written.New);
            }
            await stream.FlushAsync(stop);
            if (!bookmarks)
            {
                await WaitAsync(request, feed, stop);
                continue;
            }
            try
            {
                await WaitAsync(request, feed, stop).WaitAsync(options.BookmarkInterval, options.Time, stop);
            }
            catch (TimeoutException)
            {
                // Nothing of this kind was written meanwhile, so the newest version is safe to go on from.
                if (store.VersionIfRead(feed) is { } version) stream.Bookmark(version, endsInitial: false);
            }
        }
    }

    private async Task WaitAsync(ApiRequest request, WatchFeed feed, CancellationToken stop)
    {
        await feed.WaitAsync(stop);
        if (options.WatchDelay?.Invoke(request.Caller.Name) is { } delay && delay > TimeSpan.Zero) await Task.Delay(delay, options.Time, stop);
    }

    // To a client with a selector an object appears when it starts to match and is deleted when it stops.
    private static string? Seen(WatchEvent written, LabelSelector labels, FieldSelector fields)
    {
        var before = written.Old is { } old && Matches(old, labels, fields);
        var after = written.Type != WatchEventType.Deleted && Matches(written.New, labels, fields);
        return (before, after) switch
        {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            _ => null,
        };
    }

    private static bool Matches(StoredObject value, LabelSelector labels, FieldSelector fields) => labels.Matches(value.Labels) && fields.Matches(value);

    private TimeSpan Limit(ApiRequest request)
    {
        var asked = request.Number("timeoutSeconds") is > 0 and var seconds ? TimeSpan.FromSeconds(Math.Min(seconds, 86_400)) : options.LongestWatch;
        return asked < options.LongestWatch ? asked : options.LongestWatch;
    }

    private sealed class Lines(ApiRequest request, ObjectView view)
    {
        // So that a long start does not collect in memory: the client reads as fast as we write.
        private const int FlushAt = 256 * 1024;

        private readonly PipeWriter _output = request.Context.Response.BodyWriter;
        private bool _withColumns = true;

        public async Task OpenAsync()
        {
            request.Context.Response.ContentType = Responses.JsonType;
            await request.Context.Response.StartAsync(request.Stop);
        }

        public async ValueTask WriteAsync(string type, StoredObject value)
        {
            Write(type, view.One(value, _withColumns).Span);
            _withColumns = false;
            if (_output.UnflushedBytes > FlushAt) await FlushAsync(request.Stop);
        }

        public void Bookmark(long version, bool endsInitial) => Write("BOOKMARK", view.Bookmark(version, endsInitial).ToUtf8());

        public void Error(StatusException error) => Write("ERROR", error.ToStatus().ToUtf8());

        public async ValueTask FlushAsync(CancellationToken stop) => await _output.FlushAsync(stop);

        private void Write(string type, ReadOnlySpan<byte> value)
        {
            _output.Write("{\"type\":\""u8);
            _output.Write(System.Text.Encoding.ASCII.GetBytes(type));
            _output.Write("\",\"object\":"u8);
            _output.Write(value);
            _output.Write("}\n"u8);
        }
    }
}

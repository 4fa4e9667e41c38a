using System.Net;
using System.Text;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Kubernetes.Tests.Client;

public sealed class WatchTests
{
    private const string Added = """{"type":"ADDED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"5"},"data":{"k":"v"}}}""";
    private const string Bookmark = """{"type":"BOOKMARK","object":{"kind":"ConfigMap","metadata":{"resourceVersion":"9","creationTimestamp":null}}}""";
    private const string Deleted = """{"type":"DELETED","object":{"metadata":{"name":"a","namespace":"n","resourceVersion":"10"}}}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_come_in_order_until_the_server_ends_the_watch()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(Added, "", Bookmark, Deleted));
        using var client = api.Client();

        var events = await ReadAsync(client);

        Assert.Equal(["Added n/a 5 v", "Bookmark  9 ", "Deleted n/a 10 "], events.Select(Text));
        var query = Assert.Single(api.Requests).Query;
        Assert.Equal(("true", "true", "4", "90"), (query["watch"], query["allowWatchBookmarks"], query["resourceVersion"], query["timeoutSeconds"]));
    }

    [Fact]
    public async Task Bytes_that_come_one_by_one_make_the_same_events()
    {
        var bytes = Encoding.UTF8.GetBytes(Added + "\r\n" + Deleted + "\n");
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Pieces(Sequences.Pieces(bytes, [0])));
        using var client = api.Client();

        Assert.Equal(["Added n/a 5 v", "Deleted n/a 10 "], (await ReadAsync(client)).Select(Text));
    }

    [Fact]
    public async Task A_version_that_is_too_old_is_told_by_an_event_or_by_the_status()
    {
        await using var byEvent = await ScriptedApi.StartAsync(ScriptedApi.Lines(Added,
            """{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version: 4 (8)","reason":"Expired","code":410}}"""));
        await using var byStatus = await ScriptedApi.StartAsync(ScriptedApi.Status(410, "Gone", "too old"));

        foreach (var api in (ScriptedApi[])[byEvent, byStatus])
        {
            using var client = api.Client();
            var error = await Assert.ThrowsAsync<ApiException>(() => ReadAsync(client));
            Assert.True(error.IsExpired);
            Assert.Equal(HttpStatusCode.Gone, error.Code);
        }
    }

    [Fact]
    public async Task A_version_of_the_future_is_as_good_as_expired()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Status(504, "Timeout", "Too large resource version: 900, current: 4"));
        using var client = api.Client();

        Assert.True((await Assert.ThrowsAsync<ApiException>(() => ReadAsync(client))).IsExpired);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"type":"RENAMED","object":{"metadata":{"name":"a"}}}""")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"a"}}} trailing""")]
    public async Task What_is_no_event_is_an_error_of_the_api(string line)
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(line));
        using var client = api.Client();

        Assert.Equal(ApiException.Malformed, (await Assert.ThrowsAsync<ApiException>(() => ReadAsync(client))).Reason);
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_is_an_event_with_an_error()
    {
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(
            """{"object":{"data":7,"metadata":{"name":"bad","namespace":"n","resourceVersion":"6"}},"type":"MODIFIED"}""", Deleted));
        using var client = api.Client();

        var events = await ReadAsync(client);

        Assert.Equal(new ObjectName("n", "bad"), events[0].Object.Name);
        Assert.Equal("6", events[0].Object.ResourceVersion);
        Assert.NotNull(events[0].Object.Error);
        Assert.Equal("Deleted n/a 10 ", Text(events[1]));
    }

    [Fact]
    public async Task An_object_that_is_nested_as_deep_as_the_server_takes_it_is_an_event_with_an_error()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 9_990)) + new string(']', 9_990);
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(
            """{"type":"MODIFIED","object":{"spec":?,"metadata":{"name":"bad","namespace":"n","resourceVersion":"4"}}}""".Replace("?", deep, StringComparison.Ordinal), Added));
        using var client = api.Client();

        var events = await ReadAsync(client);

        Assert.Equal(2, events.Count);
        Assert.Equal((new ObjectName("n", "bad"), "4", true), (events[0].Object.Name, events[0].Object.ResourceVersion, events[0].Object.Error is not null));
        Assert.Equal("Added n/a 5 v", Text(events[1]));
    }

    [Fact]
    public async Task A_line_beyond_the_limit_is_dropped_and_named_and_the_next_one_is_read()
    {
        var huge = """{"type":"MODIFIED","object":{"metadata":{"name":"huge","namespace":"n","resourceVersion":"6"},"data":{"k":"?"}}}"""
            .Replace("?", new string('x', 300_000), StringComparison.Ordinal);
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(Added, huge, Deleted));
        using var client = api.Client(with: configuration => configuration with { MaxObjectBytes = 100_000 });

        var events = await ReadAsync(client);

        Assert.Equal(3, events.Count);
        Assert.Equal((WatchEventKind.Modified, new ObjectName("n", "huge")), (events[1].Kind, events[1].Object.Name));
        Assert.Contains("longer than 100000 bytes", events[1].Object.Error, StringComparison.Ordinal);
        Assert.Equal("Deleted n/a 10 ", Text(events[2]));
    }

    [Fact]
    public async Task A_large_object_within_the_limit_is_read()
    {
        var large = Added.Replace("\"v\"", $"\"{new string('x', 300_000)}\"", StringComparison.Ordinal);
        await using var api = await ScriptedApi.StartAsync(ScriptedApi.Lines(large, Deleted));
        using var client = api.Client();

        var events = await ReadAsync(client);

        Assert.Equal(300_000, events[0].Object.Value!.Data!["k"].Length);
        Assert.Equal(2, events.Count);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_an_error()
    {
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            await ScriptedApi.Lines(Added)(context);
            await context.Response.Body.WriteAsync("{\"type\":\"ADD"u8.ToArray());
            await context.Response.Body.FlushAsync();
            context.Abort();
        });
        using var client = api.Client();

        var error = await Assert.ThrowsAsync<ApiException>(() => ReadAsync(client));

        Assert.Equal(ApiException.Unreachable, error.Reason);
    }

    [Fact]
    public async Task A_server_that_forgets_to_end_a_watch_is_left_after_a_grace()
    {
        var time = new ManualTime();
        await using var api = await ScriptedApi.StartAsync(async context =>
        {
            await ScriptedApi.Lines(Added)(context);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var client = api.Client(time);
        var events = client.WatchAsync(ResourceTypes.ConfigMap, Query, Stop).GetAsyncEnumerator(Stop);

        Assert.True(await events.MoveNextAsync());
        var next = events.MoveNextAsync().AsTask();
        time.Advance(TimeSpan.FromSeconds(119));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await next);
        await events.DisposeAsync();
    }

    [Fact]
    public void Where_the_bytes_are_cut_does_not_matter()
    {
        var bytes = Encoding.UTF8.GetBytes(Added + "\n" + Bookmark + "\n\n" + Deleted + "\n");
        Prop.ForAll<int[]>(sizes =>
        {
            using var body = new PiecedStream(Sequences.Pieces(bytes, sizes));
            return ReadAll(body, 1 << 20).Select(Text).SequenceEqual(["Added n/a 5 v", "Bookmark  9 ", "Deleted n/a 10 "]);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Any_bytes_are_events_or_an_error_of_the_api() =>
        Prop.ForAll<byte[], int>((noise, at) =>
        {
            var bytes = Encoding.UTF8.GetBytes(Added + "\n" + Deleted + "\n");
            var cut = (int)((uint)at % bytes.Length);
            byte[] damaged = [.. bytes[..cut], .. noise, .. bytes[cut..]];
            return IsHandled(damaged, 1 << 20) && IsHandled(damaged, 64);
        }).QuickCheckThrowOnFailure();

    private static bool IsHandled(byte[] bytes, int limit)
    {
        try
        {
            ReadAll(new MemoryStream(bytes), limit);
            return true;
        }
        catch (ApiException) { return true; }
    }

    private static List<WatchEvent<ConfigMap>> ReadAll(Stream body, int limit)
    {
        var reader = new WatchReader<ConfigMap>(body, ResourceTypes.ConfigMap, limit, "test");
        var events = new List<WatchEvent<ConfigMap>>();
        while (reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() is { } next) events.Add(next);
        return events;
    }

    private static WatchQuery Query => new() { ResourceVersion = "4", Timeout = TimeSpan.FromSeconds(90) };

    private static async Task<List<WatchEvent<ConfigMap>>> ReadAsync(ApiClient client)
    {
        var events = new List<WatchEvent<ConfigMap>>();
        await foreach (var next in client.WatchAsync(ResourceTypes.ConfigMap, Query, Stop)) events.Add(next);
        return events;
    }

    private static string Text(WatchEvent<ConfigMap> next) =>
        $"{next.Kind} {next.Object.Name} {next.Object.ResourceVersion} {next.Object.Value?.Data?.GetValueOrDefault("k")}";
}

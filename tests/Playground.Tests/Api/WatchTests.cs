using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.TestKit;

namespace Ambient.Playground.Tests.Api;

public sealed class WatchTests
{
    [Fact]
    public async Task A_watch_without_a_version_begins_with_what_exists()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a");

        using var watch = await api.WatchAsync("/api/v1/namespaces/default/configmaps?watch=true");
        Assert.Equal("ADDED a", await watch.NextNameAsync());
        Assert.Equal("ADDED kube-root-ca.crt", await watch.NextNameAsync());
        api.Map("b");

        Assert.Equal("ADDED b", await watch.NextNameAsync());
    }

    [Fact]
    public async Task A_watch_from_a_list_misses_nothing_and_repeats_nothing()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a");
        var (_, list) = await api.GetAsync("/api/v1/configmaps");
        var version = list["metadata"]!["resourceVersion"]!.GetValue<string>();
        api.Map("b");
        api.Store.Update(api.Maps, "default", "a", map => { map["data"] = new JsonObject { ["x"] = "1" }; return map; });
        api.Store.Delete(api.Maps, "default", "b");

        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&resourceVersion={version}");

        Assert.Equal(["ADDED b", "MODIFIED a", "DELETED b"], [await watch.NextNameAsync(), await watch.NextNameAsync(), await watch.NextNameAsync()]);
    }

    [Fact]
    public async Task Versions_in_a_watch_only_grow_and_a_deletion_has_its_own()
    {
        await using var api = await TestApi.StartAsync();
        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&resourceVersion={api.Store.Version}");
        var created = api.Map("a");
        api.Store.Delete(api.Maps, "default", "a");

        var added = (await watch.NextAsync())!.Value.Object;
        var deleted = (await watch.NextAsync())!.Value.Object;

        Assert.Equal(created.Version, Version(added));
        Assert.True(Version(deleted) > Version(added));
    }

    [Fact]
    public async Task A_watch_from_a_forgotten_version_is_told_to_list_again()
    {
        await using var api = await TestApi.StartAsync();
        var version = api.Store.Version;
        api.Map("a");
        api.Store.Compact(api.Maps);

        var (status, body) = await api.GetAsync($"/api/v1/configmaps?watch=1&resourceVersion={version}");

        Assert.Equal((410, "Expired"), (status, body["reason"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Only_the_newest_writes_are_remembered()
    {
        await using var api = await TestApi.StartAsync(new() { Store = new() { HistoryLimit = 5 } });
        var start = api.Store.Version;
        for (var i = 0; i < 10; i++) api.Map($"m{i}");

        Assert.Equal(410, (await api.GetAsync($"/api/v1/configmaps?watch=1&resourceVersion={start}")).Status);
        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&resourceVersion={api.Store.Version - 5}");

        Assert.Equal("ADDED m5", await watch.NextNameAsync());
    }

    [Fact]
    public async Task A_reader_that_falls_behind_what_is_remembered_gets_410_and_one_that_keeps_up_does_not()
    {
        await using var api = await TestApi.StartAsync(new() { Store = new() { HistoryLimit = 5 } });
        var slow = api.Store.Watch(api.Maps, api.Store.Version);
        var quick = api.Store.Watch(api.Maps, api.Store.Version);
        for (var i = 0; i < 10; i++)
        {
            api.Map($"m{i}");
            Assert.True(quick.TryRead(out _));
        }

        Assert.Equal(410, Assert.Throws<StatusException>(() => slow.TryRead(out _)).Code);
    }

    [Fact]
    public async Task A_version_that_has_not_been_yet_is_refused()
    {
        await using var api = await TestApi.StartAsync();

        var (status, body) = await api.GetAsync("/api/v1/configmaps?watch=1&resourceVersion=999999");

        Assert.Equal((504, "Timeout"), (status, body["reason"]!.GetValue<string>()));
        Assert.Equal("ResourceVersionTooLarge", body["details"]!["causes"]![0]!["reason"]!.GetValue<string>());
    }

    [Fact]
    public async Task To_a_selector_objects_appear_and_disappear()
    {
        await using var api = await TestApi.StartAsync();
        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&labelSelector=on%3Dyes&resourceVersion={api.Store.Version}");
        api.Map("a");
        Label(api, "yes");
        Label(api, "no");
        Label(api, "yes");
        api.Store.Delete(api.Maps, "default", "a");

        string[] seen = [await watch.NextNameAsync(), await watch.NextNameAsync(), await watch.NextNameAsync(), await watch.NextNameAsync()];

        Assert.Equal(["ADDED a", "DELETED a", "ADDED a", "DELETED a"], seen);
    }

    [Fact]
    public async Task Quiet_watches_get_bookmarks_that_can_be_gone_on_from()
    {
        var time = new ManualTime();
        await using var api = await TestApi.StartAsync(new() { Time = time, BookmarkInterval = TimeSpan.FromSeconds(10) });
        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion={api.Store.Version}");
        var secret = api.Create("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"other","namespace":"default"}}""");

        await time.WhenPendingAsync(2); // the watch's end and the next bookmark
        time.Advance(TimeSpan.FromSeconds(10));
        var (type, bookmark) = (await watch.NextAsync())!.Value;

        Assert.Equal(("BOOKMARK", "ConfigMap", secret.Version), (type, bookmark["kind"]!.GetValue<string>(), Version(bookmark)));
    }

    [Fact]
    public async Task A_streaming_list_ends_with_a_marked_bookmark()
    {
        await using var api = await TestApi.StartAsync();
        using var watch = await api.WatchAsync("/api/v1/namespaces/default/configmaps?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");

        Assert.Equal("ADDED kube-root-ca.crt", await watch.NextNameAsync());
        var (type, bookmark) = (await watch.NextAsync())!.Value;

        Assert.Equal("BOOKMARK", type);
        Assert.Equal("true", bookmark["metadata"]!["annotations"]!["k8s.io/initial-events-end"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_watch_ends_when_its_time_is_over()
    {
        var time = new ManualTime();
        await using var api = await TestApi.StartAsync(new() { Time = time });
        using var watch = await api.WatchAsync($"/api/v1/configmaps?watch=1&timeoutSeconds=5&resourceVersion={api.Store.Version}");

        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Null(await watch.NextAsync());
    }

    [Fact]
    public async Task A_watch_ends_when_its_kind_goes()
    {
        await using var api = await TestApi.StartAsync();
        using var watch = await api.WatchAsync($"/apis/security.istio.io/v1/peerauthentications?watch=1&resourceVersion={api.Store.Version}");

        api.Store.Delete(api.Kind("apiextensions.k8s.io", "CustomResourceDefinition"), "", "peerauthentications.security.istio.io");

        Assert.Equal("ERROR", (await watch.NextAsync())!.Value.Type);
        Assert.Null(await watch.NextAsync());
    }

    private static void Label(TestApi api, string value) => api.Store.Update(api.Maps, "default", "a", map =>
    {
        map["metadata"]!["labels"] = new JsonObject { ["on"] = value };
        return map;
    });

    private static long Version(JsonObject document) => long.Parse(document["metadata"]!["resourceVersion"]!.GetValue<string>());
}

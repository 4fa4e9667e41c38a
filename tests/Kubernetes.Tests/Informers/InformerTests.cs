using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Ambient.Kubernetes.Tests.Servers;
using Ambient.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Ambient.Kubernetes.Tests.Informers;

public sealed class InformerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_exists_and_what_happens_is_told_once_and_in_order()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        foreach (var name in (string[])["a", "b", "c"]) cluster.Put(name);
        await using var follower = new Follower(cluster.Api);
        await follower.Informer.Synced.WaitAsync(Stop);
        Assert.True(follower.Informer.HasSynced);
        Assert.Equal(3, follower.Informer.Count);

        cluster.Put("d");
        cluster.Put("a");
        cluster.Delete("b");

        foreach (var expected in (string[])["Added a", "Added b", "Added c", "Added d", "Updated a", "Deleted b"])
        {
            var change = await follower.NextAsync();
            Assert.Equal(expected, $"{change.Kind} {change.Name.Name}");
        }

        Assert.Equal("a", follower.Informer.Find(new("n", "a"))?.Metadata.Name);
        Assert.Null(follower.Informer.Find(new("n", "b")));
    }

    [Fact]
    public async Task After_a_break_the_watch_goes_on_where_it_was_without_a_list()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        await using var follower = new Follower(cluster.Api);
        cluster.Put("b");
        await follower.UntilAsync(ChangeKind.Added, "b");

        cluster.Break();
        cluster.Delete("a");
        cluster.Put("c");
        await follower.UntilAsync(ChangeKind.Added, "c");

        Assert.Equal(["b", "c"], follower.Copy.Keys.Order());
        Assert.Equal(1, follower.Informer.Status.Lists);
        Assert.DoesNotContain(cluster.Api.Requests.Skip(1), request => !request.Query.ContainsKey("watch"));
    }

    [Fact]
    public async Task A_bookmark_moves_the_version_from_which_the_next_watch_goes_on()
    {
        var third = new TaskCompletionSource();
        await using var api = await ScriptedApi.StartAsync(
            ScriptedApi.Json("""{"metadata":{"resourceVersion":"4"},"items":[]}"""),
            ScriptedApi.Lines("""{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"5"}}}""",
                """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}"""),
            context =>
            {
                third.SetResult();
                return Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        await using var follower = new Follower(api);
        await third.Task.WaitAsync(Stop);

        Assert.Equal([null, "4", "9"], api.Requests.Select(request => request.Query.GetValueOrDefault("resourceVersion")));
        Assert.Equal(1, follower.Informer.Status.Events);
    }

    [Fact]
    public async Task Lost_history_means_a_new_list_and_what_is_missing_on_it_is_told_as_deleted()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        foreach (var name in (string[])["a", "b", "c", "d", "e"]) cluster.Put(name);
        await using var follower = new Follower(cluster.Api);
        cluster.Put("f");
        await follower.UntilAsync(ChangeKind.Added, "f");

        cluster.Break();
        cluster.Delete("b");
        cluster.Delete("e");
        cluster.Put("c");
        cluster.Forget();
        await follower.SettleAsync(cluster);

        Assert.Equal(["a", "c", "d", "f"], follower.Copy.Keys.Order());
        Assert.Equal(cluster.Versions["c"], follower.Copy["c"].Metadata.ResourceVersion);
    }

    [Fact]
    public async Task An_object_that_was_deleted_and_made_anew_unseen_is_told_as_both()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        await using var follower = new Follower(cluster.Api);
        var first = await follower.UntilAsync(ChangeKind.Added, "a");

        cluster.Break();
        cluster.Delete("a");
        cluster.Put("a");
        cluster.Forget();

        await follower.UntilAsync(ChangeKind.Deleted, "a");
        var second = await follower.UntilAsync(ChangeKind.Added, "a");
        Assert.NotEqual(first.New!.Metadata.Uid, second.New!.Metadata.Uid);
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_keeps_its_last_state_until_it_can_or_is_gone()
    {
        const string bad = """{"data":7,"metadata":{"name":"a","namespace":"n","resourceVersion":"?"}}""";
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        cluster.PutRaw("never", bad.Replace("\"a\"", "\"never\"", StringComparison.Ordinal));
        await using var follower = new Follower(cluster.Api);
        await follower.UntilAsync(ChangeKind.Added, "a");

        cluster.PutRaw("a", bad);
        cluster.Put("b");
        await follower.UntilAsync(ChangeKind.Added, "b");
        Assert.NotNull(follower.Informer.Find(new("n", "a")));
        Assert.Equal(2, follower.Informer.Status.Unreadable);
        cluster.Break();
        cluster.Forget();
        await follower.SettleAsync(cluster); // a new list does not take it for gone
        Assert.NotNull(follower.Informer.Find(new("n", "a")));
        cluster.Delete("a");
        await follower.UntilAsync(ChangeKind.Deleted, "a");

        Assert.Equal(1, follower.Informer.Status.Unreadable);
    }

    [Fact]
    public async Task Something_may_stand_in_for_an_object_that_cannot_be_read()
    {
        const string bad = """{"data":7,"metadata":{"name":"a","namespace":"n","uid":"u1","resourceVersion":"?"}}""";
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.PutRaw("a", bad);
        await using var follower = new Follower(cluster.Api, new() { StandIn = static one => new() { Metadata = one.Metadata, Data = new Dictionary<string, string> { ["problem"] = one.Error } } });

        var stand = await follower.UntilAsync(ChangeKind.Added, "a");
        Assert.Contains("problem", stand.New!.Data!.Keys);
        Assert.Equal(1, follower.Informer.Status.Unreadable);
        cluster.Put("a");
        var sound = await follower.UntilAsync(ChangeKind.Updated, "a");
        Assert.DoesNotContain("problem", sound.New!.Data?.Keys ?? []);
        Assert.Equal(0, follower.Informer.Status.Unreadable);
        cluster.PutRaw("a", bad);

        Assert.Contains("problem", (await follower.UntilAsync(ChangeKind.Updated, "a")).New!.Data!.Keys);
    }

    [Fact]
    public async Task A_kind_that_the_cluster_does_not_know_has_no_objects_until_it_is_installed_and_after_it_is_removed()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        cluster.KindIsMissing = true;
        await using var follower = new Follower(cluster.Api, new()
        {
            KindMayBeMissing = true, MissingKindPoll = TimeSpan.FromMilliseconds(1), FirstRetry = TimeSpan.FromMilliseconds(1),
        });

        await follower.Informer.Synced.WaitAsync(Stop);
        Assert.Empty(follower.Informer.All);
        cluster.KindIsMissing = false;
        await follower.UntilAsync(ChangeKind.Added, "a");
        cluster.KindIsMissing = true;
        cluster.Break();

        await follower.UntilAsync(ChangeKind.Deleted, "a");
    }

    [Fact]
    public async Task A_handler_that_fails_costs_nobody_else_anything()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        await using var follower = new Follower(cluster.Api, prepare: informer => informer.AddHandler(_ => throw new InvalidOperationException("a defect")));

        await follower.UntilAsync(ChangeKind.Added, "a");
        cluster.Put("b");
        await follower.UntilAsync(ChangeKind.Added, "b");

        Assert.Throws<InvalidOperationException>(() => follower.Informer.AddHandler(_ => ValueTask.CompletedTask));
    }

    [Fact]
    public async Task Indexes_follow_every_change_and_objects_are_trimmed_before_they_are_kept()
    {
        ObjectIndex<ConfigMap>? byFirstLetter = null;
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("ant");
        cluster.Put("ape");
        await using var follower = new Follower(cluster.Api, new() { Trim = value => value with { Data = new Dictionary<string, string> { ["trimmed"] = "" } } },
            prepare: informer => byFirstLetter = informer.AddIndex(value => [value.Metadata.Name[..1], "all"]));
        await follower.UntilAsync(ChangeKind.Added, "ape");

        Assert.Equal(["ant", "ape"], byFirstLetter!.Find("a").Select(value => value.Metadata.Name).Order());
        cluster.Delete("ant");
        cluster.Put("bee");
        await follower.UntilAsync(ChangeKind.Added, "bee");

        Assert.Equal("ape", Assert.Single(byFirstLetter.Find("a")).Metadata.Name);
        Assert.Equal(2, byFirstLetter.Find("all").Count);
        Assert.False(byFirstLetter.Contains("c"));
        Assert.True(follower.Copy["bee"].Data!.ContainsKey("trimmed"));
    }

    [Fact]
    public async Task An_informer_outlives_an_error_that_nobody_foresaw()
    {
        var failures = 2;
        await using var cluster = await ScriptedCluster.StartAsync();
        cluster.Put("a");
        await using var follower = new Follower(cluster.Api, new()
        {
            Trim = value => failures-- > 0 ? throw new InvalidOperationException("broken on purpose") : value,
            FirstRetry = TimeSpan.FromMilliseconds(1), LongestRetry = TimeSpan.FromMilliseconds(5),
        });

        await follower.UntilAsync(ChangeKind.Added, "a");
        failures = 1;
        cluster.Put("b");
        await follower.UntilAsync(ChangeKind.Added, "b");

        Assert.Equal(-1, failures);
    }

    [Fact]
    public async Task A_server_that_refuses_is_asked_again_with_growing_patience()
    {
        var time = new ManualTime();
        await using var api = await ScriptedApi.StartAsync(
            ScriptedApi.Status(403, "Forbidden", "no"), ScriptedApi.Status(403, "Forbidden", "no"),
            ScriptedApi.Json("""{"metadata":{"resourceVersion":"1"},"items":[]}"""), ScriptedApi.Lines());
        await using var follower = new Follower(api, new() { FirstRetry = TimeSpan.FromSeconds(1) }, time);

        await time.WhenPendingAsync(1); // requests have no limit of their own here, so this is the pause
        Assert.Contains("RBAC", follower.Informer.Status.LastError, StringComparison.Ordinal);
        Assert.False(follower.Informer.HasSynced);
        time.Advance(TimeSpan.FromSeconds(2)); // one second and as much again of jitter at most
        await time.WhenPendingAsync(1);
        time.Advance(TimeSpan.FromSeconds(4));
        await follower.Informer.Synced.WaitAsync(Stop);

        Assert.Equal(1, follower.Informer.Status.Lists);
    }

    /// <summary>The heart of it: whatever happens to objects and connections, copy and server end up equal, and every change fits.</summary>
    [Fact]
    public void No_history_of_changes_breaks_and_lost_versions_leaves_a_difference()
    {
        var steps = Gen.Frequency(
            (8, Gen.Choose(0, 5).Select(number => $"put o{number}")), (5, Gen.Choose(0, 5).Select(number => $"delete o{number}")),
            (2, Gen.Constant("break")), (2, Gen.Constant("forget")), (1, Gen.Constant("bookmark")), (2, Gen.Constant("hear")));
        var histories = Gen.ListOf(steps).Where(history => history.Count < 60);

        Prop.ForAll(histories.ToArbitrary(), history => Task.Run(() => PlayAsync([.. history])).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static async Task<bool> PlayAsync(string[] history)
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        await using var follower = new Follower(cluster.Api);
        var marks = 0;
        foreach (var step in history)
        {
            var words = step.Split(' ');
            switch (words[0])
            {
                case "put": cluster.Put(words[1]); break;
                case "delete": cluster.Delete(words[1]); break;
                case "break": cluster.Break(); break;
                case "forget": cluster.Forget(); break;
                case "bookmark": cluster.Bookmark(); break;
                default: // the follower catches up before history goes on
                    var mark = $"mark-{++marks}";
                    cluster.Put(mark);
                    await follower.UntilAsync(ChangeKind.Added, mark);
                    break;
            }
        }

        await follower.SettleAsync(cluster);
        var told = follower.Copy.ToDictionary(pair => pair.Key, pair => pair.Value.Metadata.ResourceVersion!);
        var held = follower.Informer.All.ToDictionary(value => value.Metadata.Name, value => value.Metadata.ResourceVersion!);
        return AreEqual(cluster.Versions, told) && AreEqual(cluster.Versions, held);
    }

    private static bool AreEqual(Dictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.GetValueOrDefault(pair.Key) == pair.Value);
}

using Ambient.Grpc;
using Ambient.Protos.Xds;
using Ambient.Xds.Server;
using Ambient.Xds.Tests.Scenes;

namespace Ambient.Xds.Tests.Server;

public sealed partial class DeltaSessionTests
{
    private readonly ResourceTable _table = new();

    [Fact]
    public async Task A_wildcard_gets_everything_and_then_what_changes()
    {
        Set("a", "b");
        await using var scene = new SessionScene(_table);

        scene.Begin();
        var first = await scene.ReceiveAsync();
        scene.Acknowledge(first);
        _table.Apply([Resource("b", 2), Resource("c")], ["a"]);
        scene.Session.Wake();
        var next = await scene.ReceiveAsync();

        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(["b", "c"], Names(next));
        Assert.Equal(["a"], next.RemovedResources);
        Assert.NotEqual(first.Nonce, next.Nonce);
        Assert.All(first.Resources, static resource => Assert.Empty(resource.Aliases));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_first_request_is_answered_even_with_nothing_and_with_a_nonce_of_another_stream(bool withNonce)
    {
        await using var scene = new SessionScene(_table);

        scene.Begin(request => request.ResponseNonce = withNonce ? "old" : "");

        Assert.Empty((await scene.ReceiveAsync()).Resources);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_client_is_served_however_many_removals_are_forgotten(bool extended)
    {
        var table = new ResourceTable(maxRemovals: 2);
        for (var i = 0; i < 10; i++)
        {
            table.Apply([Resource($"r{i}"), Resource("stays", i)], []);
            table.Apply([], [$"r{i}"]);
        }
        await using var scene = new SessionScene(table);

        scene.Begin(extended: extended);

        Assert.Equal(["stays"], Names(await scene.ReceiveAsync()));
    }

    [Fact]
    public async Task Only_differences_are_sent_to_a_client_that_names_what_it_holds()
    {
        Set("same", "changed", "new");
        await using var scene = new SessionScene(_table);

        scene.Begin(request =>
        {
            request.InitialResourceVersions["same"] = Resource("same").Version.ToString("x16");
            request.InitialResourceVersions["changed"] = "1234";
            request.InitialResourceVersions["gone"] = "1";
        });
        var first = await scene.ReceiveAsync();

        Assert.Equal(["changed", "new"], Names(first));
        Assert.Equal(["gone"], first.RemovedResources);
    }

    [Fact]
    public async Task An_acknowledgement_gets_no_answer()
    {
        await using var scene = new SessionScene(_table);
        scene.Begin();

        scene.Acknowledge(await scene.ReceiveAsync());

        Assert.True(await scene.IsSilentAsync());
    }

    [Fact]
    public async Task While_a_response_is_unacknowledged_changes_are_gathered()
    {
        await using var scene = new SessionScene(_table);
        scene.Begin();
        var first = await scene.ReceiveAsync();

        for (var i = 0; i < 100; i++)
        {
            Set("a");
            _table.Apply([Resource("a", i), Resource($"b{i}")], i > 0 ? [$"b{i - 1}"] : []);
            scene.Session.Wake();
        }
        Assert.True(await scene.IsSilentAsync());
        scene.Acknowledge(first);
        var next = await scene.ReceiveAsync();

        Assert.Equal(["a", "b99"], Names(next));
        Assert.Equal(99, next.RemovedResources.Count);
    }

    [Fact]
    public async Task A_slow_client_is_not_led_through_every_step_that_a_quick_one_took()
    {
        ResourceView[] views = [new(ResourceTypes.Address, _table), new(ResourceTypes.Workload, _table) { Kind = 1 }];
        Set("a");
        await using var quick = new SessionScene(views);
        await using var slow = new SessionScene(views);
        quick.Begin();
        slow.Begin();
        var (first, second) = (await slow.ReceiveAsync(), await quick.ReceiveAsync());

        for (var i = 0; i < 32; i++)
        {
            _table.Apply([Resource($"b{i}")], []);
            quick.Acknowledge(second);
            quick.Session.Wake();
            second = await quick.ReceiveAsync();
        }
        var responses = 0;
        for (var names = Names(first).ToHashSet(); names.Count < 33; responses++)
        {
            slow.Acknowledge(first);
            names.UnionWith(Names(first = await slow.ReceiveAsync()));
        }

        Assert.Equal(1, responses);
    }

    [Fact]
    public async Task A_stale_nonce_acknowledges_nothing_and_what_comes_with_it_is_subscribed_to()
    {
        Set("a");
        await using var scene = new SessionScene(_table);
        scene.BeginOnDemand();
        var first = await scene.ReceiveAsync();

        scene.Send(static request =>
        {
            request.ResponseNonce = "stale";
            request.ResourceNamesSubscribe.Add("a");
        });
        Assert.True(await scene.IsSilentAsync());
        scene.Acknowledge(first);

        Assert.Equal("a", Assert.Single((await scene.ReceiveAsync()).Resources).Name);
    }

    [Fact]
    public async Task A_rejection_is_recorded_and_not_answered()
    {
        Set("a");
        await using var scene = new SessionScene(_table);
        scene.Begin();
        var first = await scene.ReceiveAsync();

        scene.Send(request =>
        {
            request.ResponseNonce = first.Nonce;
            request.ErrorDetail = new() { Message = "a: makes no sense" };
        });

        Assert.True(await scene.IsSilentAsync());
        Assert.Equal($"{ResourceTypes.Address}: a: makes no sense", Assert.Single(scene.Session.Describe().Rejections));
        Assert.Contains("rejected a: makes no sense", scene.Events);
    }

    [Fact]
    public async Task A_state_in_parts_has_a_token_in_the_last_one_and_others_get_it_whole()
    {
        _table.Apply([.. Enumerable.Range(0, 50).Select(static i => Resource($"r{i:d2}", size: 100))], []);
        await using var extended = new SessionScene(_table, new() { MaxResponseBytes = 1000 });
        await using var stock = new SessionScene(_table, new() { MaxResponseBytes = 1000 });

        extended.Begin(extended: true);
        stock.Begin();
        var parts = new List<DeltaDiscoveryResponse>();
        do
        {
            parts.Add(await extended.ReceiveAsync());
            extended.Acknowledge(parts[^1]);
        }
        while (StateToken.Read(parts[^1].SystemVersionInfo) is null);

        Assert.True(parts.Count > 5);
        Assert.All(parts, static part => Assert.True(part.CalculateSize() < 1100));
        Assert.Equal(50, parts.SelectMany(Names).Distinct().Count());
        Assert.Equal(50, (await stock.ReceiveAsync()).Resources.Count);
    }

    [Fact]
    public async Task A_resource_larger_than_the_limit_is_sent_alone_and_nothing_stands_still()
    {
        _table.Apply([Resource("small1"), Resource("huge", size: 5000), Resource("small2")], []);
        await using var scene = new SessionScene(_table, new() { MaxResponseBytes = 1000 });
        scene.Begin(extended: true);

        var sizes = new List<int>();
        while (sizes.Sum() < 3)
        {
            var part = await scene.ReceiveAsync();
            sizes.Add(part.Resources.Count);
            scene.Acknowledge(part);
        }

        Assert.Equal([1, 1, 1], sizes);
        Assert.True(await scene.IsSilentAsync());
    }

    [Fact]
    public async Task A_client_goes_on_from_the_state_it_names()
    {
        Set("a", "b");
        var token = _table.Snapshot().Token!;
        _table.Apply([Resource("c")], ["a"]);
        await using var scene = new SessionScene(_table);

        Resume(scene, token);
        var first = await scene.ReceiveAsync();

        Assert.Equal(["c"], Names(first));
        Assert.Equal(["a"], first.RemovedResources);
        Assert.Equal(_table.Snapshot().Token, StateToken.Read(first.SystemVersionInfo));
    }

    [Fact]
    public async Task A_client_that_names_the_latest_state_gets_an_empty_answer_of_a_few_bytes()
    {
        Set([.. Enumerable.Range(0, 1000).Select(static i => $"r{i}")]);
        await using var scene = new SessionScene(_table);

        Resume(scene, _table.Snapshot().Token!);

        Assert.True((await scene.ReceiveAsync()).CalculateSize() < 150);
    }

    [Fact]
    public async Task A_state_that_is_not_known_is_said_to_be_and_the_client_begins_again()
    {
        Set("a");
        await using var scene = new SessionScene(_table);

        Resume(scene, $"{1:x32}");
        var unknown = await scene.ReceiveAsync();
        scene.Begin(static request => request.InitialResourceVersions["b"] = "1", extended: true);
        var first = await scene.ReceiveAsync();

        Assert.True(StateToken.IsUnknownState(unknown.SystemVersionInfo));
        Assert.Empty(unknown.Resources);
        Assert.Equal(["a"], Names(first));
        Assert.Equal(["b"], first.RemovedResources);
    }

    [Fact]
    public async Task A_new_client_is_not_told_of_what_was_removed_before_it_came()
    {
        Set("a", "b");
        _table.Apply([], ["a"]);
        await using var scene = new SessionScene(_table);

        scene.Begin();

        Assert.Empty((await scene.ReceiveAsync()).RemovedResources);
    }

    [Fact]
    public async Task A_client_that_missed_forgotten_removals_has_to_begin_anew()
    {
        var table = new ResourceTable(maxRemovals: 2);
        table.Apply([.. Enumerable.Range(0, 10).Select(static i => Resource($"r{i}"))], []);
        await using var scene = new SessionScene(table);
        scene.Begin();
        var first = await scene.ReceiveAsync();

        table.Apply([], ["r0", "r1", "r2"]);
        scene.Acknowledge(first);

        Assert.Equal(StatusCode.Aborted, (await Assert.ThrowsAsync<RpcException>(() => scene.ReceiveAsync())).Code);
    }

    [Fact]
    public async Task Too_many_names_end_the_session_with_the_limit()
    {
        await using var scene = new SessionScene(_table, new() { MaxSubscriptions = 2 });
        scene.BeginOnDemand("a", "b", "c");

        var refusal = await Assert.ThrowsAsync<RpcException>(() => scene.ReceiveAsync());

        Assert.Equal(StatusCode.ResourceExhausted, refusal.Code);
        Assert.Contains("More than 2 names", refusal.Detail);
    }

    [Fact]
    public async Task A_client_that_is_not_admitted_gets_the_refusal_and_nothing_else()
    {
        await using var scene = new SessionScene(_table, admit: static _ => throw new RpcException(StatusCode.PermissionDenied, "not you"));
        scene.Begin();

        Assert.Equal("not you", (await Assert.ThrowsAsync<RpcException>(() => scene.ReceiveAsync())).Detail);
    }

    [Fact]
    public async Task A_first_request_without_a_node_is_refused()
    {
        await using var scene = new SessionScene(_table);
        scene.Send(static _ => { });

        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(() => scene.ReceiveAsync())).Code);
    }

    [Fact]
    public async Task A_type_that_is_not_served_is_left_unanswered()
    {
        await using var scene = new SessionScene(_table);

        scene.Begin(static request => request.TypeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster");

        Assert.True(await scene.IsSilentAsync());
    }

    [Fact]
    public async Task A_view_of_one_kind_sends_nothing_of_another()
    {
        _table.Apply([Resource("w", kind: 1), Resource("s", kind: 2)], []);
        await using var scene = new SessionScene(_table);

        scene.Begin(static request => request.TypeUrl = ResourceTypes.Workload);

        Assert.Equal(["w"], Names(await scene.ReceiveAsync()));
    }

    private void Set(params string[] names) => _table.Apply([.. names.Select(static name => Resource(name))], []);

    private static void Resume(SessionScene scene, string token) => scene.Begin(request => request.Node = StateToken.Write(request.Node, ResourceTypes.Address, token));

    private static PublishedResource Resource(string name, int content = 1, int size = 8, int kind = 0,
        string[]? aliases = null, string[]? memberships = null, string[]? references = null) => new(name, [.. BitConverter.GetBytes(content), .. new byte[size]])
        {
            Aliases = aliases ?? [], Memberships = memberships ?? [], References = references ?? [], Kind = kind,
        };

    private static string[] Names(DeltaDiscoveryResponse response) => [.. response.Resources.Select(static resource => resource.Name).Order()];
}

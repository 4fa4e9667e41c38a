using Ambient.Xds.Tests.Scenes;

namespace Ambient.Xds.Tests.Server;

/// <summary>Clients that ask for what they need.</summary>
public sealed partial class DeltaSessionTests
{
    [Fact]
    public async Task On_demand_nothing_is_sent_but_what_is_asked_for_and_the_node_s_own()
    {
        _table.Apply([Resource("own", memberships: ["node\nn1"]), Resource("a", aliases: ["/10.0.0.1"]), Resource("other")], []);
        await using var scene = new SessionScene(_table);

        scene.BeginOnDemand();
        var first = await scene.ReceiveAsync();
        scene.Acknowledge(first);
        scene.Send(static request => request.ResourceNamesSubscribe.Add("/10.0.0.1"));
        var asked = await scene.ReceiveAsync();

        Assert.Equal(["own"], Names(first));
        Assert.Equal(["a"], Names(asked));
        Assert.Equal(["/10.0.0.1"], asked.Resources[0].Aliases);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_answered_as_removed_and_sent_once_it_does()
    {
        await using var scene = new SessionScene(_table);
        scene.BeginOnDemand();
        scene.Acknowledge(await scene.ReceiveAsync());

        scene.Send(static request => request.ResourceNamesSubscribe.Add("/10.0.0.1"));
        var missing = await scene.ReceiveAsync();
        scene.Acknowledge(missing);
        _table.Apply([Resource("a", aliases: ["/10.0.0.1"]), Resource("b")], []);
        scene.Session.Wake();
        var found = await scene.ReceiveAsync();
        scene.Acknowledge(found);
        _table.Apply([], ["a", "b"]);
        scene.Session.Wake();
        var removed = await scene.ReceiveAsync();

        Assert.Equal(["/10.0.0.1"], missing.RemovedResources);
        Assert.Equal(["a"], Names(found));
        Assert.Equal(["a"], removed.RemovedResources);
    }

    [Fact]
    public async Task A_name_that_is_missing_and_then_there_is_not_removed_and_sent_in_one_response()
    {
        await using var scene = new SessionScene(_table);
        scene.BeginOnDemand();
        var first = await scene.ReceiveAsync();

        scene.Send(static request => request.ResourceNamesSubscribe.Add("a"));
        Assert.True(await scene.IsSilentAsync());
        scene.Acknowledge(first);
        var missing = await scene.ReceiveAsync();
        Set("a");
        scene.Send(static request => request.ResourceNamesSubscribe.Add("a"));
        _table.Apply([], ["a"]);
        scene.Send(static request => request.ResourceNamesSubscribe.Add("a"));
        Set("a");
        scene.Acknowledge(missing);
        var held = new HashSet<string>();
        for (var response = await scene.ReceiveAsync(); ; response = await scene.ReceiveAsync())
        {
            held.UnionWith(Names(response));
            held.ExceptWith(response.RemovedResources);
            scene.Acknowledge(response);
            if (await scene.IsSilentAsync()) break;
        }

        Assert.Equal(["a"], held);
    }

    [Fact]
    public async Task A_service_brings_its_workloads_and_its_waypoint()
    {
        _table.Apply(
        [
            Resource("ns/web", aliases: ["/10.96.0.1"], references: ["ns/web", "ns/wp"]),
            Resource("w1", memberships: ["ns/web"]),
            Resource("ns/wp", references: ["ns/wp"]),
            Resource("wp1", memberships: ["ns/wp"]),
            Resource("other"),
        ], []);
        await using var scene = new SessionScene(_table);

        scene.BeginOnDemand("/10.96.0.1");
        var first = await scene.ReceiveAsync();
        scene.Acknowledge(first);
        _table.Apply([Resource("w2", memberships: ["ns/web"]), Resource("wp1", 2, memberships: ["ns/wp"]), Resource("other", 2)], []);
        scene.Session.Wake();

        Assert.Equal(["ns/web", "ns/wp", "w1", "wp1"], Names(first));
        Assert.Equal(["w2", "wp1"], Names(await scene.ReceiveAsync()));
    }

    [Fact]
    public async Task What_was_sent_is_kept_up_to_date_after_it_left_the_service()
    {
        _table.Apply([Resource("ns/web", references: ["ns/web"]), Resource("w1", memberships: ["ns/web"])], []);
        await using var scene = new SessionScene(_table);
        scene.BeginOnDemand("ns/web");
        scene.Acknowledge(await scene.ReceiveAsync());

        _table.Apply([Resource("w1", 2)], []);
        scene.Session.Wake();

        Assert.Equal(["w1"], Names(await scene.ReceiveAsync()));
    }

    [Fact]
    public async Task A_name_that_is_given_up_is_not_sent_any_more()
    {
        await using var scene = new SessionScene(_table);
        scene.BeginOnDemand("later");
        scene.Acknowledge(await scene.ReceiveAsync());

        scene.Send(static request => request.ResourceNamesUnsubscribe.Add("later"));
        Assert.True(await scene.IsSilentAsync());
        Set("later");
        scene.Session.Wake();
        scene.Send(static request => request.ResourceNamesSubscribe.Add("other"));

        Assert.Empty((await scene.ReceiveAsync()).Resources);
    }

    [Fact]
    public async Task On_demand_a_client_that_comes_back_gets_differences_only()
    {
        Set("same", "changed");
        await using var scene = new SessionScene(_table);

        scene.Begin(request =>
        {
            request.ResourceNamesSubscribe.Add("*");
            request.ResourceNamesUnsubscribe.Add("*");
            request.InitialResourceVersions["same"] = Resource("same").Version.ToString("x16");
            request.InitialResourceVersions["changed"] = "1";
            request.InitialResourceVersions["gone"] = "1";
            request.InitialResourceVersions["asked"] = "";
        });
        var first = await scene.ReceiveAsync();
        scene.Acknowledge(first);
        Set("asked");
        scene.Session.Wake();

        Assert.Equal(["changed"], Names(first));
        Assert.Equal(["asked", "gone"], first.RemovedResources.Order());
        Assert.Equal(["asked"], Names(await scene.ReceiveAsync()));
    }
}

using Ambient.Protos.Xds;
using Ambient.Xds.Server;
using Ambient.Xds.Tests.Scenes;

namespace Ambient.Xds.Tests.Server;

public sealed partial class DeltaSessionTests
{
    private readonly ResourceTable _policies = new();

    [Fact]
    public async Task What_is_named_goes_before_what_names_it_also_while_a_response_before_it_is_unacknowledged()
    {
        await using var scene = NewOrderedScene();
        await BeginBothAsync(scene);

        _policies.Apply([Resource("earlier")], []);
        scene.Session.Wake();
        var earlier = await scene.ReceiveAsync();
        _policies.Apply([Resource("policy")], []);
        Set("workload");
        scene.Session.Wake();
        Assert.True(await scene.IsSilentAsync());
        Assert.True(await scene.IsSilentAsync()); // the first probe may have been answered ahead of what was due
        scene.Acknowledge(earlier);
        var (first, second) = (await scene.ReceiveAsync(), await scene.ReceiveAsync());

        Assert.Equal([("earlier", ResourceTypes.Authorization), ("policy", ResourceTypes.Authorization), ("workload", ResourceTypes.Address)],
            [Described(earlier), Described(first), Described(second)]);
    }

    [Fact]
    public async Task What_comes_while_a_response_is_written_is_not_sent_without_what_it_names()
    {
        await using var scene = NewOrderedScene();
        await BeginBothAsync(scene);
        scene.Writing = type =>
        {
            if (type != ResourceTypes.Authorization || !_policies.Apply([Resource("policy")], [])) return;
            Set("workload");
            scene.Session.Wake();
        };

        _policies.Apply([Resource("earlier")], []);
        scene.Session.Wake();
        var earlier = await scene.ReceiveAsync();
        Assert.True(await scene.IsSilentAsync());
        Assert.True(await scene.IsSilentAsync());
        scene.Acknowledge(earlier);

        Assert.Equal("policy", Described(await scene.ReceiveAsync()).Name);
        Assert.Equal("workload", Described(await scene.ReceiveAsync()).Name);
    }

    [Fact]
    public async Task What_is_named_is_sent_to_its_last_part_before_what_names_it()
    {
        _policies.Apply([.. Enumerable.Range(0, 5).Select(static i => Resource($"p{i}", size: 1000))], []);
        Set("workload");
        await using var scene = NewOrderedScene(new() { MaxResponseBytes = 1000 });

        scene.Begin(static request => request.TypeUrl = ResourceTypes.Authorization, extended: true);
        scene.Begin(extended: true);
        var types = new List<string>();
        while (types.Count < 6)
        {
            var response = await scene.ReceiveAsync();
            types.Add(response.TypeUrl);
            scene.Acknowledge(response);
        }

        Assert.Equal([.. Enumerable.Repeat(ResourceTypes.Authorization, 5), ResourceTypes.Address], types);
    }

    [Fact]
    public async Task Nothing_waits_for_a_type_that_the_client_does_not_ask_for()
    {
        _policies.Apply([Resource("policy")], []);
        Set("workload");
        await using var scene = NewOrderedScene();

        scene.Begin();

        Assert.Equal(("workload", ResourceTypes.Address), Described(await scene.ReceiveAsync()));
    }

    /// <summary>Its probes have a table of their own, before all others: they wait for nothing.</summary>
    private SessionScene NewOrderedScene(SessionOptions? options = null) =>
        new([new(ResourceTypes.Workload, new()), new(ResourceTypes.Authorization, _policies), new(ResourceTypes.Address, _table)], options);

    private static async Task BeginBothAsync(SessionScene scene)
    {
        scene.Begin(static request => request.TypeUrl = ResourceTypes.Authorization);
        scene.Acknowledge(await scene.ReceiveAsync());
        scene.Begin();
        scene.Acknowledge(await scene.ReceiveAsync());
    }

    private static (string Name, string Type) Described(DeltaDiscoveryResponse response) => (Assert.Single(Names(response)), response.TypeUrl);
}

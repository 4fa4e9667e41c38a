using System.Text.Json.Nodes;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Tests.Api;

public sealed class LifecycleTests
{
    [Fact]
    public async Task An_object_goes_with_the_last_of_its_owners()
    {
        await using var api = await TestApi.StartAsync();
        var (one, two) = (api.Map("one"), api.Map("two"));
        Owned(api, "child", one, two);

        api.Store.Delete(api.Maps, "default", "one");
        var left = api.Store.Find(api.Maps, "default", "child");
        api.Store.Delete(api.Maps, "default", "two");

        Assert.Equal([two.Uid], left!.Owners);
        Assert.Null(api.Store.Find(api.Maps, "default", "child"));
    }

    [Fact]
    public async Task Ownership_chains_are_followed_to_their_end()
    {
        await using var api = await TestApi.StartAsync();
        var last = api.Map("first");
        for (var i = 0; i < 20; i++) last = Owned(api, $"link{i}", last);

        api.Store.Delete(api.Maps, "default", "first");

        Assert.DoesNotContain(api.Store.List(api.Maps, "default").Items, map => map.Name.StartsWith("link", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Orphans_stay_without_their_owner()
    {
        await using var api = await TestApi.StartAsync();
        Owned(api, "child", api.Map("owner"));

        api.Store.Delete(api.Maps, "default", "owner", new() { Propagation = Propagation.Orphan });

        Assert.Empty(api.Store.Get(api.Maps, "default", "child").Owners);
    }

    [Fact]
    public async Task A_foreground_deletion_waits_for_what_blocks_it()
    {
        await using var api = await TestApi.StartAsync();
        var owner = api.Map("owner");
        Owned(api, "held", owner);
        Hold(api, "held", on: true);

        var (last, gone) = api.Store.Delete(api.Maps, "default", "owner", new() { Propagation = Propagation.Foreground });
        Hold(api, "held", on: false);

        Assert.False(gone);
        Assert.Contains("foregroundDeletion", last.Copy()["metadata"]!["finalizers"]!.AsArray().Select(one => one!.GetValue<string>()));
        Assert.Null(api.Store.Find(api.Maps, "default", "held"));
        Assert.Null(api.Store.Find(api.Maps, "default", "owner"));
    }

    [Fact]
    public async Task An_object_of_owners_that_never_were_is_collected()
    {
        await using var api = await TestApi.StartAsync();
        var ghost = api.Map("ghost");
        api.Store.Delete(api.Maps, "default", "ghost");

        Owned(api, "child", ghost);

        Assert.Null(api.Store.Find(api.Maps, "default", "child"));
    }

    [Fact]
    public async Task Finalizers_hold_an_object_until_they_are_taken_off()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a");
        Hold(api, "a", on: true);

        var (ending, gone) = api.Store.Delete(api.Maps, "default", "a");
        var still = api.Store.Find(api.Maps, "default", "a");
        Hold(api, "a", on: false);

        Assert.True(ending.IsEnding && !gone && still is { IsEnding: true });
        Assert.Null(api.Store.Find(api.Maps, "default", "a"));
    }

    [Fact]
    public async Task A_pod_on_a_node_ends_when_its_node_says_so()
    {
        await using var api = await TestApi.StartAsync();
        var pods = api.Kind("", "Pod");
        api.Create("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"default"},"spec":{"nodeName":"n","terminationGracePeriodSeconds":7,"containers":[{"name":"c","image":"i"}]}}""");

        var (ending, gone) = api.Store.Delete(pods, "default", "p");
        var (_, goneThen) = api.Store.Delete(pods, "default", "p", new() { GracePeriodSeconds = 0 });

        Assert.False(gone);
        Assert.Equal(7, ending.Copy()["metadata"]!["deletionGracePeriodSeconds"]!.GetValue<int>());
        Assert.True(goneThen);
    }

    [Fact]
    public async Task A_namespace_ends_with_the_last_thing_in_it()
    {
        await using var api = await TestApi.StartAsync();
        ResourceKind namespaces = api.Kind("", "Namespace");
        api.Create("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}""");
        api.Map("a", "shop");
        Hold(api, "a", on: true, ns: "shop");

        api.Store.Delete(namespaces, "", "shop");
        var ending = api.Store.Get(namespaces, "", "shop").Copy();
        Hold(api, "a", on: false, ns: "shop");

        Assert.Equal("Terminating", ending["status"]!["phase"]!.GetValue<string>());
        Assert.Null(api.Store.Find(namespaces, "", "shop"));
        Assert.Empty(api.Store.List(api.Kind("", "ServiceAccount"), "shop").Items);
    }

    [Fact]
    public async Task The_default_account_and_the_root_certificate_come_back()
    {
        await using var api = await TestApi.StartAsync();
        var accounts = api.Kind("", "ServiceAccount");
        var before = api.Store.Get(accounts, "default", "default");

        api.Store.Delete(accounts, "default", "default");
        api.Store.Delete(api.Maps, "default", "kube-root-ca.crt");

        Assert.NotEqual(before.Uid, api.Store.Get(accounts, "default", "default").Uid);
        Assert.Contains("BEGIN CERTIFICATE", api.Store.Get(api.Maps, "default", "kube-root-ca.crt").Copy()["data"]!["ca.crt"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_systems_namespaces_cannot_be_deleted()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(403, (await api.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/default")).Status);
    }

    private static StoredObject Owned(TestApi api, string name, params StoredObject[] owners)
    {
        var references = new JsonArray([.. owners.Select(owner => (JsonNode)new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["name"] = owner.Name, ["uid"] = owner.Uid, ["blockOwnerDeletion"] = true,
        })]);
        return api.Store.Create(new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["ownerReferences"] = references },
        });
    }

    private static void Hold(TestApi api, string name, bool on, string ns = "default") => api.Store.Update(api.Maps, ns, name, map =>
    {
        var finalizers = map["metadata"]!["finalizers"]?.AsArray().Select(one => one!.GetValue<string>()).ToList() ?? [];
        if (on) finalizers.Add("example.com/hold");
        else finalizers.Remove("example.com/hold");
        map["metadata"]!["finalizers"] = new JsonArray([.. finalizers.Select(one => (JsonNode)one)]);
        return map;
    });
}

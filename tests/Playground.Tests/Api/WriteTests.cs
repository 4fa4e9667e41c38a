using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Tests.Api;

public sealed class WriteTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    [Fact]
    public async Task A_write_from_an_old_state_is_a_conflict()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a");
        var (_, read) = await api.GetAsync($"{Maps}/a");
        api.Store.Update(api.Maps, "default", "a", map => { map["data"] = new JsonObject { ["x"] = "1" }; return map; });

        var (status, body) = await api.SendAsync(HttpMethod.Put, $"{Maps}/a", read.ToJsonString());

        Assert.Equal((409, "Conflict"), (status, body["reason"]!.GetValue<string>()));
        Assert.Contains("the object has been modified; please apply your changes to the latest version and try again", body["message"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("Pod", true)]
    [InlineData("Deployment", false)]
    public async Task Annotations_may_be_written_with_the_status_of_a_pod(string kind, bool kept)
    {
        await using var api = await TestApi.StartAsync();
        api.Create("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"runner","namespace":"default"}}""");
        api.Create("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"default"},"spec":{"serviceAccountName":"runner","containers":[{"name":"m","image":"i"}]}}""");
        api.Create("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"default"},"spec":{"replicas":0,"selector":{"matchLabels":{"x":"y"}},"template":{"metadata":{"labels":{"x":"y"}},"spec":{"containers":[{"name":"m","image":"i"}]}}}}""");
        var path = kind == "Pod" ? "/api/v1/namespaces/default/pods/a/status" : "/apis/apps/v1/namespaces/default/deployments/a/status";

        var (status, body) = await api.SendAsync(HttpMethod.Patch, path, """{"metadata":{"annotations":{"seen":"yes"}}}""", "application/merge-patch+json");

        Assert.Equal(200, status);
        Assert.Equal(kept ? "yes" : null, body["metadata"]!["annotations"]?["seen"]?.GetValue<string>());
    }

    [Fact]
    public async Task Fields_of_the_server_cannot_be_set()
    {
        await using var api = await TestApi.StartAsync();
        var (_, created) = await api.PostAsync(Maps, """{"metadata":{"name":"a","uid":"mine","creationTimestamp":"2001-01-01T00:00:00Z","deletionTimestamp":"2001-01-01T00:00:00Z"}}""");

        Assert.NotEqual("mine", created["metadata"]!["uid"]!.GetValue<string>());
        Assert.Null(created["metadata"]!["deletionTimestamp"]);
        Assert.NotEqual("2001-01-01T00:00:00Z", created["metadata"]!["creationTimestamp"]!.GetValue<string>());
    }

    [Fact]
    public async Task Generation_counts_what_is_wanted_and_not_what_is_reported()
    {
        await using var api = await TestApi.StartAsync();
        var gateways = api.Store.Kinds.Find("gateway.networking.k8s.io", "Gateway")!;
        api.Create("""{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"w","namespace":"default"},"spec":{"gatewayClassName":"c","listeners":[{"name":"m","port":15008,"protocol":"HBONE"}]}}""");

        api.Store.Update(gateways, "default", "w", gateway => { gateway["status"] = new JsonObject { ["x"] = 1 }; return gateway; }, new() { Subresource = "status" });
        api.Store.Update(gateways, "default", "w", gateway => { gateway["metadata"]!["labels"] = new JsonObject { ["a"] = "b" }; return gateway; });
        var same = api.Store.Get(gateways, "default", "w").Copy();
        api.Store.Update(gateways, "default", "w", gateway => { gateway["spec"]!["gatewayClassName"] = "d"; return gateway; });

        Assert.Equal(1, same["metadata"]!["generation"]!.GetValue<int>());
        Assert.Equal(2, api.Store.Get(gateways, "default", "w").Copy()["metadata"]!["generation"]!.GetValue<int>());
        Assert.Equal(1, api.Store.Get(gateways, "default", "w").Copy()["status"]!["x"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_write_that_changes_nothing_is_no_write()
    {
        await using var api = await TestApi.StartAsync();
        var version = api.Map("a", data: """{"x":"1"}""").Version;

        var (status, body) = await api.SendAsync(HttpMethod.Patch, $"{Maps}/a", """{"data":{"x":"1"}}""", "application/merge-patch+json");

        Assert.Equal((200, $"{version}"), (status, body["metadata"]!["resourceVersion"]!.GetValue<string>()));
        Assert.Equal(version, api.Store.Version);
    }

    [Fact]
    public async Task Names_are_made_up_from_a_prefix()
    {
        await using var api = await TestApi.StartAsync();

        var names = Enumerable.Range(0, 20).Select(_ => api.Create("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"made-","namespace":"default"}}""").Name).ToHashSet();

        Assert.Equal(20, names.Count);
        Assert.All(names, name => Assert.Matches("^made-[a-z0-9]{5}$", name));
    }

    [Fact]
    public async Task Objects_need_a_namespace_that_exists_and_is_not_ending()
    {
        await using var api = await TestApi.StartAsync();
        api.Create("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"leaving"}}""");
        api.Create("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"stays","namespace":"leaving","finalizers":["example.com/hold"]}}""");
        api.Store.Delete(api.Kind("", "Namespace"), "", "leaving");

        var missing = await api.PostAsync("/api/v1/namespaces/nowhere/configmaps", """{"metadata":{"name":"a"}}""");
        var ending = await api.PostAsync("/api/v1/namespaces/leaving/configmaps", """{"metadata":{"name":"a"}}""");

        Assert.Equal((404, "namespaces \"nowhere\" not found"), (missing.Status, missing.Body["message"]!.GetValue<string>()));
        Assert.Equal((403, "NamespaceTerminating"), (ending.Status, ending.Body["details"]!["causes"]![0]!["reason"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("UPPER", "lowercase RFC 1123")]
    [InlineData("-a", "lowercase RFC 1123")]
    [InlineData("a/b", "lowercase RFC 1123")]
    public async Task Bad_names_are_invalid(string name, string why)
    {
        await using var api = await TestApi.StartAsync();

        var (status, body) = await api.PostAsync(Maps, $$$"""{"metadata":{"name":"{{{name}}}"}}""");

        Assert.Equal((422, "Invalid"), (status, body["reason"]!.GetValue<string>()));
        Assert.Contains(why, body["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_by_size()
    {
        await using var api = await TestApi.StartAsync();

        var (status, body) = await api.PostAsync(Maps, $$$"""{"metadata":{"name":"big"},"data":{"x":"{{{new string('x', 3 * 1024 * 1024)}}}"}}""");

        Assert.Equal((413, "RequestEntityTooLarge"), (status, body["reason"]!.GetValue<string>()));
        Assert.Contains("3145728", body["message"]!.GetValue<string>());
    }

    [Fact]
    public async Task Warnings_name_fields_that_were_dropped()
    {
        await using var api = await TestApi.StartAsync();
        using var content = new StringContent("""{"metadata":{"name":"a"},"colour":"red"}""", null, "application/json");

        using var response = await api.Http.PostAsync($"{Maps}?fieldValidation=Warn", content);

        Assert.Equal("299 - \"unknown field \\\"colour\\\"\"", response.Headers.GetValues("Warning").Single());
        Assert.DoesNotContain("colour", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task The_store_refuses_more_objects_than_its_limit()
    {
        await using var api = await TestApi.StartAsync(new() { InstallsMeshKinds = false, Store = new() { MaxObjects = 20 } });

        var refused = Assert.Throws<StatusException>(() => { for (var i = 0; i < 30; i++) api.Map($"m{i}"); });

        Assert.Contains("its limit; delete some", refused.Message);
    }

    [Fact]
    public async Task Writers_from_many_threads_lose_nothing()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("count", data: """{"n":"0"}""");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 100; i++)
                api.Store.Update(api.Maps, "default", "count", map =>
                {
                    map["data"]!["n"] = $"{int.Parse(map["data"]!["n"]!.GetValue<string>()) + 1}";
                    return map;
                });
        })));

        Assert.Equal("800", api.Store.Get(api.Maps, "default", "count").Copy()["data"]!["n"]!.GetValue<string>());
    }

    [Fact]
    public async Task Deletion_preconditions_must_hold()
    {
        await using var api = await TestApi.StartAsync();
        api.Map("a");

        var refused = Assert.Throws<StatusException>(() => api.Store.Delete(api.Maps, "default", "a", new DeleteOptions { Uid = "another" }));

        Assert.Equal(409, refused.Code);
    }
}

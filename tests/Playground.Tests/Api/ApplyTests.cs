using System.Text.Json.Nodes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Tests.Api;

public sealed class ApplyTests
{
    [Fact]
    public async Task Two_owners_may_agree_on_a_value_and_neither_removes_it_alone()
    {
        await using var api = await TestApi.StartAsync();
        Apply(api, "one", """{"x":"1","y":"1"}""");
        Apply(api, "two", """{"x":"1"}""");

        Apply(api, "one", """{"y":"1"}""");
        Assert.Equal("""{"x":"1","y":"1"}""", Data(api));
        Apply(api, "two", "{}");

        Assert.Equal("""{"y":"1"}""", Data(api));
    }

    [Fact]
    public async Task A_conflict_names_every_field_and_its_owner()
    {
        await using var api = await TestApi.StartAsync();
        Apply(api, "one", """{"x":"1","y":"1"}""");

        var conflict = Assert.Throws<StatusException>(() => Apply(api, "two", """{"x":"2","y":"2","z":"2"}"""));

        Assert.Equal((409, "Conflict"), (conflict.Code, conflict.Reason));
        Assert.StartsWith("Apply failed with 2 conflicts: conflicts with \"one\":".Replace("conflicts with", "conflict with", StringComparison.Ordinal), conflict.Message);
        Assert.Equal([".data.x", ".data.y"], conflict.Details!["causes"]!.AsArray().Select(cause => cause!["field"]!.GetValue<string>()));
        Assert.All(conflict.Details["causes"]!.AsArray(), cause => Assert.Equal("FieldManagerConflict", cause!["reason"]!.GetValue<string>()));
    }

    [Fact]
    public async Task An_ordinary_write_takes_the_field_and_a_later_apply_conflicts_with_it()
    {
        await using var api = await TestApi.StartAsync();
        Apply(api, "one", """{"x":"1"}""");
        api.Store.Update(api.Maps, "default", "m", map => { map["data"]!["x"] = "changed"; return map; }, new() { Owner = "editor" });

        var conflict = Assert.Throws<StatusException>(() => Apply(api, "one", """{"x":"1"}"""));

        Assert.Contains("conflict with \"editor\" using v1: .data.x", conflict.Message);
    }

    [Fact]
    public async Task Force_takes_the_field_over()
    {
        await using var api = await TestApi.StartAsync();
        Apply(api, "one", """{"x":"1"}""");
        Apply(api, "two", """{"x":"2"}""", force: true);

        Apply(api, "one", "{}"); // no longer its own, so it stays

        Assert.Equal("""{"x":"2"}""", Data(api));
    }

    [Fact]
    public async Task Applying_the_same_again_is_no_write()
    {
        await using var api = await TestApi.StartAsync();
        Apply(api, "one", """{"x":"1"}""");
        var version = api.Store.Version;

        Apply(api, "one", """{"x":"1"}""");

        Assert.Equal(version, api.Store.Version);
    }

    [Fact]
    public async Task Elements_of_keyed_lists_have_owners_of_their_own()
    {
        await using var api = await TestApi.StartAsync();
        var services = api.Kind("", "Service");
        void Ports(string owner, string ports) => api.Store.Apply(services, "default", "s", Parse(
            $$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":{{{ports}}}}}"""), force: false, new() { Owner = owner });
        Ports("one", """[{"name":"http","port":80}]""");
        Ports("two", """[{"name":"dns","port":53,"protocol":"UDP"}]""");

        Ports("one", """[{"name":"http","port":80,"targetPort":8080},{"name":"more","port":81}]""");
        Ports("two", """[{"name":"other","port":54}]""");

        var ports = api.Store.Get(services, "default", "s").Copy()["spec"]!["ports"]!.AsArray();
        Assert.Equal(["http:8080", "more:81", "other:54"], ports.Select(port => $"{port!["name"]}:{port["targetPort"]}").Order());
    }

    [Fact]
    public async Task Atomic_lists_have_one_owner()
    {
        await using var api = await TestApi.StartAsync();
        var policies = api.Store.Kinds.Find("security.istio.io", "AuthorizationPolicy")!;
        void Rules(string owner, string rules) => api.Store.Apply(policies, "default", "p", Parse(
            $$$"""{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"p"},"spec":{"rules":{{{rules}}}}}"""), force: false, new() { Owner = owner });
        Rules("one", """[{"to":[{"operation":{"ports":["80"]}}]}]""");

        var conflict = Assert.Throws<StatusException>(() => Rules("two", """[{"to":[{"operation":{"ports":["81"]}}]}]"""));

        Assert.Contains(".spec.rules", conflict.Message);
    }

    [Fact]
    public async Task Conditions_of_two_controllers_live_side_by_side_in_a_status()
    {
        await using var api = await TestApi.StartAsync();
        var policies = api.Store.Kinds.Find("security.istio.io", "AuthorizationPolicy")!;
        api.Create("""{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"p","namespace":"default"},"spec":{}}""");
        void Condition(string owner, string? type)
        {
            var conditions = type is null ? "" : $$"""{"type":"{{type}}","status":"True"}""";
            api.Store.Apply(policies, "default", "p", Parse(
                $$$"""{"apiVersion":"security.istio.io/v1","kind":"AuthorizationPolicy","metadata":{"name":"p"},"status":{"conditions":[{{{conditions}}}]}}"""),
                force: true, new() { Owner = owner, Subresource = "status" });
        }

        Condition("one", "ZtunnelAccepted");
        Condition("two", "WaypointAccepted");
        Condition("one", null);

        var status = api.Store.Get(policies, "default", "p").Copy()["status"]!;
        Assert.Equal(["WaypointAccepted"], status["conditions"]!.AsArray().Select(condition => condition!["type"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Without_tracking_the_last_apply_wins()
    {
        await using var api = await TestApi.StartAsync(new() { Store = new() { TracksFields = false } });
        Apply(api, "one", """{"x":"1"}""");

        Apply(api, "two", """{"x":"2"}""");

        Assert.Equal("""{"x":"2"}""", Data(api));
        Assert.Null(api.Store.Get(api.Maps, "default", "m").Copy()["metadata"]!["managedFields"]);
    }

    private static StoredObject Apply(TestApi api, string owner, string data, bool force = false) => api.Store.Apply(api.Maps, "default", "m",
        Parse($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"m"},"data":{{data}}}"""), force, new() { Owner = owner });

    private static string Data(TestApi api) => api.Store.Get(api.Maps, "default", "m").Copy()["data"]!.ToJsonString();

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}

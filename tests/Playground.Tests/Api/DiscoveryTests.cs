using System.Text.Json.Nodes;

namespace Ambient.Playground.Tests.Api;

public sealed class DiscoveryTests
{
    [Fact]
    public async Task The_aggregated_and_the_plain_form_say_the_same()
    {
        await using var api = await TestApi.StartAsync();

        var (_, all) = await api.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");

        foreach (var group in all["items"]!.AsArray())
            foreach (var version in group!["versions"]!.AsArray())
            {
                var (_, plain) = await api.GetAsync($"/apis/{group["metadata"]!["name"]}/{version!["version"]}");
                var aggregated = version["resources"]!.AsArray().SelectMany(resource => (string[])
                    [$"{resource!["resource"]}", .. (resource["subresources"]?.AsArray() ?? []).Select(sub => $"{resource["resource"]}/{sub!["subresource"]}")]);
                Assert.Equal(plain["resources"]!.AsArray().Select(resource => $"{resource!["name"]}").Order(), aggregated.Order());
            }
    }

    [Fact]
    public async Task Every_reference_in_every_schema_document_leads_somewhere()
    {
        await using var api = await TestApi.StartAsync();
        var (_, index) = await api.GetAsync("/openapi/v3");

        Assert.True(index["paths"]!.AsObject().Count > 15);
        foreach (var (_, entry) in index["paths"]!.AsObject())
        {
            var (status, document) = await api.GetAsync(entry!["serverRelativeURL"]!.GetValue<string>());
            Assert.Equal(200, status);
            var schemas = document["components"]!["schemas"]!.AsObject();
            Assert.All(References(document), reference => Assert.True(schemas.ContainsKey(reference["#/components/schemas/".Length..]), reference));
        }
    }

    [Fact]
    public async Task Unknown_paths_are_not_found_and_wrong_methods_not_allowed()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal(404, (await api.GetAsync("/apis/nothing.example/v1")).Status);
        Assert.Equal(404, (await api.GetAsync("/apis/apps/v9/deployments")).Status);
        Assert.Equal(404, (await api.GetAsync("/api/v1/namespaces/default/pods/a/exec")).Status);
        Assert.Equal(405, (await api.SendAsync(HttpMethod.Put, "/api/v1/namespaces/default/pods", "{}")).Status);
        Assert.Equal(405, (await api.GetAsync("/apis/authentication.k8s.io/v1/tokenreviews")).Status);
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(field => field is { Key: "$ref", Value: JsonValue value } ? [value.GetValue<string>()] : References(field.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}

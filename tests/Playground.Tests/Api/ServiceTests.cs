using Ambient.Playground.Api;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Tests.Api;

public sealed class ServiceTests
{
    [Fact]
    public async Task Each_service_has_an_address_of_its_own_and_gives_it_back()
    {
        await using var api = await TestApi.StartAsync(new() { ServiceRange = System.Net.IPNetwork.Parse("10.9.0.0/29") });
        var addresses = Enumerable.Range(0, 5).Select(i => Address(Create(api, $"s{i}"))).ToList();

        var full = Assert.Throws<StatusException>(() => Create(api, "more"));
        api.Store.Delete(api.Kind("", "Service"), "default", "s2");
        var again = Address(Create(api, "more"));

        Assert.Equal(["10.9.0.2", "10.9.0.3", "10.9.0.4", "10.9.0.5", "10.9.0.6"], addresses.Order());
        Assert.Contains("addresses of the cluster are taken", full.Message);
        Assert.Equal("10.9.0.4", again);
    }

    [Fact]
    public async Task A_refused_service_takes_no_address()
    {
        await using var api = await TestApi.StartAsync(new() { ServiceRange = System.Net.IPNetwork.Parse("10.9.0.0/29") });
        for (var i = 0; i < 20; i++)
            Assert.Throws<StatusException>(() => Create(api, "bad", """, "type":"NodePort" """, """{"port":80,"nodePort":1}"""));

        Assert.Equal(5, Enumerable.Range(0, 5).Select(i => Address(Create(api, $"s{i}"))).Distinct().Count());
    }

    [Fact]
    public async Task An_address_may_be_chosen_once()
    {
        await using var api = await TestApi.StartAsync();

        Assert.Equal("10.96.0.77", Address(Create(api, "one", """, "clusterIP":"10.96.0.77" """)));
        Assert.Contains("provided IP is already allocated", Assert.Throws<StatusException>(() => Create(api, "two", """, "clusterIP":"10.96.0.77" """)).Message);
        Assert.Contains("not in the valid range", Assert.Throws<StatusException>(() => Create(api, "two", """, "clusterIP":"10.1.0.77" """)).Message);
    }

    [Fact]
    public async Task Dual_stack_services_have_both_families_and_headless_ones_none()
    {
        await using var api = await TestApi.StartAsync();

        var dual = Create(api, "dual", """, "ipFamilyPolicy":"PreferDualStack" """);
        var headless = Create(api, "headless", """, "clusterIP":"None" """);

        Assert.Equal(["IPv4", "IPv6"], dual.TextsAt("spec", "ipFamilies"));
        Assert.Matches(@"^10\.96\.", dual.TextsAt("spec", "clusterIPs").First());
        Assert.Matches("^fd00:10:96::", dual.TextsAt("spec", "clusterIPs").Last());
        Assert.Equal(["None"], headless.TextsAt("spec", "clusterIPs"));
    }

    [Fact]
    public async Task An_address_stays_when_the_service_is_written_without_it()
    {
        await using var api = await TestApi.StartAsync();
        var address = Address(Create(api, "s"));

        var (status, body) = await api.SendAsync(HttpMethod.Put, "/api/v1/namespaces/default/services/s",
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":81}]}}""");
        var (refused, _) = await api.SendAsync(HttpMethod.Patch, "/api/v1/namespaces/default/services/s", """{"spec":{"clusterIP":"10.96.9.9"}}""", "application/merge-patch+json");

        Assert.Equal((200, address, 422), (status, body.Text("spec", "clusterIP"), refused));
    }

    private static string Address(System.Text.Json.Nodes.JsonObject service) => service.Text("spec", "clusterIP")!;

    private static System.Text.Json.Nodes.JsonObject Create(TestApi api, string name, string more = "", string port = """{"port":80}""") => api.Create(
        $$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}","namespace":"default"},"spec":{"ports":[{{{port}}}]{{{more}}}}}""").Copy();
}

using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Controllers;

namespace Ambient.Playground.Tests.Controllers;

public sealed class ServiceEndpointsTests
{
    [Fact]
    public void Pods_are_ready_serving_or_terminating()
    {
        var slice = Slices(Service(), Pod("a"), Pod("b", ready: false), Pod("c", ending: true), Pod("d", phase: "Succeeded"), Pod("e", address: null)).Single();

        Assert.Equal(["a True True False", "b False False False", "c False True True"], slice.ObjectsAt("endpoints").Select(Show));
    }

    [Fact]
    public void A_service_may_publish_pods_before_they_are_ready()
    {
        var service = Service();
        service["spec"]!["publishNotReadyAddresses"] = true;

        Assert.Equal(["b True True False"], Slices(service, Pod("b", ready: false)).Single().ObjectsAt("endpoints").Select(Show));
    }

    [Fact]
    public void A_named_port_may_have_another_number_in_each_pod()
    {
        var service = Service("""[{"name":"http","port":80,"targetPort":"web","protocol":"TCP"}]""");

        var slices = Slices(service, Pod("a", port: 8080), Pod("b", port: 9090), Pod("c", port: 8080)).ToList();

        Assert.Equal(["8080: a c", "9090: b"], slices.Select(slice => $"{slice["ports"]![0].Number("port")}: {string.Join(' ', slice.ObjectsAt("endpoints").Select(one => one.Text("targetRef", "name")))}").Order());
    }

    [Fact]
    public void Each_family_has_slices_of_its_own()
    {
        var service = Service();
        service["spec"]!["ipFamilies"] = Json.Strings(["IPv4", "IPv6"]);
        var pod = Pod("a");
        pod["status"]!["podIPs"] = new JsonArray(new JsonObject { ["ip"] = "10.0.0.1" }, new JsonObject { ["ip"] = "fd00::1" });

        var slices = Slices(service, pod).ToList();

        Assert.Equal(["IPv4 10.0.0.1", "IPv6 fd00::1"], slices.Select(slice => $"{slice.Text("addressType")} {slice.ObjectsAt("endpoints").Single().TextsAt("addresses").Single()}"));
    }

    [Fact]
    public void Many_endpoints_are_divided()
    {
        var slices = Slices(Service(), [.. Enumerable.Range(0, 250).Select(i => Pod($"p{i:000}", address: $"10.0.{i / 100}.{i % 100}"))]).ToList();

        Assert.Equal([100, 100, 50], slices.Select(slice => slice.ObjectsAt("endpoints").Count()));
    }

    [Fact]
    public void Zones_come_from_nodes()
    {
        var endpoint = Slices(Service(), Pod("a")).Single().ObjectsAt("endpoints").Single();

        Assert.Equal(("n1", "zone-of-n1"), (endpoint.Text("nodeName"), endpoint.Text("zone")));
    }

    private static IEnumerable<JsonObject> Slices(JsonObject service, params JsonObject[] pods) => new ServiceEndpoints(service, pods, node => $"zone-of-{node}").Slices();

    private static string Show(JsonObject endpoint) =>
        $"{endpoint.Text("targetRef", "name")} {endpoint.Flag("conditions", "ready")} {endpoint.Flag("conditions", "serving")} {endpoint.Flag("conditions", "terminating")}";

    private static JsonObject Service(string ports = """[{"port":80,"targetPort":8080,"protocol":"TCP"}]""") =>
        JsonNode.Parse($$$"""{"metadata":{"name":"s"},"spec":{"ipFamilies":["IPv4"],"ports":{{{ports}}}}}""")!.AsObject();

    private static JsonObject Pod(string name, bool ready = true, bool ending = false, string phase = "Running", string? address = "10.0.0.1", int port = 8080)
    {
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["uid"] = name },
            ["spec"] = new JsonObject
            {
                ["nodeName"] = "n1",
                ["containers"] = new JsonArray(new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["name"] = "web", ["containerPort"] = port }) }),
            },
            ["status"] = new JsonObject { ["phase"] = phase, ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = ready ? "True" : "False" }) },
        };
        if (address is not null) pod["status"]!["podIP"] = address;
        if (ending) pod["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        return pod;
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Provisioning;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Hosting.Options;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>No gateway, and no object of ours that somebody has bent, brings its provisioning into trouble.</summary>
public sealed class HostileGatewayTests
{
    private const string Gateway = """
        {"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway",
         "metadata":{"name":"waypoint","namespace":"demo","uid":"u","generation":1,"labels":{"istio.io/waypoint-for":"all"},
                     "annotations":{"gateway.istio.io/name-override":"proxy","gateway.istio.io/service-account":"web"}},
         "spec":{"gatewayClassName":"ambient-waypoint","addresses":[{"type":"Hostname","value":"x"}],
                 "infrastructure":{"labels":{"a":"b"},"annotations":{"c":"d"},"parametersRef":{"group":"","kind":"ConfigMap","name":"own"}},
                 "listeners":[{"name":"mesh","port":15008,"protocol":"HBONE","hostname":null,"tls":null,
                               "allowedRoutes":{"namespaces":{"from":"Selector","selector":{"matchLabels":{"a":"b"}}},"kinds":[{"group":"g","kind":"HTTPRoute"}]}}]},
         "status":{"addresses":[{"type":"IPAddress","value":"10.0.0.1"}],"conditions":[{"type":"Accepted","status":"True"}],
                   "listeners":[{"name":"mesh","attachedRoutes":1,"supportedKinds":[{"kind":"HTTPRoute"}],"conditions":[{"type":"Accepted","status":"True"}]}]}}
        """;

    private static readonly string[] Values =
    [
        "null", "\"\"", "\"x\"", "\"a: [b\\n\\\"c\"", "\"{{x}}\"", "0", "-1", "99999", "true", "[]", "{}", "[null]", "[{}]", "{\"a\":\"b\"}", "{\"a\":null}", "\"" + new string('y', 3000) + "\"",
    ];

    [Fact]
    public void Any_gateway_that_can_be_read_gets_a_status_and_objects_that_are_its_own()
    {
        var options = ProvisioningOptions.Read(new SettingsReader(new Dictionary<string, string>()), new IndexOptions());
        var (read, made) = (0, 0);
        for (var seed = 0; seed < 3000; seed++)
        {
            if (Read(Bent(Gateway, new Random(seed))) is not { } gateway) continue;
            read++;
            var review = GatewayReview.Of(gateway);
            var status = GatewayReport.Of(gateway, review, new(review.Refusal, null, gateway.Status?.Addresses ?? []), static _ => 0);
            Assert.Equal(gateway.Spec?.Listeners?.OfType<GatewayListener>().Count() ?? 0, status.Listeners!.Count);
            _ = GatewayReport.IsSaid(GatewayReport.Dated(status, gateway.Status, DateTimeOffset.UnixEpoch), gateway.Status);
            if (review.Tunnels is not { } listener) continue;

            made++;
            var objects = WaypointObjects.Of(gateway, listener, new(), "", "cluster.local", options);
            var again = WaypointObjects.Of(gateway, listener, new(), "", "cluster.local", options);
            Assert.Equal(again.Select(static one => one.Document.ToJsonString()), objects.Select(static one => one.Document.ToJsonString()));
            var deployment = objects.Single(static one => one.Type == WaypointKinds.Deployment).Document;
            Assert.Equal(gateway.Metadata.Name, (string?)deployment["spec"]!["selector"]!["matchLabels"]!["gateway.networking.k8s.io/gateway-name"]);
            Assert.Equal(gateway.Metadata.Name, (string?)deployment["spec"]!["template"]!["metadata"]!["labels"]!["gateway.networking.k8s.io/gateway-name"]);
            Assert.Equal(listener.Name, (string?)objects.Single(static one => one.Type == WaypointKinds.Service).Document["spec"]!["ports"]![1]!["name"]);
        }

        Assert.True(read > 300 && made > 200, $"only {read} gateways could be read, and {made} run");
    }

    [Fact]
    public void Any_overlay_is_applied_or_refused_and_what_ties_the_object_to_its_gateway_stays()
    {
        const string overlay = """
            {"metadata":{"labels":{"a":"b"}},"spec":{"replicas":1,"template":{"metadata":{"labels":{"x":"y"}},
             "spec":{"containers":[{"name":"waypoint","ports":[{"containerPort":1}],"env":[{"name":"A","value":"b"}]}]}}}}
            """;
        var options = ProvisioningOptions.Read(new SettingsReader(new Dictionary<string, string>()), new IndexOptions());
        var gateway = Read(JsonNode.Parse(Gateway)!)!;
        var applied = 0;
        for (var seed = 0; seed < 2000; seed++)
        {
            var text = Bent(overlay, new Random(seed)).ToJsonString();
            try
            {
                var overlays = new Overlays();
                overlays.Add(new() { Metadata = new() { Name = "own", Namespace = "demo" }, Data = new Dictionary<string, string> { [Overlays.Deployment] = text } });
                var deployment = WaypointObjects.Of(gateway, gateway.Spec!.Listeners![0], overlays, "", "cluster.local", options).Single(static one => one.Type == WaypointKinds.Deployment).Document;
                Assert.Equal("u", (string?)deployment["metadata"]!["ownerReferences"]![0]!["uid"]);
                Assert.Equal("waypoint", (string?)deployment["metadata"]!["labels"]!["gateway.networking.k8s.io/gateway-name"]);
                applied++;
            }
            catch (ConfigurationException) { }
        }

        Assert.True(applied > 500, $"only {applied} were applied");
    }

    private static Gateway? Read(JsonNode json)
    {
        try { return json.Deserialize(KubernetesJson.Default.Gateway); }
        catch (JsonException) { return null; } // the client refuses that
    }

    // One to three of its values are others.
    private static JsonNode Bent(string text, Random random)
    {
        var document = JsonNode.Parse(text)!;
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var places = new List<Action<JsonNode?>>();
            Collect(document, places);
            places[random.Next(places.Count)](JsonNode.Parse(Values[random.Next(Values.Length)]));
        }

        return document;
    }

    private static void Collect(JsonNode? node, List<Action<JsonNode?>> places)
    {
        if (node is JsonObject map)
            foreach (var (name, value) in map.ToList())
            {
                places.Add(bent => map[name] = bent);
                Collect(value, places);
            }
        else if (node is JsonArray list)
            for (var i = 0; i < list.Count; i++)
            {
                var at = i;
                places.Add(bent => list[at] = bent);
                Collect(list[i], places);
            }
    }
}

using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>From a gateway to a waypoint that runs, through the whole control plane and a cluster's API.</summary>
public sealed class WaypointProvisioningTests
{
    [Fact(Timeout = 60_000)]
    public async Task Classes_are_made_and_accepted_and_one_of_somebody_else_is_left_alone()
    {
        await using var scene = await WaypointScene.StartAsync();

        var ours = await scene.UntilAsync("GatewayClass", "ambient-waypoint", static one => WaypointScene.Condition(one, "Accepted") is ("True", "Accepted", _));
        Assert.Equal("ambient.mesh/waypoint-controller", ours.Text("spec", "controllerName"));
        Assert.Equal(1, ours.ObjectsAt("status", "conditions").Single().Number("observedGeneration"));
        var features = ours.ObjectsAt("status", "supportedFeatures").Select(static one => one.Text("name")).ToList();
        Assert.NotEmpty(features);
        Assert.Equal(features.Order(StringComparer.Ordinal), features);
        await scene.UntilAsync("GatewayClass", "istio-waypoint", static one => WaypointScene.Condition(one, "Accepted") is ("True", "Accepted", _));

        scene.Create("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: other}, spec: {controllerName: example.com/other}}");
        scene.Create(WaypointScene.Waypoint.Replace("ambient-waypoint", "other", StringComparison.Ordinal).Replace("name: waypoint,", "name: foreign,", StringComparison.Ordinal));
        scene.Create(WaypointScene.Waypoint);
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");

        Assert.Null(scene.Find("Deployment", "foreign"));
        Assert.Equal("Unknown", WaypointScene.Condition(scene.Find("Gateway", "foreign")!, "Accepted")!.Value.Status);
        Assert.Equal("Unknown", WaypointScene.Condition(scene.Find("GatewayClass", "other")!, "Accepted")!.Value.Status);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_class_whose_status_was_wiped_is_accepted_again_in_its_present_generation()
    {
        const string name = "istio-waypoint";
        await using var scene = await WaypointScene.StartAsync();
        await scene.UntilAsync("GatewayClass", name, static one => WaypointScene.Condition(one, "Accepted") is ("True", _, _));

        scene.Edit("GatewayClass", name, static one => one["spec"]!["description"] = "ours");
        await AcceptedAsync(2);
        scene.Edit("GatewayClass", name, static one => one["status"] = new JsonObject(), "status");
        await AcceptedAsync(2);

        Task AcceptedAsync(long generation) => scene.UntilAsync("GatewayClass", name, one => WaypointScene.Condition(one, "Accepted") is ("True", "Accepted", _)
            && one.ObjectsAt("status", "conditions").Single().Number("observedGeneration") == generation && one.ObjectsAt("status", "supportedFeatures").Any());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_class_stays_as_long_as_it_has_gateways()
    {
        const string finalizer = "gateway-exists-finalizer.gateway.networking.k8s.io";
        await using var scene = await WaypointScene.StartAsync();
        var name = "ambient-waypoint";
        Assert.Empty((await scene.UntilAsync("GatewayClass", name, static one => WaypointScene.Condition(one, "Accepted") is ("True", _, _))).TextsAt("metadata", "finalizers"));
        scene.Edit("GatewayClass", name, static one => one["metadata"]!["finalizers"] = new JsonArray("example.com/other"));

        scene.Create(WaypointScene.Waypoint);
        await scene.UntilAsync("GatewayClass", name, static one => one.TextsAt("metadata", "finalizers").SequenceEqual(["example.com/other", finalizer]));
        scene.Delete("GatewayClass", name, ns: "");
        Assert.NotNull(scene.Find("GatewayClass", name)!.Text("metadata", "deletionTimestamp"));

        scene.Delete("Gateway", "waypoint");
        await scene.UntilAsync("GatewayClass", name, static one => one.TextsAt("metadata", "finalizers").SequenceEqual(["example.com/other"]));
    }

    [Fact(Timeout = 60_000)]
    public async Task Routes_of_services_that_use_a_waypoint_are_counted_on_its_listener()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint);
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");
        scene.Create("{apiVersion: v1, kind: Service, metadata: {name: web, namespace: demo, labels: {istio.io/use-waypoint: waypoint}}, spec: {clusterIP: 10.96.0.9, ports: [{name: http, port: 80}]}}");
        scene.Create("{apiVersion: v1, kind: Service, metadata: {name: plain, namespace: demo}, spec: {clusterIP: 10.96.0.10, ports: [{name: http, port: 80}]}}");
        foreach (var (name, service) in ((string, string)[])[("one", "web"), ("two", "web"), ("three", "plain"), ("four", "none")])
            scene.Create($"{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {{name: {name}, namespace: demo}}, spec: {{parentRefs: [{{group: '', kind: Service, name: {service}}}], rules: [{{}}]}}}}");

        await CountsAsync(2);
        scene.Delete("HTTPRoute", "one");
        await CountsAsync(1);
        scene.Edit("Service", "web", static service => service["metadata"]!.AsObject().Remove("labels"));
        await CountsAsync(0);

        Task CountsAsync(int routes) => scene.UntilAsync("Gateway", "waypoint", gateway => gateway.ObjectsAt("status", "listeners").Single().Number("attachedRoutes") == routes);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_established_class_belongs_to_whoever_has_made_it()
    {
        await using var scene = await WaypointScene.StartAsync(("PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER", "false"));
        Assert.Null(scene.Find("GatewayClass", "istio-waypoint"));
        scene.Create("{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio-waypoint}, spec: {controllerName: istio.io/mesh-controller}}");

        await scene.Running.TakeOverAsync(); // by one that runs waypoints
        await scene.UntilAsync("GatewayClass", "ambient-waypoint", static one => WaypointScene.Condition(one, "Accepted") is ("True", _, _));

        var theirs = scene.Find("GatewayClass", "istio-waypoint")!;
        Assert.Equal(("istio.io/mesh-controller", "Unknown"), (theirs.Text("spec", "controllerName"), WaypointScene.Condition(theirs, "Accepted")!.Value.Status));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gateway_becomes_an_account_a_service_and_a_deployment_of_its_own()
    {
        await using var scene = await WaypointScene.StartAsync(("WAYPOINT_IMAGE", "registry.example.com/ambient/waypoint:1"), ("CLUSTER_ID", "c1"), ("TRUST_DOMAIN", "example.org"));
        scene.Create(WaypointScene.Waypoint);

        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");
        var gateway = scene.Find("Gateway", "waypoint")!;
        var made = new[] { "ServiceAccount", "Service", "Deployment" }.ToDictionary(static kind => kind, kind => scene.Find(kind, "waypoint")!);

        foreach (var (kind, one) in made)
        {
            Assert.Equal(("waypoint", "ambient-waypoint", "istio.io-mesh-controller"), (Label(one, "gateway.networking.k8s.io/gateway-name"),
                Label(one, "gateway.networking.k8s.io/gateway-class-name"), Label(one, "gateway.istio.io/managed")));
            var owner = Assert.Single(one.ObjectsAt("metadata", "ownerReferences"));
            Assert.True(owner.Text("uid") == gateway.Text("metadata", "uid") && owner.Text("kind") == "Gateway" && owner.Flag("controller"), kind);
        }

        var pod = made["Deployment"].ObjectAt("spec", "template")!;
        var container = Assert.Single(pod.ObjectsAt("spec", "containers"));
        Assert.Equal("registry.example.com/ambient/waypoint:1", container.Text("image"));
        Assert.Equal(("none", "waypoint", "waypoint"), (Label(pod, "istio.io/dataplane-mode"), Label(pod, "service.istio.io/canonical-name"), pod.Text("spec", "serviceAccountName")));
        var environment = container.ObjectsAt("env").ToDictionary(static one => one.Text("name")!, static one => one.Text("value") ?? one.Text("valueFrom", "fieldRef", "fieldPath"));
        Assert.Equal(("waypoint", "c1", "example.org", "https://istiod.istio-system.svc:15012", "status.podIP"),
            (environment["GATEWAY_NAME"], environment["CLUSTER_ID"], environment["TRUST_DOMAIN"], environment["XDS_ADDRESS"], environment["INSTANCE_IP"]));
        Assert.Equal([(15021, "tcp"), (15008, "hbone")], made["Service"].ObjectsAt("spec", "ports").Select(static port => ((int)port.Number("port")!, port.Text("appProtocol"))));

        // Known by its address from the moment that it has one, and programmed when a pod is ready.
        var addresses = gateway.ObjectsAt("status", "addresses").Select(static one => (one.Text("type"), one.Text("value"))).ToList();
        Assert.Equal([("Hostname", "waypoint.demo.svc.cluster.local"), .. made["Service"].TextsAt("spec", "clusterIPs").Select(static ip => ("IPAddress", ip))], addresses);
        await scene.MakeReadyAsync("waypoint");
        var programmed = await scene.UntilAsync("waypoint", "Programmed", "True", "Programmed");
        Assert.Equal(("True", "Accepted"), (WaypointScene.Condition(programmed, "Accepted")!.Value.Status, WaypointScene.Condition(programmed, "Accepted")!.Value.Reason));
        Assert.Equal(["Accepted", "Programmed", "ResolvedRefs"], programmed.ObjectsAt("status", "conditions").Select(static one => one.Text("type")).Order());

        scene.Delete("Gateway", "waypoint");
        await scene.UntilAsync(() => made.Keys.All(kind => scene.Find(kind, "waypoint") is null));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_waypoint_that_checks_revocations_waits_for_the_lists_in_its_namespace()
    {
        await using var scene = await WaypointScene.StartAsync(("WAYPOINT_REVOCATION_LISTS", "true"));
        scene.Create(WaypointScene.Waypoint);
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");

        var pod = scene.Find("Deployment", "waypoint")!.ObjectAt("spec", "template", "spec")!;
        var container = Assert.Single(pod.ObjectsAt("containers"));
        var mount = Assert.Single(container.ObjectsAt("volumeMounts"), static one => one.Text("name") == "revocations");
        Assert.Equal($"{mount.Text("mountPath")}/ca-crl.pem", Assert.Single(container.ObjectsAt("env"), static one => one.Text("name") == "CRL_PATH").Text("value"));
        Assert.Equal("istio-ca-crl", Assert.Single(pod.ObjectsAt("volumes"), static one => one.Text("name") == "revocations").Text("configMap", "name"));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_others_change_is_put_back_and_what_they_add_stays()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint);
        await scene.MakeReadyAsync("waypoint");
        await scene.UntilAsync("waypoint", "Programmed", "True", "Programmed");

        scene.Edit("Deployment", "waypoint", static one => one.ObjectAt("spec", "template", "spec")!["serviceAccountName"] = "somebody");
        scene.Edit("Deployment", "waypoint", static one => one["spec"]!["replicas"] = 3);
        scene.Edit("Service", "waypoint", static one => one["spec"]!["selector"] = new JsonObject { ["app"] = "elsewhere" });
        scene.Edit("ServiceAccount", "waypoint", static one => one["metadata"]!["labels"]!.AsObject().Remove("gateway.istio.io/managed"));

        var deployment = await scene.UntilAsync("Deployment", "waypoint", static one => one.Text("spec", "template", "spec", "serviceAccountName") == "waypoint");
        Assert.Equal(3, deployment.Number("spec", "replicas")); // whoever scales it is not stopped
        await scene.UntilAsync("Service", "waypoint", static one => one.Text("spec", "selector", "gateway.networking.k8s.io/gateway-name") == "waypoint");
        await scene.UntilAsync("ServiceAccount", "waypoint", static one => Label(one, "gateway.istio.io/managed") is not null);

        scene.Delete("Service", "waypoint");
        await scene.UntilAsync("Service", "waypoint");
        scene.Edit("Gateway", "waypoint", static one => one["status"]!["addresses"] = new JsonArray(), "status");
        await scene.UntilAsync("Gateway", "waypoint", static one => one.ObjectsAt("status", "addresses").Any());
    }

    [Theory(Timeout = 60_000)]
    [InlineData(null)]
    [InlineData("other")]
    public async Task The_label_by_which_an_object_names_its_gateway_is_put_back(string? value)
    {
        const string label = "gateway.networking.k8s.io/gateway-name";
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint);
        await scene.MakeReadyAsync("waypoint");
        await scene.UntilAsync("waypoint", "Programmed", "True", "Programmed");

        scene.Edit("Service", "waypoint", one =>
        {
            one["metadata"]!["labels"]!.AsObject().Remove(label);
            if (value is not null) one["metadata"]!["labels"]![label] = value;
        });

        await scene.UntilAsync("Service", "waypoint", static one => Label(one, label) == "waypoint");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gateway_that_is_told_before_its_namespace_is_run_when_that_is_told()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Running.Refuses = static asked => asked is { Verb: "watch", Resource: "namespaces" };
        await scene.Running.TakeOverAsync(); // by one that knows the namespaces that there were
        scene.Create("{apiVersion: v1, kind: Namespace, metadata: {name: late}}");
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo", "namespace: late", StringComparison.Ordinal));
        scene.Create(WaypointScene.Waypoint); // gateways are looked at one after another
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");

        scene.Running.Refuses = null;

        await scene.UntilAsync("Deployment", "waypoint", static _ => true, ns: "late");
    }

    [Fact(Timeout = 90_000)]
    public async Task The_next_leader_writes_nothing_where_all_is_well()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint);
        await scene.MakeReadyAsync("waypoint");
        await scene.UntilAsync("waypoint", "Programmed", "True", "Programmed");
        var before = scene.Find("Deployment", "waypoint")!;

        await scene.Running.TakeOverAsync();
        scene.Running.Writes.Clear();
        // When the second is programmed, which takes several rounds, the first has been looked at.
        scene.Create(WaypointScene.Waypoint.Replace("name: waypoint,", "name: second,", StringComparison.Ordinal));
        await scene.MakeReadyAsync("second");
        await scene.UntilAsync("second", "Programmed", "True", "Programmed");

        Assert.Contains(scene.Running.Writes, static one => one is { Resource: "deployments", Name: "second" });
        Assert.DoesNotContain(scene.Running.Writes, static one => one.Name is "waypoint" or "ambient-waypoint" or "istio-waypoint");
        Assert.Equal(before.Text("metadata", "resourceVersion"), scene.Find("Deployment", "waypoint")!.Text("metadata", "resourceVersion"));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_object_that_belongs_to_somebody_else_is_not_touched()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create("{apiVersion: v1, kind: Service, metadata: {name: waypoint, namespace: demo}, spec: {selector: {app: mine}, ports: [{port: 80}]}}");
        scene.Create(WaypointScene.Waypoint);

        var refused = await scene.UntilAsync("waypoint", "Programmed", "False", "Invalid");

        Assert.Contains("Service demo/waypoint exists", WaypointScene.Condition(refused, "Programmed")!.Value.Message, StringComparison.Ordinal);
        Assert.Equal("mine", scene.Find("Service", "waypoint")!.Text("spec", "selector", "app"));
        scene.Delete("Service", "waypoint");
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gateway_with_addresses_of_its_own_is_run_by_somebody_else()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("spec: {", "spec: {addresses: [{type: Hostname, value: proxy.demo.svc.cluster.local}], ", StringComparison.Ordinal));

        var gateway = await scene.UntilAsync("waypoint", "Programmed", "True", "Programmed");

        Assert.Equal(["proxy.demo.svc.cluster.local"], gateway.ObjectsAt("status", "addresses").Select(static one => one.Text("value")));
        Assert.Null(scene.Find("Deployment", "waypoint"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gateway_that_cannot_be_run_says_why_and_makes_nothing()
    {
        (string Text, string Instead, string Reason)[] cases =
        [
            ("protocol: HBONE", "protocol: HTTP", "ListenersNotValid"),
            ("namespace: demo}", "namespace: demo, labels: {istio.io/waypoint-for: everything}}", "Invalid"),
            ("spec: {", "spec: {addresses: [{type: example.com/odd, value: x}], ", "UnsupportedAddress"),
            ("spec: {", "spec: {infrastructure: {parametersRef: {group: example.com, kind: Odd, name: x}}, ", "InvalidParameters"),
            ("spec: {", "spec: {infrastructure: {parametersRef: {group: \"\", kind: ConfigMap, name: missing}}, ", "InvalidParameters"),
        ];
        await using var scene = await WaypointScene.StartAsync();
        foreach (var (i, (text, instead, _)) in cases.Index())
            scene.Create(WaypointScene.Waypoint.Replace(text, instead, StringComparison.Ordinal).Replace("name: waypoint,", $"name: case-{i},", StringComparison.Ordinal));

        foreach (var (i, (_, _, reason)) in cases.Index())
        {
            var gateway = await scene.UntilAsync($"case-{i}", "Accepted", "False", reason);
            Assert.Equal(("False", "Invalid"), (WaypointScene.Condition(gateway, "Programmed")!.Value.Status, WaypointScene.Condition(gateway, "Programmed")!.Value.Reason));
            Assert.Null(scene.Find("Deployment", $"case-{i}"));
        }
    }

    private static string? Label(JsonObject document, string key) => document.Text("metadata", "labels", key);
}

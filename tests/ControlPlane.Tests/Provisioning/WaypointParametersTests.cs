using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.ControlPlane.Tests.Provisioning;

/// <summary>What users may want otherwise: infrastructure, parameters of the class and of the gateway, names.</summary>
public sealed class WaypointParametersTests
{
    private static readonly string WithParameters = WaypointScene.Waypoint.Replace("spec: {",
        "spec: {infrastructure: {labels: {team: blue, istio.io/dataplane-mode: ambient}, annotations: {example.com/a: b}, parametersRef: {group: \"\", kind: ConfigMap, name: own}}, ",
        StringComparison.Ordinal);

    [Fact(Timeout = 60_000)]
    public async Task Overlays_of_the_class_and_then_of_the_gateway_hold_and_follow_every_change()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create("""
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: all, namespace: istio-system, labels: {gateway.istio.io/defaults-for-class: ambient-waypoint}}
            data:
              deployment: |
                spec: {template: {spec: {priorityClassName: high, containers: [{name: waypoint, resources: {limits: {memory: 1Gi}}}]}}}
              podDisruptionBudget: |
                spec: {minAvailable: 1}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: own, namespace: demo}
            data:
              deployment: |
                spec: {replicas: 2, template: {spec: {priorityClassName: low, containers: [{name: waypoint, env: [{name: EXTRA, value: "1"}]}]}}}
              horizontalPodAutoscaler: |
                spec: {minReplicas: 2, maxReplicas: 5}
            """);
        scene.Create(WithParameters);

        // The class's map is told by another watch than the gateway, and may come a moment later.
        var deployment = await scene.UntilAsync("Deployment", "waypoint", static one => one.ObjectsAt("spec", "template", "spec", "containers").Single().Text("resources", "limits", "memory") == "1Gi");
        var container = deployment.ObjectsAt("spec", "template", "spec", "containers").Single();
        Assert.Equal(("low", "1Gi", "100m", 2), (deployment.Text("spec", "template", "spec", "priorityClassName"), container.Text("resources", "limits", "memory"),
            container.Text("resources", "requests", "cpu"), (int)deployment.Number("spec", "replicas")!));
        Assert.Contains(container.ObjectsAt("env"), static one => one.Text("name") == "EXTRA");
        var scaler = await scene.UntilAsync("HorizontalPodAutoscaler", "waypoint");
        Assert.Equal(("waypoint", 5), (scaler.Text("spec", "scaleTargetRef", "name"), (int)scaler.Number("spec", "maxReplicas")!));
        Assert.Equal("waypoint", (await scene.UntilAsync("PodDisruptionBudget", "waypoint")).Text("spec", "selector", "matchLabels", "gateway.networking.k8s.io/gateway-name"));

        scene.Edit("ConfigMap", "own", static one => one["data"] = new JsonObject { ["deployment"] = "spec: {template: {spec: {hostAliases: [{ip: 10.0.0.1, hostnames: [a]}]}}}" });
        await scene.UntilAsync("Deployment", "waypoint", static one => one.Text("spec", "template", "spec", "priorityClassName") == "high" && one.ObjectsAt("spec", "template", "spec", "hostAliases").Any()
            && one.ObjectsAt("spec", "template", "spec", "containers").Single().ObjectsAt("env").All(static variable => variable.Text("name") != "EXTRA"));
        await scene.UntilAsync(() => scene.Find("HorizontalPodAutoscaler", "waypoint") is null);
        scene.Delete("ConfigMap", "all", "istio-system");
        await scene.UntilAsync("Deployment", "waypoint", static one => one.Text("spec", "template", "spec", "priorityClassName") is null);
        await scene.UntilAsync(() => scene.Find("PodDisruptionBudget", "waypoint") is null);
    }

    [Fact(Timeout = 60_000)]
    public async Task Parameters_that_come_later_or_turn_unreadable_are_told_and_what_runs_stays()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WithParameters);
        await scene.UntilAsync("waypoint", "Accepted", "False", "InvalidParameters");

        scene.Create("{apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: demo}, data: {service: \"metadata: {annotations: {example.com/x: y}}\"}}");
        await scene.UntilAsync("waypoint", "Accepted", "True", "Accepted");
        var pods = scene.Find("Deployment", "waypoint")!.ObjectAt("spec", "template")!;
        Assert.Equal(("blue", "none", "b"), (pods.Text("metadata", "labels", "team"), pods.Text("metadata", "labels", "istio.io/dataplane-mode"), pods.Text("metadata", "annotations", "example.com/a")));
        var service = scene.Find("Service", "waypoint")!;
        Assert.Equal(("y", "blue", "PreferClose"), (service.Text("metadata", "annotations", "example.com/x"), service.Text("metadata", "labels", "team"),
            service.Text("metadata", "annotations", "networking.istio.io/traffic-distribution")));
        await scene.UntilAsync("Gateway", "waypoint", static one => one.ObjectsAt("status", "addresses").Any()); // told a moment after that the Service is made

        scene.Edit("ConfigMap", "own", static one => one["data"] = new JsonObject { ["service"] = "spec: {$patch: delete}" });
        var refused = await scene.UntilAsync("waypoint", "Accepted", "False", "InvalidParameters");
        Assert.Contains("ConfigMap demo/own, data.service: the directive $patch", WaypointScene.Condition(refused, "Accepted")!.Value.Message, StringComparison.Ordinal);
        Assert.NotEmpty(refused.ObjectsAt("status", "addresses"));
        Assert.NotNull(scene.Find("Service", "waypoint"));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_API_does_not_take_is_told_in_its_words()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create("{apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: demo}, data: {service: \"spec: {ports: [{port: 99999, name: far}]}\"}}");
        scene.Create(WithParameters);

        var refused = await scene.UntilAsync("waypoint", "Programmed", "False", "Invalid");

        Assert.Contains("99999", WaypointScene.Condition(refused, "Programmed")!.Value.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task Parameters_of_a_class_are_read_where_it_says()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create("""
            apiVersion: gateway.networking.k8s.io/v1
            kind: GatewayClass
            metadata: {name: large}
            spec: {controllerName: ambient.mesh/waypoint-controller, parametersRef: {group: "", kind: ConfigMap, name: large, namespace: istio-system}}
            ---
            apiVersion: gateway.networking.k8s.io/v1
            kind: GatewayClass
            metadata: {name: odd}
            spec: {controllerName: ambient.mesh/waypoint-controller, parametersRef: {group: "", kind: ConfigMap, name: large}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: large, namespace: istio-system}
            data: {deployment: "spec: {replicas: 4}"}
            """);
        scene.Create(WaypointScene.Waypoint.Replace("ambient-waypoint", "large", StringComparison.Ordinal));

        await scene.UntilAsync("Deployment", "waypoint", static one => one.Number("spec", "replicas") == 4);
        await scene.UntilAsync("GatewayClass", "large", static one => WaypointScene.Condition(one, "Accepted") is ("True", "Accepted", _));
        await scene.UntilAsync("GatewayClass", "odd", static one => WaypointScene.Condition(one, "Accepted") is ("False", "InvalidParameters", _));
    }

    [Fact(Timeout = 60_000)]
    public async Task Names_may_be_others_and_an_account_that_is_named_is_the_users()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}",
            "namespace: demo, annotations: {gateway.istio.io/name-override: proxy, gateway.istio.io/service-account: web}}", StringComparison.Ordinal));

        var gateway = await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");

        Assert.Equal("proxy.demo.svc.cluster.local", gateway.ObjectsAt("status", "addresses").First().Text("value"));
        var pod = scene.Find("Deployment", "proxy")!.ObjectAt("spec", "template", "spec")!;
        Assert.Equal("web", pod.Text("serviceAccountName"));
        Assert.Equal(["waypoint", "proxy"], pod.ObjectsAt("containers").Single().ObjectsAt("env").Where(static one => one.Text("name") is "GATEWAY_NAME" or "WAYPOINT_SERVICE").Select(static one => one.Text("value")));
        Assert.Null(scene.Find("ServiceAccount", "waypoint"));
        Assert.Empty(scene.Find("ServiceAccount", "web")!.ObjectsAt("metadata", "ownerReferences"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Servers_are_told_who_asks_for_as_long_as_the_gateways_annotation_says_so()
    {
        const string annotation = "ambient.istio.io/xfcc-include-client-identity";
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}", $"namespace: demo, annotations: {{{annotation}: \"true\"}}}}", StringComparison.Ordinal));
        await ToldAsync("true");

        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!["annotations"]![annotation] = "false");
        await ToldAsync(null);

        Task ToldAsync(string? value) => scene.UntilAsync("Deployment", "waypoint", one => one.ObjectsAt("spec", "template", "spec", "containers").Single()
            .ObjectsAt("env").FirstOrDefault(static variable => variable.Text("name") == "XFCC_CLIENT_IDENTITY")?.Text("value") == value);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_service_has_the_type_that_the_gateways_annotation_names()
    {
        const string annotation = "networking.istio.io/service-type";
        await using var scene = await WaypointScene.StartAsync();
        scene.Create("{apiVersion: v1, kind: ConfigMap, metadata: {name: own, namespace: demo}, data: {service: \"spec: {type: NodePort}\"}}");
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}", $"namespace: demo, annotations: {{{annotation}: LoadBalancer}}}}", StringComparison.Ordinal));
        await HasTypeAsync("LoadBalancer");

        scene.Edit("Gateway", "waypoint", static one => one["spec"]!["infrastructure"] = JsonNode.Parse("""{"parametersRef":{"group":"","kind":"ConfigMap","name":"own"}}"""));
        await HasTypeAsync("NodePort"); // an overlay goes over it
        scene.Edit("Gateway", "waypoint", static one => one["spec"]!.AsObject().Remove("infrastructure"));
        await HasTypeAsync("LoadBalancer");
        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!["annotations"]![annotation] = "ExternalName");
        await scene.UntilAsync("waypoint", "Accepted", "False", "Invalid");
        Assert.Equal("LoadBalancer", scene.Find("Service", "waypoint")!.Text("spec", "type"));
        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!.AsObject().Remove("annotations"));
        await HasTypeAsync("ClusterIP");

        Task HasTypeAsync(string type) => scene.UntilAsync("Service", "waypoint", one => one.Text("spec", "type") == type);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_its_addresses_those_are_told_that_the_gateways_annotation_names()
    {
        const string annotation = "networking.istio.io/address-type";
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}", $"namespace: demo, annotations: {{{annotation}: IPAddress}}}}", StringComparison.Ordinal));
        await scene.UntilAsync("waypoint", "Programmed", "False", "Pending");
        await ToldAsync("IPAddress");

        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!["annotations"]![annotation] = "Hostname");
        await ToldAsync("Hostname");
        scene.Edit("Gateway", "waypoint", static one => one["metadata"]!.AsObject().Remove("annotations"));
        await ToldAsync("Hostname", "IPAddress");

        Task ToldAsync(params string[] types) => scene.UntilAsync("Gateway", "waypoint", one => one.ObjectsAt("status", "addresses").Select(static address => address.Text("type")).Distinct().SequenceEqual(types));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_gateway_of_another_revision_is_left_to_it()
    {
        await using var scene = await WaypointScene.StartAsync();
        scene.Create(WaypointScene.Waypoint.Replace("namespace: demo}", "namespace: demo, labels: {istio.io/rev: other}}", StringComparison.Ordinal));
        scene.Create(WaypointScene.Waypoint.Replace("name: waypoint,", "name: second,", StringComparison.Ordinal));

        await scene.UntilAsync("second", "Programmed", "False", "Pending");

        Assert.Null(scene.Find("Deployment", "waypoint"));
    }
}

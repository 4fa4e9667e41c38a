using Ambient.Kubernetes.Resources;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Random versions of a few objects of every kind that refer to each other, good ones and bad ones.</summary>
internal sealed class RandomObjects(Random random)
{
    private static readonly string[] Namespaces = ["shop", "bank", "istio-system"];
    private static readonly string[] Labels = ["app=web", "app=db", "app=web tier=front", "tier=front", ""];
    private static readonly string[] Modes = ["STRICT", "PERMISSIVE", "DISABLE", "UNSET"];
    private static readonly string[] WaypointLabels =
    [
        "", "", "istio.io/use-waypoint=wp0", "istio.io/use-waypoint=wp1", "istio.io/use-waypoint=none",
        "istio.io/use-waypoint=wp0 istio.io/use-waypoint-namespace=shop", "istio.io/use-waypoint=wp0 istio.io/use-waypoint-canary=wp1",
        "istio.io/use-waypoint-canary=wp1 istio.io/ingress-use-waypoint=true", "istio.io/rev=other",
    ];

    public KubernetesObject Next() => random.Next(32) switch
    {
        > 19 => new RandomTraffic(random).Next(),
        < 5 => Pod(),
        < 8 => Service(),
        8 or 9 => Entry(),
        10 => WorkloadEntry(),
        11 or 12 => Slice(),
        13 => Gateway(),
        14 => Chance(3) ? Objects.GatewayClass("istio-waypoint", Chance(3) ? "other" : "istio.io/mesh-controller", Chance(2) ? "istio.io/waypoint-for=all" : "") : Gateway(),
        15 => Namespace(),
        16 => Objects.Node($"node{random.Next(2)}", $"topology.kubernetes.io/zone=z{random.Next(3)}"),
        17 => Policy(),
        18 => Objects.Peer($"{Ns()}/peer{random.Next(2)}", Pick(Modes), Chance(2) ? Pick(Labels) : "", Chance(2) ? $"8080={Pick(Modes)}" : "", random.Next(2)),
        _ => Chance(4) ? Config() : Policy(),
    };

    private Pod Pod()
    {
        var labels = $"{Pick(Labels)} {Pick(WaypointLabels)} {(Chance(6) ? "gateway.networking.k8s.io/gateway-name=wp0" : "")}".Trim();
        var pod = Objects.Pod($"{Ns()}/pod{random.Next(4)}", Chance(12) ? "bad" : $"10.0.0.{random.Next(1, 5)}", labels, $"sa{random.Next(2)}",
            $"node{random.Next(2)}", Chance(2) ? "http:8080" : "http:9090");
        return Chance(8) ? pod with { Status = pod.Status! with { Phase = "Succeeded" } } : pod;
    }

    private Service Service()
    {
        var service = Objects.Service($"{Ns()}/svc{random.Next(3)}", Pick(Labels), Chance(2) ? "http:80:http" : "http:80:8080",
            $"10.96.0.{random.Next(1, 4)}", Pick(WaypointLabels), Pick(["", "", "istio.io/use-waypoint-canary-weight=20", "ambient.mesh/waypoint-bypass=*", "ambient.mesh/waypoint-bypass=shop/sa1", "ambient.mesh/waypoint-bypass=sa1"]));
        return Chance(8) ? service with { Spec = service.Spec! with { Type = "ExternalName" } } : service;
    }

    private ServiceEntry Entry()
    {
        string[] hosts = ["a.example.com", "b.example.com", "a.example.com b.example.com", "svc0.shop.svc.cluster.local", "*.wild.com"];
        WorkloadEntrySpec[] endpoints = Chance(2) ? []
            : [new() { Address = $"10.5.0.{random.Next(1, 3)}", Labels = Objects.Labels(Pick(WaypointLabels)) }, new() { Address = "ep.example.com" }];
        var entry = Objects.ServiceEntry($"{Ns()}/entry{random.Next(3)}", Pick(hosts), Pick(["STATIC", "DNS", "NONE"]), Chance(2) ? "10.7.0.1 10.8.0.0/16" : "", "http:80:8081",
            Chance(2) ? Pick(Labels) : "", $"{Pick(WaypointLabels)} {Pick(Labels)}".Trim(), age: random.Next(2), endpoints: endpoints);
        return Chance(4) ? entry with { Spec = entry.Spec! with { ExportTo = [Pick([".", "~", "shop", "*"])] } } : entry;
    }

    private WorkloadEntry WorkloadEntry() => Objects.WorkloadEntry($"{Ns()}/we{random.Next(2)}", Pick(["10.6.0.1", "vm.example.com", "not an address", ""]),
        $"{Pick(Labels)} {Pick(WaypointLabels)}".Trim(), network: Pick(["", "west"]));

    private EndpointSlice Slice() => Objects.Slice($"{Ns()}/slice{random.Next(2)}", $"svc{random.Next(3)}",
        Pick(["10.4.0.1 10.4.0.2", "pod:pod0:uid-shop-pod0 10.4.0.3", "pod:pod1:wrong", "bad", "pod:pod0:uid-bank-pod0"]), "http:7070");

    private Gateway Gateway()
    {
        var gateway = Objects.Waypoint($"{Ns()}/wp{random.Next(2)}", Chance(3) ? "10.9.0.1" : "", Pick(["", "service", "workload", "all"]),
            Pick([null, "All", "Same", "Selector"]), !Chance(4), Chance(5) ? "ambient.istio.io/waypoint-inbound-binding=PROXY/15088" : "",
            new() { MatchLabels = Objects.Labels("team=a") });
        if (!Chance(4)) return gateway;
        return gateway with
        {
            Metadata = gateway.Metadata with { Labels = Objects.Labels("topology.istio.io/network=west") },
            Spec = gateway.Spec! with { GatewayClassName = "istio-remote", Addresses = [new() { Value = $"192.0.2.{random.Next(1, 3)}" }] },
        };
    }

    private Namespace Namespace() => Objects.Namespace(Ns(),
        $"{Pick(WaypointLabels)} {Pick(["team=a", "team=b", ""])} {(Chance(5) ? "topology.istio.io/network=east" : "")}".Trim(),
        Pick(["", "", "networking.istio.io/traffic-distribution=PreferClose", "ambient.mesh/waypoint-bypass=bank/sa0"]));

    private AuthorizationPolicy Policy()
    {
        var name = $"{Ns()}/policy{random.Next(3)}";
        if (Chance(3))
            return Objects.PolicyOn(name, [.. new[] { "gateway.networking.k8s.io:Gateway:wp0", ":Service:svc0", "networking.istio.io:ServiceEntry:entry0",
                "gateway.networking.k8s.io:GatewayClass:istio-waypoint", "x:Y:z" }.Where(_ => Chance(2)).DefaultIfEmpty(":Service:svc1")]);
        return Objects.Policy(name, Pick(["ALLOW", "DENY", "AUDIT", "CUSTOM"]), Chance(2) ? Pick(Labels) : "", "",
            Chance(4) ? Objects.From(new() { RequestPrincipals = ["*"] }) : Objects.To(new() { Ports = Chance(2) ? ["80"] : ["bad"], Methods = Chance(3) ? ["GET"] : null }));
    }

    private ConfigMap Config() => Objects.MeshConfig(Pick(
    [
        "trustDomain: other.domain",
        "rootNamespace: bank",
        "extensionProviders:\n- name: otel\n  opentelemetry: {service: svc0.shop.svc.cluster.local, port: 4317}\n- name: old\n  zipkin: {service: x}\ndefaultProviders: {tracing: [otel]}\naccessLogFile: /dev/stdout",
        "extensionProviders:\n- name: otel\n  opentelemetry: {service: bank/a.example.com, port: 4318, http: {path: /v1/traces}}\ndefaultConfig: {tracing: {sampling: 5}}",
        "discoverySelectors:\n- matchLabels: {team: a}",
        "serviceEntryVisibility:\n  defaultVisibility: PUBLIC\n  policies:\n  - visibility: NAMESPACE\n    matchingRules:\n    - namespaceSelector: {matchLabels: {team: a}}\n  - visibility: NONE\n    matchingRules:\n    - namespaceSelector: {matchLabels: {team: b}}",
        "",
    ]));

    private string Ns() => Pick(Namespaces);

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}

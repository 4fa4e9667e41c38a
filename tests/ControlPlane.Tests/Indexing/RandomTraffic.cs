using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ambient.Kubernetes.Resources;
using Ambient.TestKit.Cluster;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Random versions of a few objects that say where requests go, about the services of <see cref="RandomObjects"/>.</summary>
internal sealed class RandomTraffic(Random random)
{
    private static readonly string[] Parents =
    [
        "{group: '', kind: Service, name: svc0}", "{group: '', kind: Service, name: svc1, port: 80}", "{group: '', kind: Service, name: svc0, namespace: bank}",
        "{group: networking.istio.io, kind: ServiceEntry, name: entry0}", "{name: wp0}", "{group: '', kind: Service, name: svc2, port: 99}",
    ];

    private static readonly string[] Backends =
    [
        "{name: svc0, port: 80}", "{name: svc1, port: 80, weight: 3}", "{name: svc2, namespace: bank, port: 80}", "{group: networking.istio.io, kind: ServiceEntry, name: entry1, port: 80}",
        "{kind: Other, name: x, port: 1}", "{name: svc0, port: 80, filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}]}}]}",
    ];

    private static readonly string[] HttpRules =
    [
        "matches: [{path: {value: /a}}, {method: GET}], ", "matches: [{path: {type: RegularExpression, value: 'a('}}], ", "filters: [{type: ExtensionRef, extensionRef: {kind: x}}], ",
        "filters: [{type: RequestMirror, requestMirror: {backendRef: {name: svc1, port: 80}}}, {type: CORS, cors: {allowOrigins: ['*']}}], timeouts: {request: 1s}, ",
        "filters: [{type: Unheard}], ", "retry: {codes: [500]}, ", "",
    ];

    private static readonly string[] Hosts = ["svc0", "svc1", "svc0.shop.svc.cluster.local", "svc2.bank.svc.cluster.local", "a.example.com", "*.shop.svc.cluster.local", "*", "no host!"];

    private static readonly string[] VirtualRoutes =
    [
        "match: [{uri: {prefix: /a}}, {headers: {x: {exact: y}}, sourceNamespace: shop}], ", "match: [{sourceLabels: {a: b}}], ", "rewrite: {uri: /x}, timeout: 1s, ",
        "retries: {attempts: 3, retryOn: '5xx,made-up'}, ", "fault: {abort: {httpStatus: 503, percentage: {value: 10}}}, ", "unheard: 1, ", "headers: {request: {set: {a: '%REQ(x)%'}}}, ", "redirect: {uri: /y}, ", "",
    ];

    private static readonly string[] Tellings =
    [
        "tracing: [{providers: [{name: otel}], randomSamplingPercentage: 10, customTags: {a: {header: {name: x}}}}], ", "tracing: [{providers: [{name: old}]}], ", "tracing: [{providers: [{name: nobody}]}], ",
        "tracing: [{disableSpanReporting: true}], ", "accessLogging: [{filter: {expression: 'response.code >= 500'}}], ", "metrics: [{overrides: [{match: {metric: REQUEST_COUNT}, disabled: true}]}], ", "unheard: 1, ", "",
    ];

    private static readonly string[] Targets =
    [
        "{kind: Service, name: svc0}", "{group: networking.istio.io, kind: ServiceEntry, name: entry0}", "{group: gateway.networking.k8s.io, kind: Gateway, name: wp0}",
        "{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}", "{kind: Pod, name: x}",
    ];

    private static readonly string[] TrafficPolicies =
    [
        "{loadBalancer: {simple: ROUND_ROBIN}}", "{outlierDetection: {}, loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}}", "{loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {a: 80, b: 20}}]}}}", "{tls: {mode: SIMPLE}}", "{tls: {mode: MUTUAL, clientCertificate: /c, privateKey: /k}}", "{tls: {mode: OTHER}}", "{outlierDetection: {consecutive5xxErrors: 3, interval: 1.5s}}", "{connectionPool: {tcp: {maxConnections: 5, connectTimeout: 30ms}}}",
        "{loadBalancer: {consistentHash: {httpCookie: {name: c, ttl: 0s}}}}", "{portLevelSettings: [{port: {number: 80}, loadBalancer: {simple: RANDOM}}]}", "{unheard: 1}", "{}",
    ];

    private static readonly string[] Authorities = ["none", .. Enumerable.Range(0, 2).Select(static _ =>
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(Objects.Epoch, Objects.Epoch.AddYears(10));
        return certificate.ExportCertificatePem();
    })];

    private static readonly string[] Validations =
    [
        "hostname: a.example.com, wellKnownCACertificates: System", "hostname: a.example.com, caCertificateRefs: [{kind: ConfigMap, name: ca0}]",
        "hostname: a.example.com, caCertificateRefs: [{kind: ConfigMap, name: ca1}, {kind: ConfigMap, name: ca0}]", "hostname: a.example.com, caCertificateRefs: [{kind: Secret, name: ca0}]", "hostname: a",
    ];

    public KubernetesObject Next() => random.Next(21) switch
    {
        20 => Unhonoured(),
        18 or 19 => Secured(),
        17 => new ConfigMap { Metadata = Objects.Meta($"{Ns()}/ca{random.Next(2)}"), Data = new Dictionary<string, string> { ["ca.crt"] = Pick(Authorities) } },
        > 13 => Told(),
        8 or 9 or 10 => Destination(),
        > 10 => Virtual(),
        < 4 => Written.Http($"{Ns()}/route{random.Next(3)}", Spec(HttpRules), Chance(6) ? "ambient.mesh/rate-limit=10/1s" : "", random.Next(3)),
        4 => Written.Calls($"{Ns()}/calls", Spec(["matches: [{method: {service: a.B}}], ", "matches: [{method: GET}], ", ""])),
        5 => Written.Object(ResourceTypes.TcpRoute, $"{Ns()}/connections", Spec([""])),
        6 => Written.Object(ResourceTypes.TlsRoute, $"{Ns()}/secret", Spec([""], "hostnames: ['*.shop.svc.cluster.local', a.example.com], ")),
        _ => Written.Object(ResourceTypes.ReferenceGrant, $"{Ns()}/grant{random.Next(2)}",
            $"{{from: [{{group: gateway.networking.k8s.io, kind: {Pick(["HTTPRoute", "GRPCRoute"])}, namespace: {Ns()}}}], to: [{{group: '', kind: Service{(Chance(2) ? ", name: svc2" : "")}}}]}}"),
    };

    private KubernetesObject Unhonoured() => Chance(3)
        ? Written.Object(ResourceTypes.Sidecar, $"{Ns()}/tokens{random.Next(2)}", "{}", labels: Chance(3) ? "istio.io/rev=other" : "")
        : Written.Object(ResourceTypes.RequestAuthentication, $"{Ns()}/tokens{random.Next(2)}", $"{{jwtRules: [{{outputPayloadToHeader: x-{random.Next(2)}}}]}}");

    private BackendTlsPolicy Secured() => Written.Object(ResourceTypes.BackendTlsPolicy, $"{Ns()}/secured{random.Next(3)}",
        $"{{targetRefs: [{{group: '', kind: Service, name: svc{random.Next(3)}{(Chance(3) ? ", sectionName: http" : "")}}}, {{group: networking.istio.io, kind: ServiceEntry, name: entry0}}], validation: {{{Pick(Validations)}}}}}",
        age: random.Next(3));

    private DestinationRule Destination() => Written.Object(ResourceTypes.DestinationRule, $"{Ns()}/rule{random.Next(3)}",
        $"{{host: '{Pick(Hosts)}', trafficPolicy: {Pick(TrafficPolicies)}, subsets: [{{name: web, labels: {{app: web}}}}, {{name: front, labels: {{tier: front}}, trafficPolicy: {Pick(TrafficPolicies)}}}]"
        + $"{(Chance(4) ? $", exportTo: ['{Pick([".", "shop", "~"])}']" : "")}}}", age: random.Next(3));

    private Telemetry Told() => Written.Object(ResourceTypes.Telemetry, $"{Ns()}/told{random.Next(3)}",
        $"{{{Pick(Tellings)}{(Chance(2) ? "" : $"targetRefs: [{string.Join(", ", Some(Targets))}], ")}{(Chance(6) ? "selector: {matchLabels: {app: web}}" : "")}}}", age: random.Next(3));

    private VirtualService Virtual() => Written.Object(ResourceTypes.VirtualService, $"{Ns()}/virtual{random.Next(4)}",
        $"{{{(Chance(5) ? "" : $"hosts: ['{Pick(Hosts)}', '{Pick(Hosts)}'], ")}http: [{string.Join(", ", Enumerable.Range(0, random.Next(1, 3)).Select(_ => $"{{{Pick(VirtualRoutes)}{Way()}}}"))}]"
        + $"{(Chance(2) ? $", tcp: [{{{Pick(["match: [{port: 80}], ", "match: [{sourceLabels: {a: b}}], ", "unheard: 1, ", ""])}route: [{Target()}]}}], tls: [{{match: [{{sniHosts: ['{Pick(["*", "a.example.com"])}']}}], route: [{Target()}]}}]" : "")}"
        + $"{(Chance(6) ? ", gateways: [edge]" : "")}{(Chance(6) ? $", exportTo: ['{Pick([".", "shop", "~"])}']" : "")}}}", age: random.Next(3));

    private string Way() => Chance(4) ? $"delegate: {{name: virtual{random.Next(4)}{(Chance(2) ? $", namespace: {Ns()}" : "")}}}" : $"route: [{Target()}, {Target()}]";

    private string Target() => $"{{destination: {{host: '{Pick(Hosts)}'{(Chance(2) ? ", subset: web" : "")}{(Chance(3) ? ", port: {number: 80}" : "")}}}, weight: {random.Next(3)}}}";

    private string Spec(string[] rules, string before = "") => $"{{{before}parentRefs: [{string.Join(", ", Some(Parents))}], rules: [{string.Join(", ",
        Enumerable.Range(0, random.Next(1, 3)).Select(_ => $"{{{Pick(rules)}backendRefs: [{string.Join(", ", Some(Backends))}]}}"))}]}}";

    private IEnumerable<string> Some(string[] items) => Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(items));

    private string Ns() => Pick(["shop", "bank", "istio-system"]);

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}

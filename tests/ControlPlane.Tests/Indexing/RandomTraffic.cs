using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>Random versions of a few objects that say where requests go, about the services of <see cref="RandomObjects"/>.</summary>
internal sealed class RandomTraffic(Random random)
{
    private static readonly string[] Parents =
    [
        "{group: '', kind: Service, name: svc0}", "{group: '', kind: Service, name: svc1, port: 80}", "{group: '', kind: Service, name: svc0, namespace: bank}",
        "{group: networking.istio.io, kind: ServiceEntry, name: entry0}", "{name: edge}", "{group: '', kind: Service, name: svc2, port: 99}",
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

    public KubernetesObject Next() => random.Next(8) switch
    {
        < 4 => Written.Http($"{Ns()}/route{random.Next(3)}", Spec(HttpRules), Chance(6) ? "ambient.mesh/rate-limit=10/1s" : "", random.Next(3)),
        4 => Written.Calls($"{Ns()}/calls", Spec(["matches: [{method: {service: a.B}}], ", "matches: [{method: GET}], ", ""])),
        5 => Written.Object(ResourceTypes.TcpRoute, $"{Ns()}/connections", Spec([""])),
        6 => Written.Object(ResourceTypes.TlsRoute, $"{Ns()}/secret", Spec([""], "hostnames: ['*.shop.svc.cluster.local'], ")),
        _ => Written.Object(ResourceTypes.ReferenceGrant, $"{Ns()}/grant{random.Next(2)}",
            $"{{from: [{{group: gateway.networking.k8s.io, kind: {Pick(["HTTPRoute", "GRPCRoute"])}, namespace: {Ns()}}}], to: [{{group: '', kind: Service{(Chance(2) ? ", name: svc2" : "")}}}]}}"),
    };

    private string Spec(string[] rules, string before = "") => $"{{{before}parentRefs: [{string.Join(", ", Some(Parents))}], rules: [{string.Join(", ",
        Enumerable.Range(0, random.Next(1, 3)).Select(_ => $"{{{Pick(rules)}backendRefs: [{string.Join(", ", Some(Backends))}]}}"))}]}}";

    private IEnumerable<string> Some(string[] items) => Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(items));

    private string Ns() => Pick(["shop", "bank", "istio-system"]);

    private bool Chance(int oneIn) => random.Next(oneIn) == 0;

    private T Pick<T>(T[] items) => items[random.Next(items.Length)];
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Deploy.Tests.Manifests;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;
using Ambient.Protos.Ca;
using Google.Protobuf.WellKnownTypes;

namespace Ambient.Deploy.Tests.Rights;

/// <summary>The control plane's roles against the control plane itself: each right is used, and none is missing.</summary>
public sealed partial class ControlPlaneRightsTests
{
    private const string Account = "ambient-control-plane";

    private static readonly GrpcMethod<IstioCertificateRequest, IstioCertificateResponse> CreateCertificate = GrpcMethod.Of(
        "istio.v1.auth.IstioCertificateService", "CreateCertificate", IstioCertificateRequest.Parser, IstioCertificateResponse.Parser);

    [Fact(Timeout = 180_000)]
    public async Task The_control_plane_uses_every_right_that_it_is_given_and_needs_no_other()
    {
        await using var cluster = await GuardedCluster.StartAsync();
        foreach (var kind in Foreign) cluster.Create(Definition(kind.Group, kind.Version, kind.Kind));
        cluster.Create(Objects);
        foreach (var kind in Foreign) cluster.Create($"{{apiVersion: {kind.Group}/{kind.Version}, kind: {kind.Kind}, metadata: {{name: x, namespace: shop}}, spec: {{}}}}");
        await using var program = await StartAsync(cluster);
        var plaintext = int.Parse(Listening().Match(program.ReadLog()).Groups[1].Value);
        await program.WaitForLogAsync("Ready: ", TimeSpan.FromSeconds(60));

        // A pod that the API has not placed on a node is asked for again; the one on node-1 gets what it asks for.
        await Assert.ThrowsAsync<RpcException>(() => SignAsync(cluster, plaintext, "ztunnel-nowhere"));
        var chain = await SignAsync(cluster, plaintext, "ztunnel-1");

        Assert.NotEmpty(chain);
        var waypoint = await WaypointAsync(cluster);
        Assert.Equal([], PodSecurity.Baseline(waypoint).Concat(PodSecurity.Restricted(waypoint)));
        Assert.Equal([], ManifestTests.Unread(waypoint, "waypoint", "shared/MeshProxy", "shared/Hosting"));
        RemoveOverlays(cluster);
        await cluster.UsedAsync(Account, program);
        Assert.DoesNotContain("forbidden", program.ReadLog(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact(Timeout = 180_000)]
    public async Task With_revocation_lists_it_may_publish_those_of_an_authority_that_is_plugged_in()
    {
        const string lists = "-----BEGIN X509 CRL-----\nMIA=\n-----END X509 CRL-----\n";
        await using var cluster = await GuardedCluster.StartAsync(Checkout.Rendered("istio-system", KeyValuePair.Create("revocationLists", "true"), KeyValuePair.Create("createNamespace", "true")));
        cluster.Create($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: cacerts, namespace: istio-system}
            data: {ca-crl.pem: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(lists))}}}
            """);
        await using var program = await StartAsync(cluster, ("PILOT_ENABLE_CA_CRL", "true"));

        var store = cluster.Api.Store;
        await Until.TrueAsync(() => Task.FromResult(store.Find(store.Kinds.Get("", "ConfigMap"), "shop", "istio-ca-crl")?.Copy()["data"]!["ca-crl.pem"]!.GetValue<string>() == lists),
            () => $"the lists are in the namespace. The log ends with:\n{program.LogTail(20)}", TimeSpan.FromSeconds(60));
        Assert.DoesNotContain("forbidden", program.ReadLog(), StringComparison.OrdinalIgnoreCase);
    }

    // Kinds that the chart does not bring, because nothing here honours them.
    private static readonly (string Group, string Version, string Kind)[] Foreign =
    [
        ("networking.istio.io", "v1alpha3", "EnvoyFilter"), ("networking.istio.io", "v1beta1", "ProxyConfig"), ("networking.istio.io", "v1", "Sidecar"), ("networking.istio.io", "v1", "WorkloadGroup"),
        ("extensions.istio.io", "v1alpha1", "WasmPlugin"), ("extensions.istio.io", "v1alpha1", "TrafficExtension"),
    ];

    private static string Definition(string group, string version, string kind) => $$$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: {{{kind.ToLowerInvariant()}}}s.{{{group}}}}
        spec:
          group: {{{group}}}
          scope: Namespaced
          names:
            kind: {{{kind}}}
            plural: {{{kind.ToLowerInvariant()}}}s
          versions:
          - name: {{{version}}}
            served: true
            storage: true
            subresources: {status: {}}
            schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
        """;

    private const string Objects = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web, namespace: shop}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-1}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, namespace: shop}
        spec: {nodeName: node-1, serviceAccountName: web, containers: [{name: web, image: web}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: ztunnel-1, namespace: istio-system, labels: {app: ztunnel}}
        spec: {nodeName: node-1, serviceAccountName: ztunnel, containers: [{name: ztunnel, image: ztunnel}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: ztunnel-nowhere, namespace: istio-system, labels: {app: ztunnel}}
        spec: {serviceAccountName: ztunnel, containers: [{name: ztunnel, image: ztunnel}]}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: shop}
        data: {horizontalPodAutoscaler: "spec: {maxReplicas: 3}", podDisruptionBudget: "spec: {minAvailable: 1}"}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: waypoint, namespace: shop}
        spec:
          gatewayClassName: ambient-waypoint
          infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: settings}}
          listeners: [{name: mesh, port: 15008, protocol: HBONE}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {istio.io/use-waypoint: missing}}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: partner, namespace: shop, labels: {istio.io/use-waypoint: missing}}
        spec: {hosts: [partner.example.com], addresses: [192.0.2.1], ports: [{number: 443, name: tls, protocol: TLS}], resolution: STATIC, endpoints: [{address: 192.0.2.2}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: WorkloadEntry
        metadata: {name: machine, namespace: shop, labels: {istio.io/use-waypoint: missing}}
        spec: {address: 192.0.2.3, serviceAccount: web}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: web, namespace: shop}
        spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: GRPCRoute
        metadata: {name: web, namespace: shop}
        spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1alpha2
        kind: TCPRoute
        metadata: {name: web, namespace: shop}
        spec: {parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1alpha2
        kind: TLSRoute
        metadata: {name: web, namespace: shop}
        spec: {hostnames: [web.shop.svc.cluster.local], parentRefs: [{group: "", kind: Service, name: web}], rules: [{backendRefs: [{name: web, port: 80}]}]}
        ---
        apiVersion: gateway.networking.k8s.io/v1
        kind: BackendTLSPolicy
        metadata: {name: web, namespace: shop}
        spec: {targetRefs: [{group: "", kind: Service, name: web}], validation: {hostname: a.example.com, caCertificateRefs: [{group: "", kind: ConfigMap, name: authorities}]}}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: web, namespace: shop}
        spec: {hosts: [web], http: [{route: [{destination: {host: web}}]}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web, namespace: shop}
        spec: {host: web}
        ---
        apiVersion: telemetry.istio.io/v1
        kind: Telemetry
        metadata: {name: traces, namespace: shop}
        spec: {tracing: [{randomSamplingPercentage: 10}]}
        ---
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: nobody, namespace: shop}
        spec: {action: DENY, rules: [{}]}
        ---
        apiVersion: security.istio.io/v1
        kind: RequestAuthentication
        metadata: {name: tokens, namespace: shop}
        spec: {jwtRules: [{issuer: somebody}]}
        ---
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: odd, namespace: shop}
        spec: {mtls: {mode: STRICT}, portLevelMtls: {"80": {mode: PERMISSIVE}}}
        """;

    private static async Task<JsonObject> WaypointAsync(GuardedCluster cluster)
    {
        var store = cluster.Api.Store;
        await Until.TrueAsync(() => store.List(store.Kinds.Get("policy", "PodDisruptionBudget"), "shop").Items.Count > 0, "all of the waypoint's objects are made", TimeSpan.FromSeconds(60));
        return store.Get(store.Kinds.Get("apps", "Deployment"), "shop", "waypoint").Copy();
    }

    // What was made because an overlay mentioned it goes with the mention.
    private static void RemoveOverlays(GuardedCluster cluster) => cluster.Api.Store.Update(cluster.Api.Store.Kinds.Get("", "ConfigMap"), "shop", "settings", static map =>
    {
        map["data"] = new JsonObject();
        return map;
    });

    private static async Task<Daemon> StartAsync(GuardedCluster cluster, params IEnumerable<(string Name, string Value)> settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = await cluster.KubeconfigAsync(Account),
            ["POD_NAME"] = "control-plane-0",
            ["POD_NAMESPACE"] = "istio-system",
            ["DOTNET_gcServer"] = "0",
        };
        foreach (var (name, value) in settings) environment[name] = value;
        foreach (var port in (string[])["SECURE_GRPC", "PLAINTEXT_GRPC", "MONITORING", "HEALTH", "ADMIN"]) environment[$"AMBIENT_{port}_PORT"] = "0";
        var program = Daemon.Start("control plane", null, cluster.PathOf("log"), environment, NodePrograms.ControlPlane);
        await program.WaitForLogAsync(log => Listening().IsMatch(log), "where it listens", TimeSpan.FromSeconds(60));
        return program;
    }

    // A longer life than was ever granted is written down before it is granted: the Secret is replaced.
    private static async Task<IReadOnlyList<string>> SignAsync(GuardedCluster cluster, int port, string pod)
    {
        using var channel = new GrpcChannel(new() { Address = new($"http://127.0.0.1:{port}") });
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new IstioCertificateRequest
        {
            Csr = new CertificateRequest("", key, HashAlgorithmName.SHA256).CreateSigningRequestPem(),
            ValidityDuration = (long)TimeSpan.FromDays(30).TotalSeconds,
            Metadata = new() { Fields = { ["ImpersonatedIdentity"] = Value.ForString("spiffe://cluster.local/ns/shop/sa/web") } },
        };
        var token = cluster.Api.Tokens.Issue("istio-system", "ztunnel", ["istio-ca"], TimeSpan.FromHours(1), pod).Token;
        var metadata = new GrpcMetadata();
        metadata.Add("authorization", $"Bearer {token}");
        return (await channel.UnaryAsync(CreateCertificate, request, metadata, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).CertChain;
    }

    [GeneratedRegex(@"Listening: .*?(\d+) gRPC on loopback")]
    private static partial Regex Listening();
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.EndToEnd.Tests.Clusters;
using Ambient.Lab.Processes;
using Ambient.Playground.Cluster;
using Ambient.Playground.Kubelet;
using static Ambient.TestKit.Peers.ServerCertificates;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>A BackendTLSPolicy from kubectl to a server in a pod that speaks TLS only, through native programs.</summary>
public sealed class BackendTlsTests : IDisposable
{
    private const string Host = "abc.example.com", Kind = "backendtlspolicies.gateway.networking.k8s.io";
    private static readonly IPEndPoint Service = new(IPAddress.Parse("10.96.50.63"), 80);

    private readonly X509Certificate2 _ours = AuthorityOf("ours"), _another = AuthorityOf("another");

    public void Dispose()
    {
        _ours.Dispose();
        _another.Dispose();
    }

    [Fact]
    public async Task Requests_pass_over_TLS_as_the_policy_says_and_follow_its_ConfigMap()
    {
        await using var cluster = await ClusterLab.StartAsync(["n1"]);
        var caller = await cluster.AddPodAsync(cluster.Nodes[0], "caller", "caller", "shop");
        using var certificate = Issue(_ours, "web", Host);
        await using var web = await SecurePod.StartAsync(await cluster.AddPodAsync(cluster.Nodes[0], "web", "web", "shop"), 8443, certificate);
        (await cluster.ApplyAsync(Web)).OutputOrThrow();
        await cluster.EnrolAsync("shop");
        (await cluster.ApplyAsync(ShopWaypoint.Gateway)).OutputOrThrow();
        await ShopWaypoint.ProgrammedAsync(cluster, () => "");

        (await cluster.ApplyAsync(Map(_ours.ExportCertificatePem()))).OutputOrThrow();
        (await cluster.ApplyAsync(Policy)).OutputOrThrow();
        await AnswersAsync(cluster, caller, $"200 asked for {Host}");
        await SaysAsync(cluster, "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs");

        (await cluster.ApplyAsync(Map(_another.ExportCertificatePem()))).OutputOrThrow();
        await AnswersAsync(cluster, caller, "503");
        (await cluster.ApplyAsync(Map(_another.ExportCertificatePem(), _ours.ExportCertificatePem()))).OutputOrThrow();
        await AnswersAsync(cluster, caller, $"200 asked for {Host}");

        var passed = web.Requests;
        (await cluster.ApplyAsync(Map("no certificate"))).OutputOrThrow();
        await AnswersAsync(cluster, caller, "503");
        await SaysAsync(cluster, "Accepted=False/NoValidCACertificate ResolvedRefs=False/InvalidCACertificateRef");
        Assert.InRange(web.Requests - passed, 0, 20); // until the waypoint had heard

        (await cluster.KubectlAsync("delete", "configmap", "-n", "shop", "authorities")).OutputOrThrow();
        (await cluster.ApplyAsync(Map(_ours.ExportCertificatePem()))).OutputOrThrow();
        await AnswersAsync(cluster, caller, $"200 asked for {Host}");
        await SaysAsync(cluster, "Accepted=True/Accepted ResolvedRefs=True/ResolvedRefs");
    }

    private static string Web => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop, labels: {istio.io/use-waypoint: waypoint} }
        spec: {clusterIP: {{Service.Address}}, selector: {app: web}, ports: [{name: web, port: {{Service.Port}}, targetPort: 8443, appProtocol: http}]}
        """;

    private const string Policy = $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: BackendTLSPolicy
        metadata: {name: web, namespace: shop}
        spec:
          targetRefs: [{group: "", kind: Service, name: web, sectionName: web}]
          validation: {hostname: {{Host}}, caCertificateRefs: [{group: "", kind: ConfigMap, name: authorities}]}
        """;

    private static string Map(params string[] certificates) => $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: authorities, namespace: shop}
        data:
          ca.crt: |
            {{string.Join("\n", certificates).Replace("\n", "\n    ", StringComparison.Ordinal)}}
        """;

    private static async Task AnswersAsync(ClusterLab cluster, RunningPod caller, string answer)
    {
        var last = "";
        await Until.TrueAsync(async () =>
        {
            var asked = await caller.RunAsync("curl", "-sS", "--max-time", "5", "-w", "\n%{http_code}", $"http://{Service}/");
            var lines = asked.Output.Split('\n');
            last = lines[^1] == "200" ? $"200 {lines[0]}" : lines[^1];
            return last == answer;
        }, () => $"it is answered with {answer}; the last answer was {last}\n{string.Join('\n', cluster.ControlPlane.Process.LogTail(20))}", PodCluster.Patience);
    }

    private static Task SaysAsync(ClusterLab cluster, string conditions)
    {
        var last = "";
        return Until.TrueAsync(async () => (last = (await cluster.KubectlAsync("get", Kind, "-n", "shop", "web", "-o",
            "jsonpath={range .status.ancestors[?(@.ancestorRef.name==\"waypoint\")].conditions[*]}{.type}={.status}/{.reason} {end}")).Output.Trim()) == conditions,
            () => $"its status says {conditions}; it says {last}", PodCluster.Patience);
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.EndToEnd.Tests.Sockets;
using Ambient.Kubernetes.Resources;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;
using Ambient.Playground.Api;
using Ambient.Playground.Api.Storage;
using Ambient.TestKit.Reference;

namespace Ambient.EndToEnd.Tests.Scenarios;

/// <summary>Random policies in a running mesh: whoever the plain evaluator lets in gets in, and nobody else.</summary>
public sealed class RandomPolicyTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private static readonly int[] Ports = [80, 8080, 443, 9000];
    private readonly List<string> _disagreements = [];
    private int _let, _refused;

    [Fact]
    public Task The_running_mesh_decides_as_the_plain_evaluator_does() => DecideAsync(first: 0, rounds: 30);

    /// <summary>Ten thousand decisions, which take a quarter of an hour and more: only if asked for, with <c>-explicit on</c>.</summary>
    [Fact(Explicit = true)]
    public Task And_ten_thousand_times() => DecideAsync(first: 1000, rounds: 834);

    private async Task DecideAsync(int first, int rounds)
    {
        var servers = Ports.Select(port => PodServer.Greet(fixture.Cart, port, "in")).ToList();
        for (var round = first; round < first + rounds; round++)
        {
            if (round % 50 == 0) TestContext.Current.SendDiagnosticMessage($"{_let} let in, {_refused} refused, {_disagreements.Count} decided otherwise");
            var policies = await PublishAsync(Policies(round), round);
            var reference = new ReferencePolicies(policies);
            var pod = new Pod { Metadata = new() { Name = "cart", Namespace = "shop", Labels = new Dictionary<string, string> { ["app"] = "web", ["tier"] = "front" } } };
            foreach (var source in new[] { fixture.Web, fixture.Db, fixture.Plain })
                foreach (var port in Ports)
                {
                    var principal = source == fixture.Plain ? null : $"cluster.local/ns/{source.Namespace}/sa/{source.Name}";
                    var expected = reference.Allows(pod, new(principal, source.Address, fixture.Cart.Address, port));
                    var actual = await IsLetInAsync(source, port);
                    if (expected != actual) _disagreements.Add($"round {round}, {source.Name} to port {port}: expected {(expected ? "in" : "refused")}. Policies:\n{Describe(policies)}");
                    if (expected) _let++;
                    else _refused++;
                }
        }
        foreach (var server in servers) await server.DisposeAsync();

        Assert.True(_disagreements.Count == 0, $"{_disagreements.Count} of {_let + _refused} were decided otherwise:\n{string.Join('\n', _disagreements.Take(5))}");
        // A generator that only ever sees one answer would prove nothing.
        Assert.InRange(_let, rounds, rounds * 3 * Ports.Length);
        Assert.InRange(_refused, rounds, rounds * 3 * Ports.Length);
    }

    // One of a kind in a namespace: which of two equally old ones counts is not said.
    private static List<KubernetesObject> Policies(int seed)
    {
        var objects = new RandomPolicies(new Random(seed)).Cluster();
        var peers = objects.OfType<PeerAuthentication>().DistinctBy(peer => (peer.Metadata.Namespace, peer.Spec?.Selector is null));
        return [.. objects.OfType<AuthorizationPolicy>(), .. peers];
    }

    private async Task<bool> IsLetInAsync(IPod source, int port)
    {
        try
        {
            using var socket = await source.ConnectAsync(fixture.Cart.EndPoint(port));
            return await socket.ReadToEndAsync() == "in";
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    /// <summary>Replaces all policies; returns once the server's node has them, told by a policy and a service that come last.</summary>
    /// <returns>Those that the API accepts.</returns>
    private async Task<List<KubernetesObject>> PublishAsync(List<KubernetesObject> policies, int round)
    {
        var store = fixture.Cluster.Api.Store;
        foreach (var kind in new[] { "AuthorizationPolicy", "PeerAuthentication" })
        {
            var stored = store.Kinds.FindDocument("security.istio.io/v1", kind)!.Value.Kind;
            foreach (var old in store.List(stored).Items) store.Delete(stored, old.Namespace, old.Name);
        }
        var accepted = policies.FindAll(policy => IsAccepted(store, Document(policy)));
        var (service, last) = ($"service-{round}-end", $"policy-{round}-end");
        store.Create(new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "Service", ["metadata"] = new JsonObject { ["name"] = service, ["namespace"] = "outside" },
            ["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = 1 }) },
        });
        store.Create(Document(new AuthorizationPolicy { Metadata = new() { Name = last, Namespace = "bank" } }));
        await Until.TrueAsync(async () =>
        {
            var dump = await fixture.Cluster.ConfigDumpAsync(fixture.There);
            return dump.Contains($"\"{service}\"", StringComparison.Ordinal) && dump.Contains($"\"{last}\"", StringComparison.Ordinal);
        }, () => $"{fixture.There.Name} has the policies of round {round}");
        return accepted;
    }

    private static bool IsAccepted(ObjectStore store, JsonObject document)
    {
        try
        {
            store.Create(document);
            return true;
        }
        catch (StatusException invalid) when (invalid.Code == 422)
        {
            return false;
        }
    }

    private static JsonObject Document(KubernetesObject policy)
    {
        var (document, kind) = policy switch
        {
            AuthorizationPolicy authorization => (JsonSerializer.SerializeToNode(authorization, KubernetesJson.Default.AuthorizationPolicy), "AuthorizationPolicy"),
            PeerAuthentication peer => (JsonSerializer.SerializeToNode(peer, KubernetesJson.Default.PeerAuthentication), "PeerAuthentication"),
            _ => throw new ArgumentException($"{policy.GetType().Name} is no policy."),
        };
        var result = (JsonObject)document!;
        result["apiVersion"] = "security.istio.io/v1";
        result["kind"] = kind;
        return result;
    }

    private static string Describe(List<KubernetesObject> policies) => string.Join('\n', policies.Select(policy => Document(policy).ToJsonString()));
}

using System.Text.Json;
using Ambient.Kubernetes.Resources;
using Ambient.Lab.Processes;
using Ambient.TestKit.Reference;

namespace Ambient.EndToEnd.Tests.Requests;

/// <summary>The scene of random policies.</summary>
public sealed class RandomFixture() : RequestLab("shop", "web", "reviews");

/// <summary>Random policies for requests in a running mesh: the waypoint decides as a plain evaluator of the users' objects does.</summary>
public sealed class RandomRequestPolicyTests(RandomFixture fixture) : IClassFixture<RandomFixture>
{
    private const int RequestsEach = 20;
    private static readonly (string Pod, string Principal)[] Clients =
        [("client", "cluster.local/ns/web/sa/client"), ("web", "cluster.local/ns/shop/sa/web"), ("reviews-v1", "cluster.local/ns/shop/sa/reviews-v1")];
    private static readonly string[] Methods = ["GET", "POST", "PUT", "DELETE"], Hosts = ["reviews", "reviews.shop", "Other.Example"], Users = ["alice", "bob", ""];
    // As it is sent, and what it means.
    private static readonly (string Sent, string Meant)[] Paths =
        [("/", "/"), ("/api", "/api"), ("/api/", "/api/"), ("/api/v1/list", "/api/v1/list"), ("/api/v2/list", "/api/v2/list"), ("/admin", "/admin"), ("//admin", "/admin"),
         ("/x/../admin", "/admin"), ("/%61pi/v1", "/api/v1"), ("/API/v1", "/API/v1"), ("/api/v1/list?admin=1", "/api/v1/list")];

    private readonly List<string> _disagreements = [];
    private int _allowed, _denied;

    [Fact]
    public Task The_waypoint_decides_as_the_plain_evaluator_does() => DecideAsync(first: 0, rounds: 15);

    /// <summary>Ten thousand decisions, which take some minutes: only if asked for, with <c>-explicit on</c>.</summary>
    [Fact(Explicit = true)]
    public Task And_ten_thousand_times() => DecideAsync(first: 1000, rounds: 500);

    private async Task DecideAsync(int first, int rounds)
    {
        for (var round = first; round < first + rounds; round++)
        {
            var random = new Random(round);
            List<AuthorizationPolicy> policies = [.. Enumerable.Range(0, random.Next(1, 4)).Select(number => Policy(random, $"r{round}-{number}"))];
            await PublishAsync(policies);
            var reference = new ReferenceRequests(policies);
            for (var i = 0; i < RequestsEach; i++) await DecideAsync(random, reference, policies);
        }

        Assert.True(_disagreements.Count == 0, $"{_disagreements.Count} of {_allowed + _denied} were decided otherwise:\n{string.Join('\n', _disagreements.Take(5))}");
        // A generator that only ever sees one answer would prove nothing.
        Assert.InRange(_allowed, rounds, rounds * RequestsEach);
        Assert.InRange(_denied, rounds, rounds * RequestsEach);
    }

    private async Task DecideAsync(Random random, ReferenceRequests reference, IEnumerable<AuthorizationPolicy> policies)
    {
        var (client, path, user) = (Pick(random, Clients), Pick(random, Paths), Pick(random, Users));
        var (method, host) = (Pick(random, Methods), Pick(random, Hosts));
        var headers = user.Length == 0 ? new Dictionary<string, string>() : new() { ["x-user"] = user };
        var answer = await fixture.SendAsync(client.Pod, "reviews", 80, new(method), path.Sent, headers.Select(static header => (header.Key, header.Value)), host);
        var expected = reference.Allows(new(client.Principal, 80, host, method, path.Meant, headers));
        if (expected) _allowed++;
        else _denied++;
        if (answer.Status != (expected ? 200 : 403))
            _disagreements.Add($"{method} {host} {path.Sent} of {client.Principal} as '{user}': expected {(expected ? "allowed" : "denied")}, got {answer.Status}. Policies:\n{string.Join('\n', policies.Select(Text))}");
    }

    private static AuthorizationPolicy Policy(Random random, string name) => new()
    {
        Metadata = new() { Name = name, Namespace = "shop" },
        Spec = new()
        {
            TargetRefs = [new() { Kind = "Service", Group = "", Name = "reviews" }],
            Action = random.Next(2) == 0 ? "ALLOW" : "DENY",
            Rules = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Rule(random))],
        },
    };

    private static AuthorizationRule Rule(Random random) => new()
    {
        From = random.Next(2) == 0 ? null : [new()
        {
            Source = NotEmpty(new RuleSource
            {
                Principals = Some(random, 2, "cluster.local/ns/web/sa/client", "cluster.local/ns/shop/*", "*/sa/web", "*"),
                NotPrincipals = Some(random, 5, "cluster.local/ns/shop/sa/web", "cluster.local/ns/web/*"),
                Namespaces = Some(random, 3, "shop", "web", "s*", "*"),
                NotNamespaces = Some(random, 6, "web", "*op"),
            }),
        }],
        To = random.Next(4) == 0 ? null : [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => new RuleTo
        {
            Operation = NotEmpty(new RuleOperation
            {
                Methods = Some(random, 2, "GET", "POST", "P*", "*"),
                NotMethods = Some(random, 5, "DELETE", "PUT"),
                Paths = Some(random, 2, "/", "/api", "/api/*", "*/list", "/admin*", "*", "/api/{*}/list", "/api/{**}", "/{*}"),
                NotPaths = Some(random, 4, "/admin", "/api/v2/*", "/api/{*}", "*/"),
                Hosts = Some(random, 4, "reviews", "reviews*", "*.example", "OTHER.example"),
                NotHosts = Some(random, 7, "other.example"),
                Ports = Some(random, 5, "80", "8080"),
                NotPorts = Some(random, 9, "8080"),
            }),
        })],
        When = random.Next(3) != 0 ? null : [new()
        {
            Key = "request.headers[x-user]", Values = Some(random, 2, "alice", "b*", "*"), NotValues = Some(random, 3, "bob", "*ce") ?? ["nobody"],
        }],
    };

    // The API takes no source or operation that says nothing.
    private static RuleSource NotEmpty(RuleSource source) => source == new RuleSource() ? new() { Namespaces = ["*"] } : source;

    private static RuleOperation NotEmpty(RuleOperation operation) => operation == new RuleOperation() ? new() { Methods = ["*"] } : operation;

    /// <summary>Null most times: once in <paramref name="rarity"/> there are some.</summary>
    private static IReadOnlyList<string>? Some(Random random, int rarity, params string[] values) =>
        random.Next(rarity) != 0 ? null : [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => Pick(random, values)).Distinct()];

    private static T Pick<T>(Random random, IReadOnlyList<T> of) => of[random.Next(of.Count)];

    /// <summary>Replaces all policies; returns once the waypoint has these and no others.</summary>
    private async Task PublishAsync(List<AuthorizationPolicy> policies)
    {
        var store = fixture.Cluster.Api.Store;
        var kind = store.Kinds.FindDocument("security.istio.io/v1", "AuthorizationPolicy")!.Value.Kind;
        foreach (var old in store.List(kind).Items) store.Delete(kind, old.Namespace, old.Name);
        foreach (var policy in policies)
        {
            var document = JsonSerializer.SerializeToNode(policy, KubernetesJson.Default.AuthorizationPolicy)!.AsObject();
            (document["apiVersion"], document["kind"]) = ("security.istio.io/v1", "AuthorizationPolicy");
            store.Create(document);
        }

        var expected = policies.Select(static policy => $"AuthorizationPolicy/shop/{policy.Metadata.Name}").Order(StringComparer.Ordinal).ToList();
        string[] last = [];
        await Until.TrueAsync(async () => expected.SequenceEqual(last = await fixture.PoliciesAsync()), () => $"the waypoint has {string.Join(", ", expected)}; it has {string.Join(", ", last)}");
    }

    private static string Text(AuthorizationPolicy policy) => JsonSerializer.Serialize(policy, KubernetesJson.Default.AuthorizationPolicy);
}

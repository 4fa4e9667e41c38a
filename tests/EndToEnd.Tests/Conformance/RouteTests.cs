using Ambient.EndToEnd.Tests.Requests;
using Ambient.Lab.Processes;
using static Ambient.EndToEnd.Tests.Conformance.ConformanceFixture;

namespace Ambient.EndToEnd.Tests.Conformance;

[CollectionDefinition(nameof(ConformanceFixture))]
public sealed class ConformanceCollection : ICollectionFixture<ConformanceFixture>;

/// <summary>What tests of routes have in common: rules are put on a service, and clients in other pods see what comes of it.</summary>
[Collection(nameof(ConformanceFixture))]
public abstract class RouteTests(ConformanceFixture fixture) : IAsyncLifetime
{
    protected ConformanceFixture Fixture => fixture;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await fixture.ForgetAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A GET whose answer is to hold three times in a row.</summary>
    /// <param name="pod">Who is to answer; null for the waypoint itself, empty for any pod.</param>
    private protected Task GetsAsync(string path, string? pod, int? status = null, string client = "echo-v1", string service = "echo", int port = 80, string? host = null,
        (string, string)[]? fields = null, Func<Answer, bool>? holds = null) =>
        fixture.ExpectAsync(() => fixture.GetAsync(client, service, port, path, fields ?? [], host),
            answer => answer.Status == (status ?? 200) && (pod is "" || answer.Pod == pod) && holds?.Invoke(answer) != false);

    private protected Task RedirectsAsync(string path, int status, string location) => GetsAsync(path, null, status, holds: answer => answer.Response("location") == location);

    /// <summary>Seven of ten are answered by v1, the others by v2.</summary>
    private protected static async Task SharesAsync(Func<Task<Answer>> ask)
    {
        Dictionary<string, int> last = [];
        await Until.TrueAsync(async () =>
        {
            var answers = new List<Answer>();
            for (var batch = 0; batch < 50; batch++) answers.AddRange(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ask())));
            last = answers.GroupBy(static answer => answer.Pod ?? $"{answer.Status}").ToDictionary(static group => group.Key, static group => group.Count());
            return last.Count == 2 && Math.Abs(last["echo-v1"] - 350) <= 25 && Math.Abs(last["echo-v2"] - 150) <= 25;
        }, () => $"70 % go to echo-v1 and 30 % to echo-v2, within 5 %: {string.Join(", ", last)}", TimeSpan.FromSeconds(60));
    }

    /// <summary>What the condition of the route says about its first parent.</summary>
    /// <param name="says">Status and reason, such as <c>False/RefNotPermitted</c>.</param>
    protected async Task ConditionAsync(string type, string says, string kind = "httproute", string name = "route")
    {
        string? last = null;
        await Until.TrueAsync(async () =>
        {
            last = (await fixture.Cluster.KubectlAsync("-n", Mesh, "get", kind, name, "-o", $"jsonpath={{range .status.parents[0].conditions[?(@.type=='{type}')]}}{{.status}}/{{.reason}}{{end}}")).OutputOrThrow();
            return last == says;
        }, () => $"{type} is {says}; it was {last}", TimeSpan.FromSeconds(30));
    }

    protected static string SetsHeader(string value) => $"filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: X-Header-Set, value: {value}}}]}}}}]";

    protected Task RouteAsync(string rules, string parent = "echo", int? port = null, string name = "route") => fixture.ApplyAsync(ManifestOf("HTTPRoute", rules, parent, port, name));

    protected Task GrpcRouteAsync(string rules) => fixture.ApplyAsync(ManifestOf("GRPCRoute", rules, "echo", 7070, "route"));

    private static string ManifestOf(string kind, string rules, string parent, int? port, string name) => $$"""
        apiVersion: gateway.networking.k8s.io/v1
        kind: {{kind}}
        metadata: {name: {{name}}, namespace: {{Mesh}}}
        spec:
          parentRefs: [{group: "", kind: Service, name: {{parent}}{{(port is null ? "" : $", port: {port}")}}}]
          rules:
          {{rules.Replace("\n", "\n  ", StringComparison.Ordinal)}}
        """;
}

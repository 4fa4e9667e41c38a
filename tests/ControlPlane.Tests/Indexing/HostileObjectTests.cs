using System.Text.Json;
using Ambient.Kubernetes.Resources;
using static Ambient.TestKit.Cluster.Objects;

namespace Ambient.ControlPlane.Tests.Indexing;

/// <summary>No object takes the index down, and none takes its neighbours along.</summary>
public sealed class HostileObjectTests
{
    private static readonly string[] Values =
    [
        "null", "\"\"", "\"x\"", "\"a/b\"", "\"-1\"", "\"70000\"", "0", "-1", "99999", "4294967296", "true", "[]", "{}", "[null]", "[\"\"]", "[\"10.0.0.1\"]", "[{}]",
        "{\"a\":\"b\"}", "\"*\"", "\"10.0.0.1\"", "\"" + new string('x', 3000) + "\"",
    ];

    [Fact]
    public void Any_object_that_can_be_read_is_indexed_or_reported_and_its_neighbours_stay()
    {
        var read = 0;
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var (kind, value) = Mutated(new RandomObjects(random).Next(), random);
            if (value is null) continue; // JSON of another shape: the client refuses that
            read++;
            var mesh = new IndexedMesh(Namespace("default"), Service("web", "app=web"), Pod("neighbour", "10.1.2.3", "app=web"));

            mesh.Set(value);
            mesh.Remove(value);

            Assert.True(mesh.FindPod("neighbour") is { Services.Count: 1 }, $"seed {seed}: {kind}");
            Assert.True(mesh.Index.Diagnostics.All(line => line.Problem.Length > 0), $"seed {seed}");
        }
        Assert.True(read > 300, $"only {read} objects could be read");
    }

    [Fact]
    public void Whatever_is_said_about_requests_waypoints_can_read_what_becomes_of_it()
    {
        var (read, sent) = (0, 0);
        var mesh = new IndexedMesh([.. from ns in (string[])["default", "shop", "bank", "istio-system"] from number in Enumerable.Range(0, 3)
            select Service($"{ns}/svc{number}", $"app=app{number}", "http:80:8080")]);
        foreach (var seed in Enumerable.Range(0, 3000))
        {
            var random = new Random(seed);
            var (kind, value) = Mutated(new RandomTraffic(random).Next(), random);
            if (value is null) continue; // JSON of another shape: the client refuses that
            read++;

            sent += mesh.Set(value).Traffic.Set.Count; // all of it is read as a waypoint does
            mesh.Remove(value);

            Assert.True(mesh.Traffic.Current.Resources.IsEmpty, $"seed {seed}: {kind}");
        }
        Assert.True(read > 1500 && sent > 400, $"only {read} objects could be read, and {sent} were sent");
    }

    [Fact]
    public void Names_that_can_be_no_part_of_an_identity_keep_the_object_out()
    {
        var mesh = new IndexedMesh(Pod("web", account: "a/b"), Pod("neighbour", "10.0.0.2"));

        Assert.Null(mesh.FindPod("web"));
        Assert.NotNull(mesh.FindPod("neighbour"));
        Assert.Contains(mesh.Index.Diagnostics, static line => line.Object.Name == "web");
    }

    [Fact]
    public void Removing_what_was_never_there_changes_nothing()
    {
        var mesh = new IndexedMesh(Pod("web"));

        var changes = mesh.Remove(Pod("x"), Service("x"), ServiceEntry("x", "x.example.com"), WorkloadEntry("x", "10.0.0.1"), Slice("x", "x", "10.0.0.1"),
            Waypoint("x"), GatewayClass("x"), Policy("x"), Peer("x", "STRICT"), Namespace("x"), Node("x"), MeshConfig(""));

        Assert.True(changes.IsEmpty);
    }

    [Fact]
    public void No_object_is_reported_on_without_end()
    {
        var mesh = new IndexedMesh(Policy("p", "DENY", rules: To(new() { Ports = [.. Enumerable.Repeat("bad", 5000)] })));

        Assert.InRange(mesh.Index.Diagnostics.Count(), 1, 20);
        Assert.InRange(mesh.Condition("ZtunnelAccepted", "p")!.Message!.Length, 1, 4096);
    }

    private static (string Kind, KubernetesObject? Value) Mutated(KubernetesObject value, Random random)
    {
        var json = JsonSerializer.Serialize(value, value.GetType(), KubernetesJson.Default);
        for (var times = random.Next(1, 4); times > 0; times--) json = Mutate(json, random);
        try
        {
            return (value.GetType().Name, (KubernetesObject?)JsonSerializer.Deserialize(json, value.GetType(), KubernetesJson.Default));
        }
        catch (JsonException)
        {
            return (value.GetType().Name, null);
        }
    }

    /// <summary>Puts another value behind one of its colons.</summary>
    private static string Mutate(string json, Random random)
    {
        var colons = Enumerable.Range(0, json.Length).Where(at => json[at] == ':' && json[at - 1] == '"').ToList();
        var start = colons[random.Next(colons.Count)] + 1;
        var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(json[start..]), isFinalBlock: false, default);
        reader.Read();
        reader.TrySkip();
        return json[..start] + Values[random.Next(Values.Length)] + json[(start + (int)reader.BytesConsumed)..];
    }
}

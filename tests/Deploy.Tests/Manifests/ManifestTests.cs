using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.Deploy.Charts;
using Ambient.Lab.Processes;
using Ambient.Playground.Api;

namespace Ambient.Deploy.Tests.Manifests;

/// <summary>The chart and the manifest made of it.</summary>
public sealed class ManifestTests
{
    [Fact]
    public void The_manifest_in_the_repository_is_what_the_chart_gives() =>
        Assert.Equal(new Chart(Checkout.ChartFolder).Render("ambient", "istio-system", KeyValuePair.Create("createNamespace", "true")), File.ReadAllText(Checkout.ManifestFile));

    [Fact]
    public async Task Kubectl_applies_it_and_finds_nothing_to_change_afterwards()
    {
        await using var api = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var home = new TemporaryDirectory();
        var kubeconfig = home.PathOf("kubeconfig");
        await api.WriteKubeconfigAsync(kubeconfig);

        var first = await Command.RunAsync("kubectl", "--kubeconfig", kubeconfig, "--cache-dir", home.PathOf("cache"), "apply", "-f", Checkout.ManifestFile);
        var second = await Command.RunAsync("kubectl", "--kubeconfig", kubeconfig, "--cache-dir", home.PathOf("cache"), "apply", "-f", Checkout.ManifestFile);

        Assert.True(first.Succeeded, first.Errors);
        Assert.Equal(Checkout.Manifest().Count, first.Output.Split('\n').Count(line => line.EndsWith(" created", StringComparison.Ordinal)));
        Assert.Equal(Checkout.Manifest().Count, second.Output.Split('\n').Count(line => line.EndsWith(" unchanged", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_server_knows_every_field_of_every_object()
    {
        await using var api = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var http = new HttpClient { BaseAddress = new(api.Url) };

        foreach (var document in Checkout.Manifest())
        {
            var answer = await ApplyAsync(api, http, document);
            Assert.True(answer.StatusCode is HttpStatusCode.Created, $"{document["kind"]}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task The_same_check_refuses_a_field_that_does_not_exist()
    {
        await using var api = await PlaygroundApi.StartAsync(new() { Controllers = false });
        using var http = new HttpClient { BaseAddress = new(api.Url) };
        var document = Checkout.Manifest().First(one => one["kind"]!.GetValue<string>() == "Namespace");
        document["metadata"]!["colour"] = "blue";

        Assert.Equal(HttpStatusCode.BadRequest, (await ApplyAsync(api, http, document)).StatusCode);
    }

    [Theory]
    [InlineData("DaemonSet", "ztunnel", "ztunnel", "shared/MeshProxy")]
    [InlineData("DaemonSet", "istio-cni-node", "cni-plugin/Agent")]
    [InlineData("Deployment", "ambient-control-plane", "control-plane")]
    public void Every_variable_that_is_set_is_one_that_the_program_reads(string kind, string name, params string[] folders) =>
        Assert.Equal([], Unread(Checkout.Workload(kind, name), folders));

    /// <summary>Variables of a workload that the sources in these folders do not name.</summary>
    internal static IEnumerable<string> Unread(JsonObject workload, params string[] folders)
    {
        var source = string.Concat(folders.SelectMany(folder => Directory.EnumerateFiles(Checkout.PathOf(folder), "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        return Containers(workload).SelectMany(container => container["env"]!.AsArray())
            .Select(variable => variable!["name"]!.GetValue<string>())
            .Where(variable => !variable.StartsWith("DOTNET_", StringComparison.Ordinal) && !variable.StartsWith("ISTIO_META_", StringComparison.Ordinal))
            .Where(variable => !source.Contains($"\"{variable}\"", StringComparison.Ordinal));
    }

    // Where one is told and the other is not, no node proxy knows the pods of its own node.
    [Theory]
    [InlineData("network", "NETWORK", "NETWORK")]
    [InlineData("clusterId", "CLUSTER_ID", "CLUSTER_ID")]
    [InlineData("trustDomain", "TRUST_DOMAIN", "TRUST_DOMAIN")]
    [InlineData("clusterDomain", "CLUSTER_DOMAIN", "DOMAIN_SUFFIX")]
    public void Names_of_the_mesh_reach_node_proxies_and_the_control_plane(string value, string variable, string variableOfControlPlane)
    {
        var documents = Checkout.Rendered("mesh", KeyValuePair.Create(value, "named"));

        Assert.Equal(("named", "named"), (Variable("ztunnel", variable), Variable("ambient-control-plane", variableOfControlPlane)));

        string? Variable(string workload, string name) => Containers(documents.Single(document => document["spec"]?["template"] is not null && document["metadata"]!["name"]!.GetValue<string>() == workload))
            .SelectMany(container => container["env"]!.AsArray()).SingleOrDefault(one => one!["name"]!.GetValue<string>() == name)?["value"]?.GetValue<string>();
    }

    [Fact]
    public void With_revocation_lists_a_ztunnel_reads_the_published_ones_and_waypoints_are_to()
    {
        var documents = Checkout.Rendered("mesh", KeyValuePair.Create("revocationLists", "true"));

        var (pod, variables) = (PodOf("ztunnel"), VariablesOf("ztunnel"));
        var volume = Assert.Single(pod["volumes"]!.AsArray(), static one => Text(one!["configMap"]?["name"]) == "istio-ca-crl");
        var mount = Assert.Single(pod["containers"]![0]!["volumeMounts"]!.AsArray(), one => Text(one!["name"]) == Text(volume!["name"]));
        Assert.Equal($"{Text(mount!["mountPath"])}/ca-crl.pem", variables["CRL_PATH"]);
        var controlPlane = VariablesOf("ambient-control-plane");
        Assert.Equal(("true", "true"), (controlPlane["WAYPOINT_REVOCATION_LISTS"], controlPlane["PILOT_ENABLE_CA_CRL"]));
        Assert.DoesNotContain("CRL_PATH", File.ReadAllText(Checkout.ManifestFile));

        JsonNode PodOf(string name) => documents.Single(document => document["spec"]?["template"] is not null && Text(document["metadata"]!["name"]) == name)["spec"]!["template"]!["spec"]!;

        Dictionary<string, string?> VariablesOf(string name) => PodOf(name)["containers"]![0]!["env"]!.AsArray().ToDictionary(static one => Text(one!["name"])!, static one => Text(one!["value"]));

        static string? Text(JsonNode? node) => node?.GetValue<string>();
    }

    [Theory]
    [InlineData("DaemonSet", "ztunnel")]
    [InlineData("DaemonSet", "istio-cni-node")]
    [InlineData("Deployment", "ambient-control-plane")]
    public void Probes_ask_ports_that_are_named_and_everything_requests_resources(string kind, string name)
    {
        foreach (var container in Containers(Checkout.Workload(kind, name)))
        {
            var ports = container["ports"]!.AsArray().Select(port => port!["name"]!.GetValue<string>()).ToList();
            foreach (var probe in (string[])["startupProbe", "readinessProbe", "livenessProbe"])
                Assert.Contains(container[probe]!["httpGet"]!["port"]!.GetValue<string>(), ports);
            Assert.NotNull(container["resources"]!["requests"]!["cpu"]);
            Assert.NotNull(container["resources"]!["requests"]!["memory"]);
            Assert.Matches(":[0-9.]+$", container["image"]!.GetValue<string>());
        }
    }

    [Fact]
    public void Selectors_find_the_pods_that_are_made()
    {
        var documents = Checkout.Manifest();
        var pods = documents.Where(document => document["spec"]?["template"] is not null).Select(document => document["spec"]!["template"]!["metadata"]!["labels"]!.AsObject()).ToList();

        foreach (var selector in documents.Select(Selector).OfType<JsonObject>())
            Assert.Contains(pods, labels => selector.All(term => labels[term.Key]?.GetValue<string>() == term.Value!.GetValue<string>()));
    }

    internal static IEnumerable<JsonObject> Containers(JsonObject workload) => workload["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Cast<JsonObject>();

    private static JsonObject? Selector(JsonObject document) => document["kind"]!.GetValue<string>() == "Service"
        ? document["spec"]!["selector"]!.AsObject()
        : document["spec"]?["selector"]?["matchLabels"]?.AsObject();

    private static async Task<HttpResponseMessage> ApplyAsync(PlaygroundApi api, HttpClient http, JsonObject document)
    {
        var (kind, version) = api.Store.Kinds.FindDocument(document["apiVersion"]!.GetValue<string>(), document["kind"]!.GetValue<string>())!.Value;
        var ns = document["metadata"]!["namespace"]?.GetValue<string>();
        var path = $"{(kind.Group.Length == 0 ? "/api" : $"/apis/{kind.Group}")}/{version.Name}{(ns is null ? "" : $"/namespaces/{ns}")}/{kind.Plural}/{document["metadata"]!["name"]}";
        using var body = new StringContent(document.ToJsonString(), Encoding.UTF8, "application/apply-patch+yaml");
        return await http.PatchAsync($"{path}?fieldManager=test&fieldValidation=Strict", body);
    }
}

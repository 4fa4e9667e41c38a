using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Ambient.Playground.Api;

namespace Ambient.Scale;

/// <summary>The API of a cluster with objects of any number, whose pods change at a rate. Reads commands, one a line.</summary>
internal sealed class ScaleCluster(PlaygroundApi api, ScaleOptions options)
{
    private const int Namespaces = 400;

    public static async Task<int> RunAsync(ScaleOptions options)
    {
        await using var api = await PlaygroundApi.StartAsync(new() { Controllers = false, ServiceRange = System.Net.IPNetwork.Parse("10.64.0.0/12") });
        var cluster = new ScaleCluster(api, options);
        cluster.Fill();
        await api.WriteKubeconfigAsync(ScaleFiles.Kubeconfig);
        await File.WriteAllTextAsync(ScaleFiles.Token, api.Tokens.Issue("istio-system", "ztunnel", ["istio-ca"], TimeSpan.FromHours(8)).Token);
        Console.WriteLine("cluster filled");
        while (Console.ReadLine() is { } command)
        {
            if (command == "change") await cluster.ChangeAsync();
            else if (command == "strict") cluster.Create(Object("security.istio.io/v1", "PeerAuthentication", "istio-system", "mesh", new JsonObject { ["spec"] = new JsonObject { ["mtls"] = new JsonObject { ["mode"] = "STRICT" } } }));
            Console.WriteLine($"{command} done");
        }
        return 0;
    }

    private void Fill()
    {
        Create(Object("v1", "Namespace", "", "istio-system", []));
        Create(Object("v1", "ServiceAccount", "istio-system", "ztunnel", []));
        for (var ns = 0; ns < Namespaces; ns++) Create(Object("v1", "Namespace", "", $"team-{ns}", []));
        for (var node = 0; node < options.Nodes; node++)
            Create(Object("v1", "Node", "", NodeOf(node), Labelled(new JsonObject { ["topology.kubernetes.io/region"] = "eu-central-1", ["topology.kubernetes.io/zone"] = $"eu-central-1{(char)('a' + node % 3)}" })));
        for (var service = 0; service < options.Services; service++)
        {
            Create(Object("v1", "Service", NamespaceOf(service), $"service-{service}", new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["selector"] = new JsonObject { ["app"] = $"service-{service}" },
                    ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["port"] = 80, ["targetPort"] = 8080 }, new JsonObject { ["name"] = "https", ["port"] = 443, ["targetPort"] = 8443 }),
                },
            }));
        }
        for (var pod = 0; pod < options.Workloads; pod++) CreatePod(pod);
    }

    private void CreatePod(int number)
    {
        var service = number % options.Services;
        var pod = Object("v1", "Pod", NamespaceOf(service), NameOf(number), Labelled(new JsonObject { ["app"] = $"service-{service}", ["pod-template-hash"] = "7c9f8d6b5", ["version"] = "v1" }));
        var metadata = pod["metadata"]!;
        metadata["annotations"] = new JsonObject { ["ambient.istio.io/redirection"] = "enabled", ["prometheus.io/scrape"] = "true", ["checksum/config"] = new string('a', 64) };
        metadata["generateName"] = $"service-{service}-7c9f8d6b5-";
        metadata["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "apps/v1", ["kind"] = "ReplicaSet", ["name"] = $"service-{service}-7c9f8d6b5", ["uid"] = $"{service}", ["controller"] = true });
        pod["spec"] = new JsonObject
        {
            ["nodeName"] = NodeOf(number % options.Nodes), ["serviceAccountName"] = "default",
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "app", ["image"] = $"registry.example.com/team/service-{service}:1.0", ["ports"] = new JsonArray(new JsonObject { ["name"] = "http", ["containerPort"] = 8080 }) }),
        };
        Create(pod);
        Update(number, static (json, number) => json["status"] = new JsonObject
        {
            ["phase"] = "Running", ["podIP"] = AddressOf(number), ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = AddressOf(number) }),
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
        }, "status");
    }

    // What changes carries the time, so that whoever gets it can tell how long it took.
    private async Task ChangeAsync()
    {
        var random = new Random(1);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        var clock = Stopwatch.StartNew();
        for (var done = 0; done < options.Changes * options.Seconds && await timer.WaitForNextTickAsync();)
        {
            var due = Math.Min(options.Changes * options.Seconds, (int)(clock.Elapsed.TotalSeconds * options.Changes));
            for (; done < due; done++)
                Update(random.Next(options.Workloads), static (json, _) => json["metadata"]!["labels"]!["version"] = ScaleClock.Stamp(), "");
        }
        Console.WriteLine($"{options.Changes * options.Seconds} changes in {clock.Elapsed.TotalSeconds:0.0} s");
    }

    private void Update(int number, Action<JsonObject, int> change, string subresource) => api.Store.Update(api.Store.Kinds.Get("", "Pod"), NamespaceOf(number % options.Services), NameOf(number), json =>
    {
        change(json, number);
        return json;
    }, new() { Subresource = subresource });

    private void Create(JsonObject value) => api.Store.Create(value);

    private static JsonObject Labelled(JsonObject labels) => new() { ["metadata"] = new JsonObject { ["labels"] = labels } };

    private static JsonObject Object(string version, string kind, string ns, string name, JsonObject rest)
    {
        rest["apiVersion"] = version;
        rest["kind"] = kind;
        var metadata = rest["metadata"]?.AsObject() ?? [];
        rest["metadata"] = metadata;
        metadata["name"] = name;
        if (ns.Length > 0) metadata["namespace"] = ns;
        return rest;
    }

    private static string NamespaceOf(int service) => $"team-{service % Namespaces}";

    private string NameOf(int number) => $"service-{number % options.Services}-7c9f8d6b5-{number.ToString("x8", CultureInfo.InvariantCulture)}";

    private static string NodeOf(int number) => $"ip-10-0-{number / 250}-{number % 250}.eu-central-1.compute.internal";

    private static string AddressOf(int number) => $"10.{128 + number / 62500}.{number / 250 % 250}.{number % 250 + 1}";
}

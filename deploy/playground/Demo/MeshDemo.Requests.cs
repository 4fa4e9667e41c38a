using Ambient.Lab.Mesh;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Demo;

// Requests: routed, retried and judged by a waypoint, for the one service that asks for it.
internal sealed partial class MeshDemo
{
    private const string ReviewsUrl = "http://reviews.shop.svc.cluster.local/api/list";

    private async Task WaypointAsync()
    {
        story.Step("Requests are looked at only where it is asked for: a waypoint for the service reviews");
        shop.Cluster.Pods.EnsureNamespace(Shop.Namespace, "reviews");
        await ApplyAsync(ServiceOf("reviews", "app: reviews") + ServiceOf("reviews-v1", "app: reviews, version: v1") + ServiceOf("reviews-v2", "app: reviews, version: v2"));
        (await shop.Cluster.ApplyAsync(Deployment("v1") + Deployment("v2"))).OutputOrThrow();
        await ApplySampleAsync("waypoint");
        await KubectlAsync("label", "service", "reviews", "-n", "shop", "istio.io/use-waypoint=waypoint");
        await KubectlAsync("rollout", "status", "-n", "shop", "deployment/waypoint", "--timeout=60s");
        await KubectlAsync("get", "gateway", "waypoint", "-n", "shop");
        await Until.TrueAsync(async () => await StatusAsync() == 200 && await KnowsWaypointAsync(), "reviews answers through its waypoint", TimeSpan.FromSeconds(60));
        var answer = await CurlAsync(shop.Web, ReviewsUrl);
        story.Check(answer.Output.Contains("hello from reviews", StringComparison.Ordinal), "reviews answers; the cart, which has no waypoint, pays nothing for it");
    }

    private async Task CanaryAsync()
    {
        story.Step("A canary by weight: one request in ten");
        await ApplySampleAsync("canary");
        Dictionary<string, int> counts = [];
        await Until.TrueAsync(async () => (counts = await CountAsync(10)).Count == 2 || counts.ContainsKey("v1"), "the route is there");
        counts = await CountAsync(200);
        foreach (var version in (string[])["v1", "v2"]) story.Show($"{version} {new string('█', counts.GetValueOrDefault(version) / 3)} {counts.GetValueOrDefault(version)}");
        story.Check(counts.GetValueOrDefault("v2") is > 4 and < 45, "about one in ten of 200 requests was answered by v2");
        await KubectlAsync("delete", "httproute", "reviews", "-n", "shop");
    }

    private async Task HeaderAsync()
    {
        story.Step("A/B by a header, with the VirtualService and DestinationRule that you have already");
        await ApplySampleAsync("ab-header");
        await Until.TrueAsync(async () => (await CountAsync(10, "-H", "x-canary: true")).GetValueOrDefault("v2") == 10, "the header decides");
        var (with, without) = (await CountAsync(30, "-H", "x-canary: true"), await CountAsync(30));
        story.Say($"with x-canary: true {Written(with)}; without {Written(without)}");
        story.Check(with.GetValueOrDefault("v2") == 30 && without.GetValueOrDefault("v1") == 30, "the header decides, every time");
        await KubectlAsync("delete", "virtualservice,destinationrule", "reviews", "-n", "shop");
    }

    private async Task FailingServerAsync()
    {
        story.Step("A server that answers 503 joins: retries hide it, and it is soon left alone");
        (await shop.Cluster.ApplyAsync(Deployment("broken", ", \"503\""))).OutputOrThrow();
        await KubectlAsync("rollout", "status", "-n", "shop", "deployment/reviews-broken", "--timeout=60s");
        await ApplySampleAsync("retries");
        await ApplySampleAsync("circuit-breaking");
        await Until.TrueAsync(async () => await BrokenRequestsAsync() > 0 || (await CountAsync(5)).Count > 2, "the broken server is asked too", TimeSpan.FromSeconds(60));
        var failed = 0;
        for (var i = 0; i < 100; i++)
            if (await StatusAsync() != 200) failed++;
        var before = await BrokenRequestsAsync();
        for (var i = 0; i < 100; i++)
            if (await StatusAsync() != 200) failed++;
        var after = await BrokenRequestsAsync();
        story.Say($"200 requests, {failed} failed; the broken server was asked {after - before} times in the last hundred");
        story.Check(failed == 0, "no request failed");
        story.Check(after - before <= 2, "the server that fails gets no more requests");
        await KubectlAsync("delete", "deployment", "reviews-broken", "-n", "shop");
        await KubectlAsync("delete", "virtualservice,destinationrule", "reviews", "-n", "shop");
    }

    private async Task RequestPolicyAsync()
    {
        story.Step("Who may do what: methods and paths");
        await ApplySampleAsync("authorization");
        await Until.TrueAsync(async () => await StatusAsync("-X", "DELETE") == 403 && await StatusAsync() == 200, "the policy is in force");
        story.Run(shop.Web.Name, $"curl -X DELETE {ReviewsUrl}");
        var denied = await shop.Web.RunAsync("curl", "-sS", "--max-time", "5", "-X", "DELETE", ReviewsUrl);
        story.Show(denied.Output);
        story.Check(denied.Output.Contains("RBAC: access denied", StringComparison.Ordinal), "web may read, and nobody may delete");
        var metrics = await WaypointMetricsAsync();
        var line = metrics.FirstOrDefault(static line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal) && line.Contains("response_code=\"403\"", StringComparison.Ordinal));
        if (line is not null) story.Show(Shorten(line));
        story.Check(line is not null, "and the usual istio_requests_total counts it, with the identity of the caller");
        await KubectlAsync("delete", "authorizationpolicy", "readers", "-n", "shop");
    }

    private static string ServiceOf(string name, string selector) => $$"""
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}, namespace: shop}
        spec: {selector: { {{selector}} }, ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]}

        """;

    private static string Deployment(string version, string more = "") => $$"""
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: reviews-{{version}}, namespace: shop}
        spec:
          selector: {matchLabels: {app: reviews, version: {{version}} } }
          template:
            metadata: {labels: {app: reviews, version: {{version}} } }
            spec:
              serviceAccountName: reviews
              nodeSelector: {kubernetes.io/hostname: node2}
              containers: [{name: main, image: playground/application, args: [reviews-{{version}}, "8080"{{more}}]}]

        """;

    private Task<CommandResult> ApplySampleAsync(string name) => KubectlAsync("apply", "-f", Path.Combine(NodePrograms.Checkout, "deploy", "samples", $"{name}.yaml"));

    private async Task<int> StatusAsync(params string[] more)
    {
        var answer = await shop.Web.RunAsync("curl", ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "15", .. more, ReviewsUrl]);
        return int.TryParse(answer.Output, out var status) ? status : 0;
    }

    private async Task<Dictionary<string, int>> CountAsync(int requests, params string[] more)
    {
        var counts = new Dictionary<string, int>();
        for (var i = 0; i < requests; i++)
        {
            var answer = (await shop.Web.RunAsync("curl", ["-sS", "--max-time", "5", .. more, ReviewsUrl])).Output;
            var version = answer.Contains("reviews-v1", StringComparison.Ordinal) ? "v1" : answer.Contains("reviews-v2", StringComparison.Ordinal) ? "v2" : "neither";
            counts[version] = counts.GetValueOrDefault(version) + 1;
        }

        return counts;
    }

    private static string Written(Dictionary<string, int> counts) => string.Join(", ", counts.OrderBy(static count => count.Key).Select(static count => $"{count.Value} × {count.Key}"));

    private async Task<bool> KnowsWaypointAsync() => (await WaypointMetricsAsync()).Any(static line => line.StartsWith("istio_requests_total{", StringComparison.Ordinal));

    private async Task<int> BrokenRequestsAsync()
    {
        var pod = shop.Cluster.Pods.Pods(Shop.Namespace, "version", "broken").Select(pod => shop.Cluster.Pods.Running(Shop.Namespace, $"{pod["metadata"]!["name"]}")).First(pod => pod is not null)!;
        // From within the pod: others come to it by the waypoint alone.
        return int.Parse((await pod.RunAsync("curl", "-sS", "--max-time", "5", $"http://127.0.0.1:{Shop.Port}/requests")).OutputOrThrow(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task<string[]> WaypointMetricsAsync()
    {
        var pod = shop.Cluster.Pods.Pods(Shop.Namespace, "gateway.networking.k8s.io/gateway-name", "waypoint").Select(pod => shop.Cluster.Pods.Running(Shop.Namespace, $"{pod["metadata"]!["name"]}")).FirstOrDefault(pod => pod is not null);
        return pod is null ? [] : (await pod.RunAsync("curl", "-sS", "--max-time", "5", "http://127.0.0.1:15020/metrics")).Output.Split('\n');
    }
}

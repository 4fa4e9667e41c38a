using System.Diagnostics;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Demo;

// Who may call whom, by kubectl.
internal sealed partial class MeshDemo
{
    private async Task PolicyAsync()
    {
        story.Step("Policy, by kubectl: batch may not call the cart, and the log names the policy");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: no-batch, namespace: shop}
            spec:
              selector: {matchLabels: {app: cart}}
              action: DENY
              rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/batch]}}]}]
            """);
        await Until.TrueAsync(async () => !(await shop.CurlAsync(shop.Batch, shop.CartUrl)).Succeeded, "batch is turned away");
        var batch = await CurlAsync(shop.Batch, shop.CartUrl);
        var web = await CurlAsync(shop.Web, shop.CartUrl);
        story.Check(web.Succeeded, "web is let in");
        story.Check(!batch.Succeeded, "batch is not");
        var line = await LogLineAsync(Node2, "direction=\"inbound\"", Shop.BatchIdentity, "no-batch");
        story.Show(line.Replace('\t', ' '));
        story.Check(line.Contains("shop/no-batch", StringComparison.Ordinal), "the log of the cart's node says which policy it was");
    }

    private async Task UnenforceablePolicyAsync()
    {
        story.Step("A policy that nobody could enforce says so, where one looks");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: only-get, namespace: shop}
            spec:
              selector: {matchLabels: {app: batch}}
              rules: [{to: [{operation: {methods: [GET]}}]}]
            """);
        string[] status = ["get", "authorizationpolicy", "only-get", "-n", "shop", "-o", "jsonpath={.status.conditions[0].reason}: {.status.conditions[0].message}"];
        await Until.TrueAsync(async () => (await shop.Cluster.KubectlAsync(status)).Output.Contains("Unsupported", StringComparison.Ordinal), "the policy has a status");
        var said = await KubectlAsync(status);
        story.Check(said.Output.Contains("methods", StringComparison.Ordinal), "methods need a waypoint: the status names them, and the rule lets nobody in meanwhile");
        await KubectlAsync("delete", "authorizationpolicy", "only-get", "-n", "shop");
    }

    private async Task LiveConnectionAsync()
    {
        story.Step("Policy closes connections that are open already");
        await using var stream = shop.OpenStream(shop.CartUrl);
        await stream.WaitForLogAsync("3 4 5");
        story.Run(shop.Web.Name, $"curl {shop.CartUrl}/stream");
        story.Say($"web is receiving a stream: {stream.ReadLog().Trim()} ...");
        await ApplyAsync("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: nobody, namespace: shop}
            spec:
              selector: {matchLabels: {app: cart}}
              action: DENY
              rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]
            """);
        var watch = Stopwatch.StartNew();
        await stream.WaitForExitAsync();
        story.Show(stream.LogTail(1));
        story.Check(stream.ExitCode != 0, $"a policy that denies web cuts the stream, {watch.ElapsedMilliseconds} ms after kubectl had returned");
        await KubectlAsync("delete", "authorizationpolicy", "--all", "-n", "shop");
        await Until.TrueAsync(async () => (await shop.CurlAsync(shop.Web, shop.CartUrl)).Succeeded, "web is let in again");
    }
}

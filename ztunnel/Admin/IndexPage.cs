using System.Net;
using Ambient.Hosting.Health;
using Ambient.Hosting.Pages;
using Ambient.Model.State;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Admin;

/// <summary>The first page: how this node's proxy is, and where to look further.</summary>
internal sealed class IndexPage(
    ZtunnelOptions options, BuildInfo build, ReadinessTasks readiness, MeshState mesh, ConnectionLedgers ledgers, Func<int> pods)
{
    public PageResponse Respond()
    {
        var pending = readiness.Pending;
        var now = mesh.Current;
        var node = options.Node.NodeName ?? "this node";
        return PageResponse.Text(200, $$"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Ambient · {{Html(node)}}</title>
            <style>{{Style}}</style>
            </head>
            <body>
            <header>
              <h1>Ambient <span>node proxy</span></h1>
              <p>{{Html(node)}} · cluster {{Html(options.Node.ClusterId)}} · version {{Html(build.Version)}} ({{Html(build.Profile)}})</p>
              <p class="{{(pending.Count == 0 ? "ready" : "pending")}}">{{Html(pending.Count == 0 ? "Ready" : $"Not ready, pending: {string.Join(", ", pending)}")}}</p>
            </header>
            <ul class="tiles">
              <li><b>{{pods()}}</b>pods served</li>
              <li><b>{{ledgers.Count}}</b>open connections</li>
              <li><b>{{now.WorkloadCount}}</b>workloads</li>
              <li><b>{{now.ServiceCount}}</b>services</li>
              <li><b>{{now.PolicyCount}}</b>policies</li>
            </ul>
            <table>
              <tr><td><a href="config_dump">config_dump</a></td><td>All that this proxy knows: workloads, services, policies, certificates, pods and their connections</td></tr>
              <tr><td>logging</td><td><code>curl -X POST 'localhost:{{options.Listeners.AdminPort}}/logging?level=debug'</code> changes log levels</td></tr>
              <tr><td>quitquitquit</td><td><code>curl -X POST localhost:{{options.Listeners.AdminPort}}/quitquitquit</code> drains and stops the proxy</td></tr>
              <tr><td><a href="debug/pprof/profile">debug/pprof/profile</a></td><td>How to take a CPU profile</td></tr>
              <tr><td><a href="debug/pprof/heap">debug/pprof/heap</a></td><td>Memory in use</td></tr>
              <tr><td>:{{options.Listeners.StatsPort}}/metrics</td><td>Metrics, for Prometheus</td></tr>
              <tr><td>:{{ListenerOptions.ReadinessPort}}/healthz/ready</td><td>Readiness, for Kubernetes</td></tr>
            </table>
            </body>
            </html>

            """, PageResponse.Html);
    }

    private const string Style = """
        :root{color-scheme:light dark;--line:#8884;--soft:#8882;--accent:#0a7d67}
        body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:3rem auto;padding:0 1.5rem}
        h1{font-weight:650;letter-spacing:-.02em;margin:0}h1 span{font-weight:300;opacity:.7}
        header p{margin:.25rem 0;opacity:.85}
        .ready,.pending{display:inline-block;padding:.1rem .7rem;border-radius:1rem;color:#fff;opacity:1}
        .ready{background:var(--accent)}.pending{background:#b3541e}
        .tiles{display:flex;flex-wrap:wrap;gap:.75rem;list-style:none;padding:0;margin:1.75rem 0}
        .tiles li{flex:1 1 7rem;padding:.8rem 1rem;border:1px solid var(--line);border-radius:.6rem}
        .tiles b{display:block;font-size:1.7rem;font-weight:600;line-height:1.2;font-variant-numeric:tabular-nums}
        table{border-collapse:collapse;width:100%}td{padding:.55rem .75rem;border-top:1px solid var(--line);vertical-align:top}
        td:first-child{white-space:nowrap;font-weight:550}a{color:var(--accent)}code{background:var(--soft);border-radius:.3rem;padding:.1rem .35rem}
        """;

    private static string Html(string text) => WebUtility.HtmlEncode(text);
}

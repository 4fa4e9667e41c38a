using System.Net;
using Ambient.Hosting;
using Ambient.Hosting.Health;
using Ambient.Hosting.Metrics;
using Ambient.Hosting.Pages;
using Ambient.Linux.Sockets;
using Ambient.Transport;
using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent;

/// <summary>The agent's own pages: <c>/metrics</c> and <c>/healthz/ready</c>.</summary>
internal sealed class AgentPages : IDisposable
{
    private readonly EventLoop _loop;

    /// <summary>Listens at once.</summary>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public AgentPages(IPEndPoint at, MetricRegistry metrics, ReadinessTasks readiness, TimeProvider time, ILoggerFactory loggers)
    {
        var listener = ListeningSocket.Open(at, new ListenOptions { Backlog = 16 });
        _loop = new EventLoop("pages", time) { AcceptPaused = new AcceptPauses(metrics, time, loggers.CreateLogger<AcceptPauses>()).Report };
        _loop.Start();
        var metricsPage = new MetricsPage(metrics);
        var readinessPage = new ReadinessPage(readiness);
        var server = new PageServer(_loop, new PageServerOptions(),
            request => request.Path.StartsWith("/healthz", StringComparison.Ordinal)
                ? readinessPage.RespondAsync(request)
                : metricsPage.RespondAsync(request),
            loggers.CreateLogger<PageServer>());
        _loop.Post(() => server.Listen(listener));
    }

    public void Dispose()
    {
        _loop.Stop();
        _loop.Dispose();
    }
}

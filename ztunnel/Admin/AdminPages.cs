using Ambient.Hosting.Logging;
using Ambient.Hosting.Pages;

namespace Ambient.Ztunnel.Admin;

/// <summary>The administrator's pages, on loopback only: who may open them may stop the process.</summary>
internal sealed class AdminPages(ConfigDump dump, LoggingPage logging, StopPage stop, IndexPage index)
{
    public ValueTask<PageResponse> RespondAsync(PageRequest request) => request.Path switch
    {
        "/" => new(index.Respond()),
        "/config_dump" => dump.RespondAsync(),
        "/logging" => new(logging.Respond(request)),
        "/quitquitquit" => new(stop.Respond(request)),
        _ when request.Path.StartsWith("/debug/pprof/", StringComparison.Ordinal) => new(ProfilingPage.Respond(request)),
        _ => new(PageResponse.NotFound(request)),
    };
}

using Ambient.Hosting.Pages;
using Ambient.Hosting.Stopping;

namespace Ambient.MeshProxy.Process;

/// <summary><c>POST /quitquitquit</c> ends the process as SIGTERM does.</summary>
public sealed class StopPage(StopSignal stop)
{
    public PageResponse Respond(PageRequest request)
    {
        if (request.Method != "POST") return PageResponse.MethodNotAllowed("POST", "Invalid method, use POST\n");
        stop.Request("/quitquitquit");
        return PageResponse.Text(200, "shutdown now\n");
    }
}

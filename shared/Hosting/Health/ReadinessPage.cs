using Ambient.Hosting.Pages;

namespace Ambient.Hosting.Health;

/// <summary>
/// <c>GET /healthz/ready</c>: 200 once nothing is pending, else 500 with the names of what is. <c>GET /healthz/live</c>: 200 always; that it
/// is answered is what it says.
/// </summary>
public sealed class ReadinessPage(ReadinessTasks tasks)
{
    public ValueTask<PageResponse> RespondAsync(PageRequest request) => new(Respond(request));

    private PageResponse Respond(PageRequest request)
    {
        if (request.Path is not ("/healthz/ready" or "/healthz/live")) return PageResponse.NotFound(request);
        if (request.Method is not ("GET" or "HEAD")) return PageResponse.MethodNotAllowed("GET, HEAD");
        if (request.Path == "/healthz/live") return PageResponse.Text(200, "live\n");

        var pending = tasks.Pending;
        return pending.Count == 0
            ? PageResponse.Text(200, "ready\n")
            : PageResponse.Text(500, $"not ready, pending: {string.Join(", ", pending)}\n");
    }
}

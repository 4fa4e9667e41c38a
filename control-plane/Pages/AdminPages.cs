using Ambient.ControlPlane.Running;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Pages;

namespace Ambient.ControlPlane.Pages;

/// <summary>The administrator's pages, on loopback only. Nothing on them is secret, but the shape of the whole mesh is.</summary>
internal sealed class AdminPages(ControlPlaneServices services, LogLevels levels, CancellationToken stop)
{
    private const string Index = """
        Ambient control plane

        /debug/ambientz        workloads, services and policies as proxies get them; ?only=UID, NAMESPACE/HOSTNAME or NETWORK/IP
        /debug/syncz           connected proxies and what they have acknowledged
        /debug/informerz       how far our copies of the cluster's objects are
        /debug/diagnosticz     what is wrong with objects, and what to do about it
        /debug/authorityz      the certificate authority and its rotation
        /debug/statusz         the index, the leader, and the statuses we write
        /logging               POST: log levels now; ?level=debug or ?level=SCOPE=LEVEL changes them

        """;

    private readonly LoggingPage _logging = new(levels);

    public ValueTask<PageResponse> RespondAsync(PageRequest request) => request.Path switch
    {
        "/" => new(PageResponse.Text(200, Index)),
        "/debug/ambientz" => new(MeshPage.Of(services.Mesh, Only(request))),
        "/debug/syncz" => new(SyncPage.OfProxies(services.Discovery.Sessions)),
        "/debug/informerz" => new(SyncPage.OfInformers(services.Informers.All)),
        "/debug/diagnosticz" => DiagnosticsAsync(),
        "/debug/authorityz" => new(AuthorityPage.Of(services.Authority.Controller.Report)),
        "/debug/statusz" => new(Status()),
        "/logging" => new(_logging.Respond(request)),
        _ => new(PageResponse.NotFound(request)),
    };

    private static string Only(PageRequest request) => request.Parameters.FirstOrDefault(static parameter => parameter.Name == "only").Value ?? "";

    private async ValueTask<PageResponse> DiagnosticsAsync() =>
        MeshPage.OfDiagnostics(await services.Index.AskAsync(static index => index.Diagnostics.ToList(), stop));

    private PageResponse Status() => JsonPage.Of(json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("published"u8, services.Index.Published.IsCompleted);
        json.WriteNumber("objectChanges"u8, services.Index.Objects);
        json.WriteNumber("rounds"u8, services.Index.Rounds);
        json.WriteNumber("lastRoundMs"u8, services.Index.LastRound.TotalMilliseconds);
        json.WriteBoolean("leads"u8, services.Election.IsLeader);
        json.WriteString("leader"u8, services.Election.Holder);
        json.WriteNumber("statusesWaiting"u8, services.Statuses.Waiting);
        json.WriteNumber("statusesWritten"u8, services.Statuses.Written);
        json.WriteNumber("statusesFailed"u8, services.Statuses.Failed);
        json.WriteEndObject();
    });
}

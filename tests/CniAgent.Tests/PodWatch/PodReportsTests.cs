using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Ambient.CniAgent.Enrollment;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.PodWatch;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.PodWatch;

/// <summary>An API that refuses some of what is said.</summary>
public sealed class PodReportsTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _events = new(); // their messages
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Func<string, bool> _refuses = static _ => false;
    private WebApplication _server = null!;
    private ApiClient _api = null!;
    private PodReports _reports = null!;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync(_stop.Token);
        _api = new(new ApiConfiguration { Server = new(_server.Urls.Single()) }, TimeProvider.System);
        _reports = new(_api, "node-1", TimeProvider.System, NullLogger<PodReports>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _api.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    // As for the pods of a namespace that is being deleted, in which the API makes no Events any more.
    [Fact]
    public async Task Pods_whose_events_are_refused_do_not_keep_others_from_being_annotated()
    {
        _refuses = static _ => true;
        for (var i = 0; i < 12; i++)
            _reports.Stands(Spec($"ending-{i}"), new(EnrollmentState.Failed, "its namespace is gone."));
        _reports.Stands(Spec("new"), new(EnrollmentState.Enrolled, null));

        var running = _reports.RunAsync(_stop.Token);

        await _reports.WrittenAsync("new").WaitAsync(PodLab.Patience);
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task An_event_is_made_once_also_when_the_next_one_is_refused_at_first()
    {
        var refusals = 0;
        _refuses = message => message == "second" && Interlocked.Increment(ref refusals) == 1;
        _reports.Notes(new() { Metadata = new() { Name = "web-0", Namespace = "shop", Uid = "uid-1" } }, ["first", "second"]);

        var running = _reports.RunAsync(_stop.Token);

        await Cluster.NodeScene.UntilAsync(() => _events.Contains("second"));
        Assert.Equal(["first", "second"], _events);
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public void A_pod_that_leaves_the_mesh_after_it_is_gone_is_not_remembered_again()
    {
        _reports.Seen(new() { Metadata = new() { Name = "web-0", Namespace = "shop", Uid = "uid-1" } });
        _reports.Forget("uid-1");

        _reports.Left(Spec("uid-1"));

        Assert.Equal(0, _reports.Count);
    }

    private static PodSpec Spec(string uid) => new(uid, uid, "shop", "web", "/proc/self/ns/net", [], PodLab.Defaults);

    private async Task AnswerAsync(HttpContext context)
    {
        var request = await JsonDocument.ParseAsync(context.Request.Body);
        var message = request.RootElement.TryGetProperty("message", out var text) ? text.GetString()! : "";
        var isEvent = context.Request.Path.Value!.EndsWith("/events", StringComparison.Ordinal);
        if (isEvent && _refuses(message))
        {
            context.Response.StatusCode = 403;
            await context.Response.WriteAsJsonAsync(new { kind = "Status", apiVersion = "v1", status = "Failure", reason = "Forbidden", code = 403, message = "the namespace is being terminated" });
            return;
        }
        if (isEvent) _events.Enqueue(message);
        await context.Response.WriteAsync("""{"metadata":{"name":"x"}}""");
    }
}

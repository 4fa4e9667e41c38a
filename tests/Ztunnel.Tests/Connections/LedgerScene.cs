using System.Net;
using System.Text;
using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;
using Ambient.Model.Connections;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit.Mesh;
using Ambient.Transport;
using Ambient.Ztunnel.Connections;

namespace Ambient.Ztunnel.Tests.Connections;

/// <summary>Workers with their ledgers, an access log in memory, and a small mesh to have connections in.</summary>
internal sealed class LedgerScene : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly ProcessLog _log;
    private readonly List<EventLoop> _loops = [];
    private readonly MetricRegistry _metrics = new();

    public LedgerScene(int workers = 1, int maxSeries = 100, LogFormat format = LogFormat.Plain, string filter = "info", TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        _log = new(format, LogFilter.Parse(filter), _output, time);
        AccessLog = new(_log.Output);
        Ledgers = new(AccessLog, maxSeries);
        _metrics.Add(new TcpMetrics(Ledgers, State, time));
        for (var i = 0; i < workers; i++)
        {
            var loop = new EventLoop($"worker-{i}", time);
            loop.Start();
            _loops.Add(loop);
            Ledgers.Add(loop);
        }

        Mesh = new MeshBuilder()
            .Workload("client", "10.1.0.1", with: workload => workload with { CanonicalRevision = "v1" })
            .Workload("shop/server", "10.1.0.2", with: workload => workload with { CanonicalRevision = "v2", WorkloadName = "server-deployment" })
            .Service("shop/web", "10.96.0.1").Build();
        State.Apply(new() { Workloads = [.. Mesh.Workloads], Services = [.. Mesh.Services.Select(entry => entry.Service)] });
    }

    /// <summary>What the metrics know of the mesh: <see cref="Mesh"/> until it is changed.</summary>
    public MeshState State { get; } = new();

    public AccessLog AccessLog { get; }

    public ConnectionLedgers Ledgers { get; }

    public MeshSnapshot Mesh { get; }

    public Workload Client => Mesh.Workloads.Single(workload => workload.Name == "client");

    public Workload Server => Mesh.Workloads.Single(workload => workload.Name == "server");

    public Service Service => Mesh.Services.Single().Service;

    public ConnectionFacts Outbound => new()
    {
        Direction = Direction.Outbound, Protocol = ConnectionProtocol.Hbone, PodUid = "pod-client",
        Source = new(IPAddress.Parse("10.1.0.1"), 40000), Destination = new(IPAddress.Parse("10.1.0.2"), 15008),
        OriginalDestination = new(IPAddress.Parse("10.96.0.1"), 80), HboneTarget = "10.1.0.2:8080",
        SourceWorkload = Client, DestinationWorkload = Server, DestinationService = Service,
        SourceIdentity = Client.Identity, DestinationIdentity = Server.Identity,
    };

    public ConnectionFacts Inbound => new()
    {
        Direction = Direction.Inbound, Protocol = ConnectionProtocol.Hbone, PodUid = "pod-server",
        Source = new(IPAddress.Parse("10.1.0.1"), 40001), Destination = new(IPAddress.Parse("10.1.0.2"), 15008),
        Target = new(IPAddress.Parse("10.1.0.2"), 8080), HboneTarget = "10.1.0.2:8080", ForwardedHost = "web.shop.svc.cluster.local",
        SourceWorkload = Client, DestinationWorkload = Server, DestinationService = Service,
        SourceIdentity = Client.Identity, DestinationIdentity = Server.Identity,
    };

    /// <summary>Runs on a worker.</summary>
    public Task<T> OnAsync<T>(int worker, Func<ConnectionLedger, T> work) =>
        _loops[worker].RunAsync(() => new ValueTask<T>(work(Ledgers.All[worker])));

    public async Task<string> ScrapeAsync()
    {
        using var admin = new EventLoop("admin", TimeProvider.System);
        admin.Start();
        return await admin.RunAsync(async () =>
        {
            await _metrics.RefreshAsync();
            var text = new System.Buffers.ArrayBufferWriter<byte>();
            await _metrics.WriteAsync(text);
            return Encoding.UTF8.GetString(text.WrittenSpan);
        });
    }

    public async Task<IReadOnlyList<OpenConnection>> SnapshotAsync()
    {
        using var admin = new EventLoop("admin", TimeProvider.System);
        admin.Start();
        return await admin.RunAsync(Ledgers.SnapshotAsync);
    }

    /// <summary>Ends the log and returns its lines.</summary>
    public string[] LogLines()
    {
        _log.Dispose();
        return Encoding.UTF8.GetString(_output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public void Dispose()
    {
        foreach (var loop in _loops) loop.Dispose();
        _log.Dispose();
    }
}

/// <summary>An owner that closes its connection when told to, and remembers why.</summary>
internal sealed class RecordingOwner : IConnectionOwner
{
    public OpenConnection? Connection { get; set; }

    public ConnectionLedger? Ledger { get; set; }

    public ReasonCode Ended { get; private set; }

    public void End(ReasonCode reason, string detail)
    {
        Ended = reason;
        if (Connection is { } connection) Ledger?.Close(connection, reason, detail);
    }
}

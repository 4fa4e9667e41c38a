using System.Threading.Channels;
using Ambient.Protos.Xds;
using Ambient.Xds.Server;

namespace Ambient.Xds.Tests.Scenes;

/// <summary>A session under test, with the client's side of its stream in the test's hands.</summary>
internal sealed class SessionScene : IDeltaStream, ISessionJournal, IAsyncDisposable
{
    private readonly Channel<DeltaDiscoveryRequest> _requests = Channel.CreateUnbounded<DeltaDiscoveryRequest>();
    private readonly Channel<DeltaDiscoveryResponse> _responses = Channel.CreateUnbounded<DeltaDiscoveryResponse>();
    private readonly CancellationTokenSource _stop = new();

    public SessionScene(ResourceTable table, SessionOptions? options = null, Func<Node, IReadOnlyList<string>>? admit = null)
    {
        Session = new(this, [new ResourceView(ResourceTypes.Address, table), new ResourceView(ResourceTypes.Workload, table) { Kind = 1 }],
            options ?? new(), admit ?? (static _ => ["node\nn1"]), this);
        Running = Session.RunAsync(_stop.Token);
    }

    public DeltaSession Session { get; }

    public Task Running { get; }

    public List<string> Events { get; } = [];

    /// <summary>Sends a first request; <paramref name="edit"/> completes it.</summary>
    public void Begin(Action<DeltaDiscoveryRequest>? edit = null, bool extended = false)
    {
        var node = new Node { Id = "ztunnel~1.1.1.1~zt.ns~ns.svc.cluster.local" };
        Send(request =>
        {
            request.Node = extended ? StateToken.Announce(node) : node;
            edit?.Invoke(request);
        });
    }

    public void BeginOnDemand(params string[] names) => Begin(request =>
    {
        request.ResourceNamesSubscribe.Add("*");
        request.ResourceNamesUnsubscribe.Add("*");
        request.ResourceNamesSubscribe.AddRange(names);
    });

    public void Send(Action<DeltaDiscoveryRequest> edit)
    {
        var request = new DeltaDiscoveryRequest { TypeUrl = ResourceTypes.Address };
        edit(request);
        _requests.Writer.TryWrite(request);
    }

    public void Acknowledge(DeltaDiscoveryResponse response) => Send(request => (request.TypeUrl, request.ResponseNonce) = (response.TypeUrl, response.Nonce));

    public async Task<DeltaDiscoveryResponse> ReceiveAsync()
    {
        var response = _responses.Reader.ReadAsync().AsTask();
        await Task.WhenAny(response, Running);
        if (!response.IsCompleted) await Running; // says why there is no answer
        return await response;
    }

    /// <summary>True if nothing was sent, now that everything received before has been handled.</summary>
    public async Task<bool> IsSilentAsync()
    {
        // Another type's first request is always answered, after what is due for this one.
        Send(static request => request.TypeUrl = ResourceTypes.Workload);
        var answer = await ReceiveAsync();
        return answer.TypeUrl == ResourceTypes.Workload;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    async ValueTask<DeltaDiscoveryRequest?> IDeltaStream.ReadAsync(CancellationToken stop) => await _requests.Reader.ReadAsync(stop);

    ValueTask IDeltaStream.WriteAsync(ReadOnlyMemory<byte> response, CancellationToken stop)
    {
        _responses.Writer.TryWrite(DeltaDiscoveryResponse.Parser.ParseFrom(response.Span));
        return ValueTask.CompletedTask;
    }

    void ISessionJournal.Sent(string typeUrl, int bytes, long? changesAfter) => Events.Add($"sent {changesAfter}");

    void ISessionJournal.Acknowledged(string typeUrl, long? changesAfter) => Events.Add($"acknowledged {changesAfter}");

    void ISessionJournal.Rejected(string typeUrl, string client, string detail) => Events.Add($"rejected {detail}");
}

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
    private string _probe = "";
    private DeltaDiscoveryResponse? _put; // received while another was looked for

    public SessionScene(ResourceTable table, SessionOptions? options = null, Func<Node, IReadOnlyList<string>>? admit = null)
        : this([new(ResourceTypes.Address, table), new(ResourceTypes.Workload, table) { Kind = 1 }], options, admit)
    {
    }

    public SessionScene(IReadOnlyList<ResourceView> views, SessionOptions? options = null, Func<Node, IReadOnlyList<string>>? admit = null)
    {
        Session = new(this, views, options ?? new(), admit ?? (static _ => ["node\nn1"]), this);
        Running = Session.RunAsync(_stop.Token);
    }

    public DeltaSession Session { get; }

    public Task Running { get; }

    public List<string> Events { get; } = [];

    /// <summary>Called as a response is written, with its type.</summary>
    public Action<string>? Writing { get; set; }

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

    public Task<DeltaDiscoveryResponse> ReceiveAsync()
    {
        if (_put is not { } put) return ReceiveFromSessionAsync();
        _put = null;
        return Task.FromResult(put);
    }

    private async Task<DeltaDiscoveryResponse> ReceiveFromSessionAsync()
    {
        var response = _responses.Reader.ReadAsync().AsTask();
        await Task.WhenAny(response, Running);
        if (!response.IsCompleted) await Running; // says why there is no answer
        return await response;
    }

    /// <summary>True if nothing was sent, now that everything received before has been handled.</summary>
    public async Task<bool> IsSilentAsync()
    {
        // A name of another type that is asked for is always answered, after what is due for this one.
        Send(request =>
        {
            (request.TypeUrl, request.ResponseNonce) = (ResourceTypes.Workload, _probe);
            request.ResourceNamesSubscribe.Add("probe");
        });
        var answer = await ReceiveAsync();
        if (answer.TypeUrl != ResourceTypes.Workload)
        {
            _put = answer;
            answer = await ReceiveFromSessionAsync();
        }
        _probe = answer.Nonce;
        return _put is null;
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
        var message = DeltaDiscoveryResponse.Parser.ParseFrom(response.Span);
        Writing?.Invoke(message.TypeUrl);
        _responses.Writer.TryWrite(message);
        return ValueTask.CompletedTask;
    }

    void ISessionJournal.Sent(string typeUrl, int bytes, long? changesAfter) => Events.Add($"sent {changesAfter}");

    void ISessionJournal.Acknowledged(string typeUrl, long? changesAfter) => Events.Add($"acknowledged {changesAfter}");

    void ISessionJournal.Rejected(string typeUrl, string client, string detail) => Events.Add($"rejected {detail}");
}

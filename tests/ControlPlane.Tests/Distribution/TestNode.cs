using Ambient.Grpc.Channel;
using Ambient.Model.State;
using Ambient.Xds.Client;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.ControlPlane.Tests.Distribution;

/// <summary>What a node proxy has of discovery: the client and the state it keeps.</summary>
internal sealed class TestNode : IDiscoveryJournal, IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly GrpcChannel _channel;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly Lock _gate = new();
    private readonly List<(Func<bool> Condition, TaskCompletionSource Met)> _awaited = [];

    public TestNode(GrpcChannel channel, string name, bool onDemand, string token, TimeProvider time)
    {
        _channel = channel;
        State.Changed += _ => Check();
        Client = new(channel, new()
        {
            Node = new()
            {
                Id = "ztunnel~1.1.1.1~zt.istio-system~istio-system.svc.cluster.local",
                Metadata = new() { Fields = { ["NAMESPACE"] = Value.ForString("istio-system"), ["NODE_NAME"] = Value.ForString(name) } },
            },
            OnDemand = onDemand,
            Headers = () => new() { { "authorization", $"Bearer {token}" } },
        }, State, this, time, new Random(1), NullLogger<DiscoveryClient>.Instance);
        _running = Client.RunAsync(_stop.Token);
    }

    public MeshState State { get; } = new();

    public DiscoveryClient Client { get; }

    public int Connects { get; private set; }

    public int Received { get; private set; }

    public List<StreamEnd> Ends { get; } = [];

    /// <summary>Completes when the condition holds, looked at after each event and change of the state.</summary>
    public async Task UntilAsync(Func<bool> condition)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _awaited.Add((condition, met));
        Check();
        try { await met.Task.WaitAsync(Limit); }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Not met after {Limit}: {State.Current.WorkloadCount} workloads, {State.Current.PolicyCount} policies; "
                + $"{Connects} connects, {Received} responses, ends: {string.Join(' ', Ends)}; condition now: {condition()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _channel.Dispose();
        _stop.Dispose();
    }

    void IDiscoveryJournal.Connected() => Note(() => Connects++);

    void IDiscoveryJournal.Ended(StreamEnd how) => Note(() => Ends.Add(how));

    void IDiscoveryJournal.Received(string typeUrl, long payloadBytes) => Note(() => Received++);

    void IDiscoveryJournal.Rejected(string typeUrl, int newly, int inForce) { }

    private void Note(Action happened)
    {
        lock (_gate) happened();
        Check();
    }

    private void Check()
    {
        lock (_gate)
            foreach (var (condition, met) in _awaited)
                if (!met.Task.IsCompleted && condition()) met.TrySetResult();
    }
}

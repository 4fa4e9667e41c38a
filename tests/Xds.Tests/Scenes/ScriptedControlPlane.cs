using System.Threading.Channels;
using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.GrpcServer;
using Ambient.GrpcServer.Tests.Scenes;
using Ambient.Model.State;
using Ambient.Protos.Workloads;
using Ambient.Protos.Xds;
using Ambient.Xds.Client;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Xds.Tests.Scenes;

/// <summary>A control plane that says what the test has it say, over a real socket, and a client of it.</summary>
internal sealed class ScriptedControlPlane : IDiscoveryJournal, IAsyncDisposable
{
    private readonly Channel<ServerCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse>> _calls =
        Channel.CreateUnbounded<ServerCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse>>();
    private readonly CancellationTokenSource _stop = new();
    private TestServer _server = null!;
    private GrpcChannel _channel = null!;
    private Task _running = Task.CompletedTask;
    private TaskCompletionSource<RpcException?> _end = new();

    public DiscoveryClient Client { get; private set; } = null!;

    public MeshState State { get; } = new();

    public List<string> Events { get; } = [];

    private ServerCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Call { get; set; } = null!;

    public GrpcMetadata Metadata => Call.Context.Metadata;

    public static async Task<ScriptedControlPlane> StartAsync(bool onDemand = false, TimeProvider? time = null, Func<GrpcMetadata>? headers = null)
    {
        var scene = new ScriptedControlPlane();
        scene._server = await TestServer.StartAsync(app => app.MapDuplex(DiscoveryService.Delta, async call =>
        {
            var end = scene._end;
            scene._calls.Writer.TryWrite(call);
            if (await end.Task.WaitAsync(call.Context.Stop) is { } status) throw status;
        }));
        scene._channel = new(new() { Address = scene._server.Address });
        scene.Client = new(scene._channel, new()
        {
            Node = new() { Id = "ztunnel~1.1.1.1~zt.ns~ns.svc.cluster.local" },
            OnDemand = onDemand,
            MaxMissingNames = 2,
            Headers = headers ?? (static () => new()),
        }, scene.State, scene, time ?? TimeProvider.System, new Random(1), NullLogger<DiscoveryClient>.Instance);
        scene._running = scene.Client.RunAsync(scene._stop.Token);
        await scene.AcceptAsync();
        return scene;
    }

    /// <summary>Takes the client's next stream.</summary>
    public async Task AcceptAsync() => Call = await _calls.Reader.ReadAsync();

    public async Task<DeltaDiscoveryRequest> ReceiveAsync() => (await Call.ReadAsync(Call.Context.Stop)).Message!;

    /// <summary>The first request of each type, in their order.</summary>
    public async Task<(DeltaDiscoveryRequest Policies, DeltaDiscoveryRequest Addresses)> ReceiveFirstAsync() => (await ReceiveAsync(), await ReceiveAsync());

    public ValueTask SendAsync(string typeUrl, string nonce, string info = "", string[]? removed = null, params Resource[] resources)
    {
        var response = new DeltaDiscoveryResponse { TypeUrl = typeUrl, Nonce = nonce, SystemVersionInfo = info };
        response.Resources.AddRange(resources);
        response.RemovedResources.AddRange(removed ?? []);
        return Call.WriteAsync(response, Call.Context.Stop);
    }

    /// <summary>Ends the stream; null: cleanly.</summary>
    public void End(RpcException? status)
    {
        var end = _end;
        _end = new();
        end.SetResult(status);
    }

    public static Resource Workload(string uid, string version = "1", Action<Workload>? edit = null, params string[] aliases)
    {
        var workload = new Workload { Uid = uid };
        edit?.Invoke(workload);
        return Packed(uid, version, ResourceTypes.Address, new Address { Workload = workload }, aliases);
    }

    public static Resource Packed(string name, string version, string typeUrl, IMessage message, params string[] aliases)
    {
        var resource = new Resource { Name = name, Version = version, Resource_ = new() { TypeUrl = typeUrl, Value = message.ToByteString() } };
        resource.Aliases.AddRange(aliases);
        return resource;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _channel.Dispose();
        await _server.DisposeAsync();
        _stop.Dispose();
    }

    void IDiscoveryJournal.Connected() => Note("connected");

    void IDiscoveryJournal.Ended(StreamEnd how) => Note($"ended {how}");

    void IDiscoveryJournal.Received(string typeUrl, long payloadBytes) => Note($"received {payloadBytes}");

    void IDiscoveryJournal.Rejected(string typeUrl, int newly, int inForce) => Note($"rejected {newly} {inForce}");

    private void Note(string happened)
    {
        lock (Events) Events.Add(happened);
    }
}

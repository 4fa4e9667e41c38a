using System.Net;
using Ambient.Grpc.Channel;
using Ambient.Model.State;
using Ambient.Model.Workloads;
using Ambient.TestKit;
using Ambient.Xds.Client;
using Ambient.Ztunnel.Discovery;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Discovery;

public sealed class MeshLookupsTests : IDiscoveryJournal, IDisposable
{
    private static readonly IPAddress Known = IPAddress.Parse("10.0.0.1"), Unknown = IPAddress.Parse("10.0.0.2");
    private readonly ManualTime _time = new();
    private readonly MeshState _mesh = new();
    private readonly GrpcChannel _channel = new(new() { Address = new("http://127.0.0.1:1") });

    public MeshLookupsTests() => _mesh.Apply(new() { Workloads = [new Workload { Uid = "u", Network = "n", Addresses = [Known] }] });

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task Where_everything_is_sent_nothing_is_asked() => Assert.True(await MeshLookups.None.LearnAsync(Unknown));

    [Fact]
    public async Task What_is_known_is_not_asked_for() => Assert.True(await OnDemand().LearnAsync(Known));

    [Fact]
    public async Task Unknown_and_unanswered_is_not_taken_for_outside_of_the_mesh()
    {
        var asked = OnDemand().LearnAsync(Unknown).AsTask();
        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.False(await asked);
    }

    private MeshLookups OnDemand() => new(new DiscoveryClient(_channel, new() { Node = new(), OnDemand = true }, _mesh, this, _time, new Random(1),
        NullLogger<DiscoveryClient>.Instance), _mesh, "n");

    void IDiscoveryJournal.Connected() { }

    void IDiscoveryJournal.Ended(StreamEnd how) { }

    void IDiscoveryJournal.Received(string typeUrl, long payloadBytes) { }

    void IDiscoveryJournal.Rejected(string typeUrl, int newly, int inForce) { }
}

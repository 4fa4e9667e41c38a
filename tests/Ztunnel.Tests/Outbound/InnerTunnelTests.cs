using System.Net;
using Ambient.Hbone.Server;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Identities;
using Ambient.TestKit.Mesh;
using Ambient.Transport;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Tests.Proxying;

namespace Ambient.Ztunnel.Tests.Outbound;

/// <summary>A service of another network, reached by a tunnel within a tunnel. Gateway and service share the client's loop.</summary>
public sealed class InnerTunnelTests
{
    private const string Gateway = "10.2.0.1";

    private static readonly SpiffeId Web = new("cluster.local", MeshBuilder.DefaultNamespace, "web");

    [Fact]
    public async Task A_service_that_is_revoked_is_cut_off_also_behind_a_gateway()
    {
        await using var pods = await PodScene.CreateAsync();
        var proxy = await pods.Parts.Pods.ServeAsync(PodScene.Info, pods.Sockets, new PodListeners(), preservesSource: false);
        var client = proxy.Parts[0];
        pods.Mesh.Apply(new MeshBuilder().Workload("gateway", Gateway, network: "far")
            .Service("web", "10.0.0.10", with: static service => service with { SubjectAltNames = [Web.ToString()] })
            .Workload("web", "10.2.0.2", "web", network: "far", with: static workload => workload with { NetworkGateway = MeshBuilder.GatewayAt($"far/{Gateway}") }).Delta);
        await using var gateway = await GatewayPeer.OpenAsync(pods, client);

        var stream = await ConnectAsync(client, new(IPAddress.Parse("10.0.0.10"), 80));
        Assert.Equal(Web, stream.Tunnel.Peer.Id);
        pods.Parts.Registry.CloseRevoked(static peer => peer.Id?.Equals(Web) == true);

        Assert.Equal(TunnelEnd.Revoked, await client.Loop.RunAsync(() => ValueTask.FromResult(stream.Tunnel.End)));
    }

    private static Task<HboneStream> ConnectAsync(PodWorker client, IPEndPoint to) => client.SearchAsync(to, static found =>
    {
        Assert.True(found.Upstream is not null, $"{found.Failure} {found.Refusal}");
        return (HboneStream)found.Upstream.Stream;
    });

    /// <summary>Takes a tunnel as the gateway, and within its streams tunnels as the service.</summary>
    private sealed class GatewayPeer(PodWorker at) : ITunnelServer, IAsyncDisposable
    {
        private readonly TunnelAcceptor _acceptor = new(at.Loop, at.Rules.Identities, at.Rules.Tunnels);
        private AcceptLoop _listener = null!;

        public static async Task<GatewayPeer> OpenAsync(PodScene pods, PodWorker at)
        {
            var peer = new GatewayPeer(at);
            var listener = pods.OpenPeer(IPAddress.Parse(Gateway));
            await at.Loop.RunAsync(() =>
            {
                peer._listener = AcceptLoop.Start(at.Loop, listener, (connection, _) =>
                    peer._acceptor.ServeAsync(LoopSocket.Attach(at.Loop, connection), new("cluster.local", MeshBuilder.DefaultNamespace, "gateway"), peer).AsTask());
                return ValueTask.CompletedTask;
            });
            return peer;
        }

        public void OnConnect(HboneStream stream, ConnectRequest request)
        {
            stream.Respond(new(200));
            if (request.ForwardedNetwork is null) _ = _acceptor.ServeAsync(stream, Web, this).AsTask();
        }

        public void OnRefused(Tunnel tunnel, string why) => throw new InvalidOperationException(why);

        public async ValueTask DisposeAsync() => await at.Loop.RunAsync(() =>
        {
            _listener.Dispose();
            _acceptor.Close(TunnelEnd.Local);
            at.Pool.Close(TunnelEnd.Local);
            return ValueTask.CompletedTask;
        });
    }
}

using System.Net;
using Ambient.Hbone.Server;
using Ambient.Hbone.Tunnels;
using Ambient.Model.Connections;
using Ambient.Model.Identities;
using Ambient.TestKit.Mesh;
using Ambient.Transport;
using Ambient.Ztunnel.Outbound;
using Ambient.Ztunnel.Proxying;
using Ambient.Ztunnel.Tests.Proxying;

namespace Ambient.Ztunnel.Tests.Outbound;

/// <summary>A pod answers CONNECT with 421: it and we know differently whether its service has a waypoint. Real tunnels; the news come while the answer is under way.</summary>
public sealed class MisdirectedTests
{
    private const string Service = "10.0.0.10:80", Pod = "10.1.0.3", Waypoint = "10.1.0.9";

    [Fact]
    public async Task Whoever_hears_late_that_a_service_has_a_waypoint_goes_there()
    {
        await using var scene = await Scene.StartAsync(hasWaypoint: false);
        scene.AnswerOfPod = _ =>
        {
            scene.Know(hasWaypoint: true);
            return 421;
        };

        var found = await scene.SearchAsync(Service);

        Assert.Equal(("wp", Service), (found.Route!.Upstream!.Name, $"{found.Route.Authority}"));
        Assert.Equal((null, true), (found.Failure, found.WasOpen));
        Assert.Equal([$"{Pod}:8080"], scene.AskedOfPod);
        Assert.Equal([Service], scene.AskedOfWaypoint);
    }

    [Fact]
    public async Task A_pod_that_hears_late_that_its_waypoint_is_gone_is_asked_again_until_it_agrees()
    {
        await using var scene = await Scene.StartAsync(hasWaypoint: false);
        scene.AnswerOfPod = asked => asked < 3 ? 421 : 200;

        var found = await scene.SearchAsync(Service);

        Assert.Equal(("web", true), (found.Route!.Upstream!.Name, found.WasOpen));
        Assert.Equal(Enumerable.Repeat($"{Pod}:8080", 3), scene.AskedOfPod);
        Assert.Empty(scene.AskedOfWaypoint);
    }

    [Fact]
    public async Task What_was_dialled_by_the_pods_own_address_is_refused_at_once()
    {
        await using var scene = await Scene.StartAsync(hasWaypoint: false);
        scene.AnswerOfPod = _ => 421;

        var found = await scene.SearchAsync($"{Pod}:8080");

        Assert.Equal((ReasonCode.WaypointRequired, false), (found.Failure!.Code, found.WasOpen));
        Assert.Equal([$"{Pod}:8080"], scene.AskedOfPod);
    }

    /// <summary>What a search came to; its stream is closed again.</summary>
    private sealed record Found(Route? Route, UpstreamFailure? Failure, bool WasOpen);

    /// <summary>A client's pod, and the tunnel ports of a service's pod and of a waypoint.</summary>
    private sealed class Scene(PodScene pods, PodWorker client) : IAsyncDisposable
    {
        private readonly List<AcceptLoop> _listeners = [];
        private readonly List<TunnelAcceptor> _acceptors = [];

        /// <summary>The status, by how many times it was asked.</summary>
        public Func<int, int> AnswerOfPod { get; set; } = static _ => 200;

        public List<string> AskedOfPod { get; } = [];

        public List<string> AskedOfWaypoint { get; } = [];

        public static async Task<Scene> StartAsync(bool hasWaypoint)
        {
            var pods = await PodScene.CreateAsync();
            var proxy = await pods.Parts.Pods.ServeAsync(PodScene.Info, pods.Sockets, new PodListeners(), preservesSource: false);
            var scene = new Scene(pods, proxy.Parts[0]);
            scene.Know(hasWaypoint);
            await scene.OpenAsync(Pod, "web", scene.AskedOfPod, asked => scene.AnswerOfPod(asked));
            await scene.OpenAsync(Waypoint, "wp", scene.AskedOfWaypoint, static _ => 200);
            return scene;
        }

        public void Know(bool hasWaypoint) => pods.Mesh.Apply(new MeshBuilder()
            .Service("web", "10.0.0.10", waypoint: hasWaypoint ? "wp" : null).Workload("web", Pod, "web")
            .Service("wp", "10.0.0.99", "15008").Workload("wp", Waypoint, "wp").Delta);

        public Task<Found> SearchAsync(string target) => client.SearchAsync(IPEndPoint.Parse(target), static found =>
        {
            found.Upstream?.Dispose();
            return new Found(found.Route, found.Failure, found.Upstream is not null);
        });

        public async ValueTask DisposeAsync()
        {
            await client.Loop.RunAsync(() =>
            {
                foreach (var listener in _listeners) listener.Dispose();
                foreach (var acceptor in _acceptors) acceptor.Close(TunnelEnd.Local);
                client.Pool.Close(TunnelEnd.Local);
                return ValueTask.CompletedTask;
            });
            await pods.DisposeAsync();
        }

        private Task OpenAsync(string address, string account, List<string> asked, Func<int, int> answer)
        {
            var listener = pods.OpenPeer(IPAddress.Parse(address));
            var identity = new SpiffeId("cluster.local", MeshBuilder.DefaultNamespace, account);
            return client.Loop.RunAsync(() =>
            {
                var acceptor = new TunnelAcceptor(client.Loop, client.Rules.Identities, client.Rules.Tunnels);
                _acceptors.Add(acceptor);
                _listeners.Add(AcceptLoop.Start(client.Loop, listener, (connection, name) =>
                    acceptor.ServeAsync(LoopSocket.Attach(client.Loop, connection), identity, new Peer(asked, answer)).AsTask()));
                return ValueTask.CompletedTask;
            });
        }
    }

    private sealed class Peer(List<string> asked, Func<int, int> answer) : ITunnelServer
    {
        public void OnConnect(HboneStream stream, ConnectRequest request)
        {
            asked.Add(request.Authority);
            stream.Respond(new(answer(asked.Count)));
        }

        public void OnRefused(Tunnel tunnel, string why) => throw new InvalidOperationException(why);
    }
}

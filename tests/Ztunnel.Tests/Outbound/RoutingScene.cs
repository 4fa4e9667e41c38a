using System.Net;
using Ambient.Model.State;
using Ambient.TestKit.Mesh;
using Ambient.Ztunnel.Outbound;

namespace Ambient.Ztunnel.Tests.Outbound;

/// <summary>A mesh with a client in it, from which connections are routed.</summary>
internal sealed class RoutingScene(MeshBuilder mesh, string client = "client", string network = "", int seed = 1)
{
    public static readonly ushort[] ProxyPorts = [15001, 15006, 15008, 15080];

    private readonly Random _random = new(seed);

    public OutboundRouter Router { get; } = new(network, [.. ProxyPorts]);

    public MeshSnapshot Snapshot { get; } = mesh.Build();

    public AvoidedHops? Avoided { get; init; }

    public RouteDecision Decide(string target)
    {
        var source = Snapshot.FindWorkload(MeshBuilder.Uid(client))!;
        return Router.Route(new(source, source.Addresses[0], IPEndPoint.Parse(target), Avoided), Snapshot, _random);
    }

    public Route Route(string target)
    {
        var decision = Decide(target);
        Assert.True(decision.Refusal is null, decision.Refusal?.ToString());
        return decision.Route!;
    }

    public string Refusal(string target)
    {
        var decision = Decide(target);
        Assert.Null(decision.Route);
        return decision.Refusal!.Reason.Name;
    }

    public RouteDecision Again(Route failed) => Router.RouteAgain(failed, Snapshot, _random);

    /// <summary>One line for a route: protocol, next hop, authority.</summary>
    public string Line(string target) => Line(Route(target));

    public static string Line(Route route) =>
        $"{route.Protocol} {route.NextHop?.ToString() ?? route.HostToResolve} {route.Authority}".TrimEnd();
}

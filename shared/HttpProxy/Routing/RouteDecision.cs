using System.Net;
using Ambient.HttpProxy.Filters;
using Ambient.HttpProxy.Replies;
using Ambient.HttpProxy.Tracing;
using Ambient.HttpProxy.Upstreams;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Routing;

/// <summary>Where a request goes, or the answer that it gets instead.</summary>
public readonly record struct RouteDecision
{
    /// <summary>The servers; null if the request is answered with <see cref="Reply"/>.</summary>
    public UpstreamCluster? Cluster { get; private init; }

    public RoutePlan Plan { get; init; }

    public LocalReply Reply { get; private init; }

    /// <summary>Waited for before anything else is done.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Path and query for the server, where they are not those of the request.</summary>
    public byte[]? Target { get; init; }

    /// <summary>Further fields of the request.</summary>
    public EquatableArray<HeaderValue> RequestFields { get; init; }

    /// <summary>Further fields of the response, whoever answers; of the server's own by the same name only <c>vary</c> and <c>set-cookie</c> stay.</summary>
    public EquatableArray<HeaderValue> ResponseFields { get; init; }

    /// <summary>Requests that belong together have the same; 0 for those that belong to nobody.</summary>
    public ulong Hash { get; init; }

    /// <summary>Also sent there, where the answers are thrown away.</summary>
    public IReadOnlyList<UpstreamCluster> Mirrors { get; init; }

    /// <summary>Given to a request that came without one.</summary>
    public Guid? RequestId { get; init; }

    /// <summary><see cref="Target"/> is not what the client asked for: servers may be told that too.</summary>
    public bool IsRewritten { get; init; }

    /// <summary>Its place in a trace.</summary>
    public RequestTrace Trace { get; init; }

    /// <summary>What the client's connection is secured with in the eyes of servers, <c>http</c> or <c>https</c>: told in x-forwarded-proto where the request says nothing. Null tells nothing.</summary>
    public byte[]? Scheme { get; init; }

    /// <summary>For edits with operators, which write nothing without it.</summary>
    public FieldFacts? Facts { get; init; }

    /// <summary>As it is for whoever dialled this: see <see cref="UpstreamCluster.For"/>.</summary>
    public RouteDecision For(IPAddress? dialled, ushort port) => Cluster?.At is null ? this : this with { Cluster = Cluster.For(dialled, port) };

    public static RouteDecision To(UpstreamCluster cluster, RoutePlan? plan = null) => new() { Cluster = cluster, Plan = plan ?? RoutePlan.Default, Mirrors = [] };

    public static RouteDecision Answer(LocalReply reply) => new() { Plan = RoutePlan.Default, Reply = reply, Mirrors = [] };

    /// <param name="status">400 to 599.</param>
    public static RouteDecision Refuse(int status, string why) => Answer(new(status, why));
}

using Ambient.ControlPlane.Indexing.Routes;
using Ambient.Kubernetes.Resources;
using RouteKind = Ambient.Model.Routes.RouteKind;

namespace Ambient.ControlPlane.Indexing.Graph;

/// <summary>A route of Gateway API.</summary>
internal sealed class RouteNode(ObjectName name, RouteKind kind, NamespaceNode ns) : Node(name, ns)
{
    public RouteKind Kind => kind;

    public RouteObject? Object { get; set; }

    /// <summary>The version that <see cref="Facts"/> are of; null if it is gone or not ours.</summary>
    public RouteObject? Read { get; set; }

    public RouteFacts? Facts { get; set; }

    public RoutePlan? Plan { get; set; }

    /// <summary>Services that it refers to in any way, as listed.</summary>
    public TargetKey[] Targets { get; set; } = [];

    /// <summary>Services that it is attached to, as listed.</summary>
    public TargetKey[] Parents { get; set; } = [];

    public string ResourceName { get; } = $"{RouteReader.KindText(kind)}/{name}";
}

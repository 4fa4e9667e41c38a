using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;
using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>A VirtualService, read and checked by itself.</summary>
/// <param name="Hosts">Full and in lower case; wildcards among them.</param>
/// <param name="Problems">What of it is not honoured.</param>
internal sealed record VirtualFacts(
    ObjectName Name, DateTimeOffset Created, EquatableArray<string> Hosts, HostExport Export, EquatableArray<VirtualRule> Rules, EquatableArray<string> Problems)
{
    /// <summary>The oldest goes before; names break ties.</summary>
    public static int Compare(VirtualFacts left, VirtualFacts right) =>
        left.Created.CompareTo(right.Created) is not 0 and var order ? order : string.CompareOrdinal(left.Name.ToString(), right.Name.ToString());

    /// <summary>Of <c>tcp</c> the first for a port counts; of <c>tls</c> the names that are asked for decide.</summary>
    public EquatableArray<VirtualConnection> Connections { get; init; }

    /// <summary>It has no hosts: its routes are for those that delegate to it.</summary>
    public bool IsDelegate { get; init; }

    /// <summary>To which it delegates, whether or not they are there.</summary>
    public EquatableArray<ObjectName> Delegates { get; init; }

    /// <summary>Those of them whose routes stand among its own.</summary>
    public EquatableArray<Delegation> UsedDelegates { get; init; }
}

/// <param name="Problems">What of the delegate has no effect there.</param>
internal sealed record Delegation(ObjectName Delegate, EquatableArray<string> Problems);

/// <summary>Where connections go of which no requests are seen.</summary>
/// <param name="Label">Where it stands, such as <c>tcp[0]</c>.</param>
/// <param name="Backends">None ends the connections.</param>
internal sealed record VirtualConnection(string Label, bool IsTls, EquatableArray<ConnectionMatch> Matches, EquatableArray<VirtualBackend> Backends)
{
    /// <summary>Connections to that port may be for it.</summary>
    public bool Takes(PortFacts port)
    {
        var isSpoken = IsTls ? port.Protocol == AppProtocol.Tls : port.Protocol is AppProtocol.Tcp or AppProtocol.Unknown;
        return isSpoken && Matches.Any(match => match.Port == 0 || match.Port == port.Port);
    }
}

/// <param name="Port">0 for any.</param>
/// <param name="Names">Of TLS (SNI), in lower case.</param>
internal sealed record ConnectionMatch(ushort Port, EquatableArray<string> Names);

/// <param name="Rule">Without its backends and mirrors.</param>
internal sealed record VirtualRule(RouteRule Rule, EquatableArray<VirtualBackend> Backends, EquatableArray<(VirtualBackend Backend, double Percent)> Mirrors);

/// <param name="Host">Full and in lower case.</param>
/// <param name="Port">0 if none is named.</param>
internal sealed record VirtualBackend(string Host, string Subset, ushort Port, uint Weight, HeaderEdits RequestEdits, HeaderEdits ResponseEdits);

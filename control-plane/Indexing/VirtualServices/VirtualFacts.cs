using Ambient.ControlPlane.Indexing.Destinations;
using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.ControlPlane.Indexing.VirtualServices;

/// <summary>A VirtualService, read and checked by itself.</summary>
/// <param name="Hosts">Full and in lower case; wildcards among them.</param>
/// <param name="Problems">What of it is not honoured.</param>
internal sealed record VirtualFacts(
    ObjectName Name, DateTimeOffset Created, EquatableArray<string> Hosts, HostExport Export, EquatableArray<VirtualRule> Rules, EquatableArray<string> Problems);

/// <param name="Rule">Without its backends and mirrors.</param>
internal sealed record VirtualRule(RouteRule Rule, EquatableArray<VirtualBackend> Backends, EquatableArray<(VirtualBackend Backend, double Percent)> Mirrors);

/// <param name="Host">Full and in lower case.</param>
/// <param name="Port">0 if none is named.</param>
internal sealed record VirtualBackend(string Host, string Subset, ushort Port, uint Weight, HeaderEdits RequestEdits, HeaderEdits ResponseEdits);

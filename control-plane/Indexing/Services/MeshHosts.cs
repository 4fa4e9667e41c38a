using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Resources;
using Ambient.Model;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>Host names as Istio's objects write them. Pure.</summary>
internal static class MeshHosts
{
    /// <summary>A name without dots is a service's of the object's own namespace; others stand as they are. In lower case.</summary>
    /// <returns>Null for what is no host name.</returns>
    public static string? Full(string? host, string ns, IndexOptions options)
    {
        if (!HostNames.IsHost(host)) return null;
        return host.Contains('.') || HostPattern.IsWildcard(host) ? host.ToLowerInvariant() : ServiceReader.HostnameOf(new ObjectName(ns, host), options);
    }
}

namespace Ambient.Xds;

/// <summary>Type URLs of the resources that the mesh discovers.</summary>
public static class ResourceTypes
{
    private const string Prefix = "type.googleapis.com/";

    /// <summary>Workloads and services, for node proxies.</summary>
    public const string Address = Prefix + "istio.workload.Address";

    /// <summary>Workloads alone, for the metadata look-ups of other proxies.</summary>
    public const string Workload = Prefix + "istio.workload.Workload";

    /// <summary>Policies that a node proxy can enforce.</summary>
    public const string Authorization = Prefix + "istio.security.Authorization";

    /// <summary>Routes, destination policies and policies for requests, for waypoints. Ours.</summary>
    public const string Traffic = Prefix + "ambient.traffic.Resource";
}

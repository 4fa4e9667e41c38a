using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Network;

namespace Ambient.Playground.Cluster;

/// <summary>Which IP families the pods of a cluster have.</summary>
public enum PodFamilies { Dual, V4, V6 }

internal static class PodFamiliesExtensions
{
    /// <summary>Those of a pair that the cluster has; IPv4 first, as its services have it.</summary>
    public static IReadOnlyList<IPAddress> Of(this PodFamilies families, LabAddress address) => families switch
    {
        PodFamilies.V4 => [address.V4],
        PodFamilies.V6 => [address.V6],
        _ => [address.V4, address.V6],
    };

    public static bool Has(this PodFamilies families, AddressFamily family) =>
        families == PodFamilies.Dual || (families == PodFamilies.V6) == (family == AddressFamily.InterNetworkV6);
}

using System.Net;

namespace Ambient.Lab.Network;

/// <summary>The two addresses of an interface in the lab.</summary>
public readonly record struct LabAddress(IPAddress V4, IPAddress V6)
{
    /// <summary>On the wire between nodes: 172.30.0.n/24, fd30::n/64.</summary>
    public static LabAddress Underlay(int number) => new(IPAddress.Parse($"172.30.0.{number}"), IPAddress.Parse($"fd30::{number:x}"));

    /// <summary>In the pod network of a node: 10.1.node.n/24, fd10:0:0:node::n/64.</summary>
    public static LabAddress Pod(int node, int number) =>
        new(IPAddress.Parse($"10.1.{node}.{number}"), IPAddress.Parse($"fd10:0:0:{node:x}::{number:x}"));

    public override string ToString() => V4.ToString();
}

using System.Net;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Kubelet.Probes;

/// <summary>What is probed: a container, by the address of its pod or by a command inside.</summary>
/// <param name="Namespace">Network namespace of the pod, by name.</param>
internal sealed record ProbeTarget(JsonObject Container, IPAddress Address, string Namespace, NamespaceSockets Sockets)
{
    /// <summary>The number of a port that a probe gives by number or by the name in the container's ports.</summary>
    /// <exception cref="FormatException">No container port has that name.</exception>
    public int Port(JsonNode? port)
    {
        if (port.Number() is { } number) return (int)number;
        var name = port.Text();
        return (int)(Container.ObjectsAt("ports").FirstOrDefault(one => one.Text("name") == name).Number("containerPort")
            ?? throw new FormatException($"no container port is called \"{name}\""));
    }

    public IPEndPoint EndPoint(JsonObject action) => new(action.Text("host") is { Length: > 0 } host ? IPAddress.Parse(host) : Address, Port(action["port"]));
}

using System.Net;
using System.Net.Sockets;
using Ambient.Lab;
using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Playground.Kubelet;

/// <summary>A pod that has a sandbox: where it runs and how it is reached.</summary>
/// <param name="NetworkNamespace">By name under /run/netns.</param>
/// <param name="Addresses">One per family.</param>
public sealed record RunningPod(string Namespace, string Name, string Uid, LabNode Node, string NetworkNamespace, IReadOnlyList<IPAddress> Addresses) : IPod
{
    public IPAddress Address => Addresses[0];

    public string NamespacePath => Path.Combine(LabId.NamespaceDirectory, NetworkNamespace);

    public IPAddress AddressOf(AddressFamily family) =>
        Addresses.FirstOrDefault(address => address.AddressFamily == family) ?? throw new LabException($"{Namespace}/{Name} has no address of {family}.");

    /// <summary>A command inside, as kubectl exec would run it.</summary>
    public Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments) => Command.RunInAsync(NetworkNamespace, program, arguments);
}

using System.Net;
using System.Net.Sockets;
using Ambient.Lab.Processes;

namespace Ambient.Lab.Network;

/// <summary>A pod, whoever made it: a name, and a network namespace with addresses.</summary>
public interface IPod
{
    string Name { get; }

    /// <summary>Below /run/netns.</summary>
    string NamespacePath { get; }

    /// <exception cref="LabException">It has none of that family.</exception>
    IPAddress AddressOf(AddressFamily family);

    /// <summary>Runs a program inside, to its end.</summary>
    Task<CommandResult> RunAsync(string program, params IEnumerable<string> arguments);
}

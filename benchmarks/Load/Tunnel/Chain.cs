using Ambient.Lab.Network;
using Ambient.Lab.Processes;

namespace Ambient.Load.Tunnel;

/// <summary>A way from the client pod to the application in the server pod, and the processes that make it.</summary>
internal sealed record Chain(string Name, LabPod Client, string Target, Daemon? ClientProxy, Daemon? ServerProxy)
{
    public const string Ours = "ambient";

    /// <summary>Ours, told to carry a single stream on each tunnel: only for scenarios about handshakes.</summary>
    public bool IsCold { get; init; }

    public string FigureName => IsCold ? Ours : Name;

    /// <summary>Idle connections that fit the limit of open files of each process involved.</summary>
    public int IdleConnections { get; init; } = 4_000;

    public bool TakesPartIn(Scenario scenario) => scenario.Cold ? ClientProxy is not null && (IsCold || Name != Ours) && Name != "nghttpx" : !IsCold;

    // nginx does its work in a child of the process that we started; the others in the process itself.
    public IReadOnlyList<int> ClientProcesses => Family(ClientProxy);

    public IReadOnlyList<int> ServerProcesses => Family(ServerProxy);

    public IEnumerable<int> Processes => ClientProcesses.Concat(ServerProcesses);

    private static List<int> Family(Daemon? daemon)
    {
        if (daemon is null) return [];
        var children = File.ReadAllText($"/proc/{daemon.Id}/task/{daemon.Id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [daemon.Id, .. children.Select(int.Parse)];
    }
}

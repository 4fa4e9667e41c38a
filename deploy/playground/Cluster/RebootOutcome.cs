namespace Ambient.Playground.Cluster;

/// <summary>What became of one reboot.</summary>
/// <param name="Strays">Packets on the wire that are neither of the tunnel nor of the mesh's own, whether or not they say anything.</param>
/// <param name="SaysWords">Whether anything that a pod said is in the capture, in clear.</param>
/// <param name="Missing">Empty if every pod runs in the mesh; otherwise who does not, and what is known of it.</param>
/// <param name="Packets">The first of the stray packets.</param>
public sealed record RebootOutcome(int Seed, IReadOnlyList<string> Nodes, int Strays, bool SaysWords, string Missing, TimeSpan Took, string Packets)
{
    public bool IsGood => Strays == 0 && !SaysWords && Missing.Length == 0;

    public override string ToString() =>
        $"seed {Seed}: {string.Join(" and ", Nodes)} rebooted, {(Missing.Length == 0 ? "all pods up" : Missing)} after {Took.TotalSeconds:0.0} s, {(SaysWords ? "WORDS" : "nothing said")} in clear, {Strays} stray packets{(Packets.Length > 0 ? "\n" + Packets : "")}";
}

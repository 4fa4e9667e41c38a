namespace Ambient.Playground.Cluster;

/// <summary>What became of one reboot.</summary>
/// <param name="Plaintext">Packets on the wire that are neither of the tunnel nor of the mesh's own.</param>
/// <param name="Missing">Empty if every pod runs in the mesh; otherwise who does not, and what is known of it.</param>
/// <param name="Packets">The first of the plaintext packets.</param>
public sealed record RebootOutcome(int Seed, IReadOnlyList<string> Nodes, int Plaintext, string Missing, TimeSpan Took, string Packets)
{
    public bool IsGood => Plaintext == 0 && Missing.Length == 0;

    public override string ToString() =>
        $"seed {Seed}: {string.Join(" and ", Nodes)} rebooted, {(Missing.Length == 0 ? "all pods up" : Missing)} after {Took.TotalSeconds:0.0} s, {Plaintext} packets in clear{(Packets.Length > 0 ? "\n" + Packets : "")}";
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ambient.CniAgent.Redirection;

/// <summary>TCP connections of a pod that are older than its rules: they go on as they began, outside the mesh, until they end.</summary>
/// <remarks>Exactly these: the rules know them by addresses and ports of both ends. Immutable.</remarks>
internal sealed class OlderConnections
{
    /// <summary>No connection is older, so there is nothing to keep.</summary>
    public static readonly OlderConnections None = new([], isOpen: false);

    /// <summary>Every connection whose beginning was not seen goes on: only for the moment in which they are counted.</summary>
    public static readonly OlderConnections All = new([], isOpen: true);

    private const string SetV4 = "older-v4", SetV6 = "older-v6";

    // A pod with more of them has a proxy's load; the rest is reset and comes back through the mesh.
    private const int MaxConnections = 65536;

    private readonly bool _isOpen;

    private OlderConnections(IReadOnlyList<OlderConnection> connections, bool isOpen) => (Connections, _isOpen) = (connections, isOpen);

    public IReadOnlyList<OlderConnection> Connections { get; }

    public static OlderConnections Of(IEnumerable<OlderConnection> connections) => new([.. connections.Distinct().Take(MaxConnections)], isOpen: false);

    /// <summary>The connections of the calling thread's network namespace, except those within itself.</summary>
    /// <exception cref="IOException">/proc cannot be read.</exception>
    public static OlderConnections OfThisThread() => Of(
        ReadTable("/proc/thread-self/net/tcp").Concat(File.Exists("/proc/thread-self/net/tcp6") ? ReadTable("/proc/thread-self/net/tcp6") : []));

    /// <summary>Whether a set of the table is ours.</summary>
    public static bool IsSet(string name) => name is SetV4 or SetV6;

    public void WriteSets(StringBuilder text)
    {
        WriteSet(text, SetV4, "ipv4_addr", AddressFamily.InterNetwork);
        WriteSet(text, SetV6, "ipv6_addr", AddressFamily.InterNetworkV6);
    }

    /// <param name="first">Matches a connection's first packet, which an older one's never is.</param>
    public IEnumerable<string> GuardRules(string first) => _isOpen
        ? [$"{first} counter reject with tcp reset", "meta l4proto tcp accept"]
        : [$"ip saddr . tcp sport . ip daddr . tcp dport @{SetV4} accept", $"ip6 saddr . tcp sport . ip6 daddr . tcp dport @{SetV6} accept"];

    /// <summary>Reads a table of <c>/proc/net/tcp</c> or <c>tcp6</c> (proc_net(5)).</summary>
    internal static IEnumerable<OlderConnection> ParseTable(IEnumerable<string> lines)
    {
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 3 && IsUnderWay(fields[3]) && ReadEnd(fields[1]) is { } local && ReadEnd(fields[2]) is { } remote
                && !IPAddress.IsLoopback(remote.Address) && !local.Address.Equals(remote.Address))
                yield return new OlderConnection(local, remote);
        }
    }

    private static IEnumerable<OlderConnection> ReadTable(string path) => ParseTable(File.ReadLines(path));

    // <net/tcp_states.h>: not TIME_WAIT (6), CLOSE (7), LISTEN (10) and what is not said to anybody yet.
    private static bool IsUnderWay(string state) => state is "01" or "02" or "03" or "04" or "05" or "08" or "09" or "0B";

    // Address and port in hex, the address as 32-bit words in the machine's order.
    private static IPEndPoint? ReadEnd(string text)
    {
        var colon = text.IndexOf(':');
        if (colon is not (8 or 32) || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var port))
            return null;
        var bytes = new byte[colon / 2];
        for (var word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.AsSpan(word * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value))
                return null;
            BitConverter.TryWriteBytes(bytes.AsSpan(word * 4), value);
        }
        var address = new IPAddress(bytes);
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, port);
    }

    private void WriteSet(StringBuilder text, string name, string type, AddressFamily family)
    {
        text.Append($"  set {name} {{\n    type {type} . inet_service . {type} . inet_service\n");
        var elements = Connections.Where(connection => connection.Local.AddressFamily == family)
            .Select(static connection => $"{connection.Local.Address} . {connection.Local.Port} . {connection.Remote.Address} . {connection.Remote.Port}");
        if (elements.Any())
            text.Append("    elements = { ").AppendJoin(", ", elements).Append(" }\n");
        text.Append("  }\n");
    }
}

internal sealed record OlderConnection(IPEndPoint Local, IPEndPoint Remote);

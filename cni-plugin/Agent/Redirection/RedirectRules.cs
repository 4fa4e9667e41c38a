using System.Text;

namespace Ambient.CniAgent.Redirection;

/// <summary>The packet rules of an enrolled pod as nftables text: one table of ours, for IPv4 and IPv6 alike. Pure.</summary>
/// <remarks>
/// The node proxy listens inside the pod's namespace and marks every socket it opens there with 0x539; that mark is how its
/// own traffic is told from the application's. Connections it opens to the application with the client's address as source
/// get connection mark 0x111, so that the replies are routed back to it (see <see cref="PolicyRouting"/>).
/// <para>
/// An enrolled pod is closed by itself: while nobody listens on the ports below, the kernel answers what is redirected to
/// them with a reset. What redirection does not reach meets the guard: TCP of the application never leaves the pod's own
/// interfaces, except the replies to health probes, and the connections that are named as older than the rules.
/// </para>
/// <para>
/// Connections are captured by their first packet only (SYN): one that connection tracking picks up in the middle is either
/// named as older or meets the guard, but is never torn by being redirected half-way.
/// </para>
/// </remarks>
internal static class RedirectRules
{
    public const string Table = "ambient", GuardChain = "guard-out";

    private const int OutboundPort = 15001, InboundPort = 15006, TunnelPort = 15008, DnsPort = 15053;

    private const string FromProxy = "meta mark & 0xfff == 0x539", NotFromProxy = "meta mark & 0xfff != 0x539";
    private const string ReplyToProxy = "meta mark & 0xfff == 0x111";
    private const string MarkDirect = "ct mark set ct mark & 0xfffff000 | 0x222", Direct = "ct mark & 0xfff == 0x222";
    private const string InboundHook = "type nat hook prerouting priority -100; policy accept;", OutboundHook = "type nat hook output priority -100; policy accept;";
    private const string First = "tcp flags & (fin | syn | rst | ack) == syn";

    /// <summary>A script for nft that replaces the table in one transaction, whatever was in it.</summary>
    /// <param name="node">The addresses that the node's own programs, such as the kubelet, call from.</param>
    /// <param name="older">Connections that go on past the guard.</param>
    public static string Script(RedirectSettings settings, NodeAddressSet node, OlderConnections older) =>
        $"{RemovalScript()}{Definition(settings, node, older)}";

    /// <summary>The same for where nothing is yet: it fails if the table is there. The kernel has nothing to tear down for it, which is what takes time.</summary>
    public static string FirstScript(RedirectSettings settings, NodeAddressSet node) =>
        $"create table inet {Table}\n{Definition(settings, node, OlderConnections.None)}";

    /// <summary>A script that leaves what the node proxy's own connections need: their marks, and chains for addresses to be translated, without which nothing is.</summary>
    public static string OpenScript()
    {
        var text = new StringBuilder();
        MarkReplies(text);
        Chain(text, "capture-in", InboundHook);
        Chain(text, "capture-out", OutboundHook);
        return $"{RemovalScript()}table inet {Table} {{\n{text}}}\n";
    }

    /// <summary>A script that removes the table, whether it is there or not.</summary>
    public static string RemovalScript() => $"table inet {Table}\ndelete table inet {Table}\n";

    private static string Definition(RedirectSettings settings, NodeAddressSet node, OlderConnections older) =>
        $"table inet {Table} {{\n{Contents(settings, node, older)}}}\n";

    private static string Contents(RedirectSettings settings, NodeAddressSet node, OlderConnections older)
    {
        var text = new StringBuilder();
        older.WriteSets(text);
        if (settings.CaptureDns)
            SeparateDnsFlows(text);
        MarkConnections(text, settings, node);
        CaptureInbound(text, settings);
        CaptureOutbound(text, settings);
        Guard(text, older);
        return text.ToString();
    }

    // The proxy's own queries may use the very addresses and ports of a flow that was redirected: a zone of their own
    // keeps the two apart in connection tracking.
    private static void SeparateDnsFlows(StringBuilder text)
    {
        Chain(text, "dns-zone-in", "type filter hook prerouting priority -300; policy accept;",
            $"udp sport 53 {NotFromProxy} ct zone set 1");
        Chain(text, "dns-zone-out", "type filter hook output priority -300; policy accept;",
            $"udp dport 53 {FromProxy} ct zone set 1");
    }

    // What may reach the application directly is decided at its first packet and remembered for its replies.
    private static void MarkConnections(StringBuilder text, RedirectSettings settings, NodeAddressSet node)
    {
        List<string> arriving = [];
        if (settings.BypassInbound)
            arriving.Add($"iifname != \"lo\" {First} {MarkDirect}");
        else if (!settings.ProbePorts.IsEmpty)
        {
            var ports = AnyOf(settings.ProbePorts.Select(static port => $"{port}"));
            if (!node.V4.IsEmpty)
                arriving.Add($"iifname != \"lo\" ip saddr {AnyOf(node.V4)} tcp dport {ports} {First} {MarkDirect}");
            if (!node.V6.IsEmpty)
                arriving.Add($"iifname != \"lo\" ip6 saddr {AnyOf(node.V6)} tcp dport {ports} {First} {MarkDirect}");
        }
        MarkReplies(text, [.. arriving]);
    }

    private static void MarkReplies(StringBuilder text, params IEnumerable<string> arriving)
    {
        Chain(text, "mark-in", "type filter hook prerouting priority -150; policy accept;", [$"{FromProxy} ct mark set ct mark & 0xfffff000 | 0x111", .. arriving]);
        Chain(text, "mark-out", "type route hook output priority -150; policy accept;",
            "ct mark & 0xfff == 0x111 meta mark set ct mark");
    }

    private static void CaptureInbound(StringBuilder text, RedirectSettings settings)
    {
        List<string> rules = [];
        foreach (var name in settings.VirtualInterfaces)
            rules.Add($"iifname \"{name}\" {First} counter redirect to :{OutboundPort}");
        if (!settings.BypassInbound)
        {
            rules.Add($"{Direct} counter accept");
            rules.Add($"ip daddr != 127.0.0.1 tcp dport != {TunnelPort} {First} {NotFromProxy} counter redirect to :{InboundPort}");
            rules.Add($"ip6 daddr != ::1 tcp dport != {TunnelPort} {First} {NotFromProxy} counter redirect to :{InboundPort}");
        }
        Chain(text, "capture-in", InboundHook, [.. rules]);
    }

    private static void CaptureOutbound(StringBuilder text, RedirectSettings settings)
    {
        List<string> rules = [];
        if (settings.CaptureDns)
        {
            rules.Add($"oifname != \"lo\" {NotFromProxy} udp dport 53 counter redirect to :{DnsPort}");
            rules.Add($"ip daddr != 127.0.0.1 tcp dport 53 {First} {NotFromProxy} counter redirect to :{DnsPort}");
            rules.Add($"ip6 daddr != ::1 tcp dport 53 {First} {NotFromProxy} counter redirect to :{DnsPort}");
        }
        rules.Add($"meta l4proto tcp {ReplyToProxy} accept");
        rules.Add("oifname \"lo\" ip daddr != 127.0.0.1 accept"); // a pod that calls its own address stays inside
        rules.Add("oifname \"lo\" ip6 daddr != ::1 accept");
        rules.Add($"ip daddr != 127.0.0.1 {First} {NotFromProxy} counter redirect to :{OutboundPort}");
        rules.Add($"ip6 daddr != ::1 {First} {NotFromProxy} counter redirect to :{OutboundPort}");
        Chain(text, "capture-out", OutboundHook, [.. rules]);
    }

    // After redirection (priority -100) the destination is local, so what still goes elsewhere was not redirected. A packet
    // that connection tracking cannot place is dropped rather than reset: it may be a stray of a connection that is fine.
    private static void Guard(StringBuilder text, OlderConnections older)
    {
        List<string> rules =
        [
            "meta l4proto != tcp accept",
            $"{FromProxy} accept",
            $"{ReplyToProxy} accept",
            "oifname \"lo\" accept",
            "ip daddr 127.0.0.0/8 accept",
            "ip6 daddr ::1 accept",
            "tcp flags & rst == rst accept",
            $"{Direct} accept",
            .. older.GuardRules(First),
        ];
        rules.Add("ct state invalid counter drop");
        rules.Add("counter reject with tcp reset");
        Chain(text, GuardChain, "type filter hook output priority 0; policy accept;", [.. rules]);
    }

    private static string AnyOf(IEnumerable<string> values) => values.ToList() is [var single] ? single : $"{{ {string.Join(", ", values)} }}";

    private static void Chain(StringBuilder text, string name, string hook, params string[] rules)
    {
        text.Append("  chain ").Append(name).Append(" {\n    ").Append(hook).Append('\n');
        foreach (var rule in rules)
            text.Append("    ").Append(rule).Append('\n');
        text.Append("  }\n");
    }
}

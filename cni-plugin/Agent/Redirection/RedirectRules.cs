using System.Text;

namespace Ambient.CniAgent.Redirection;

/// <summary>The packet rules of an enrolled pod as nftables text: one table of ours, for IPv4 and IPv6 alike. Pure.</summary>
/// <remarks>
/// The node proxy listens inside the pod's namespace and marks every socket it opens there with 0x539; that mark is how its
/// own traffic is told from the application's. Connections it opens to the application with the client's address as source
/// get connection mark 0x111, so that the replies are routed back to it (see <see cref="PolicyRouting"/>).
/// <para>
/// An enrolled pod is closed by itself: while nobody listens on the ports below, the kernel answers what is redirected to
/// them with a reset. What redirection does not reach, such as connections that are older than the rules, meets the guard:
/// TCP of the application never leaves the pod's own interfaces, except the replies to health probes.
/// </para>
/// </remarks>
internal static class RedirectRules
{
    public const string Table = "ambient";

    private const int OutboundPort = 15001, InboundPort = 15006, TunnelPort = 15008, DnsPort = 15053;

    // The node gives its probes these sources. Nobody else can have them: they are not routed.
    private const string ProbeV4 = "169.254.7.127", ProbeV6 = "fd16:9254:7127:1337:ffff:ffff:ffff:ffff";

    private const string FromProxy = "meta mark & 0xfff == 0x539", NotFromProxy = "meta mark & 0xfff != 0x539";
    private const string ReplyToProxy = "meta mark & 0xfff == 0x111";
    private const string Inbound = "ct mark & 0xfff == 0x222";

    /// <summary>A script for nft that replaces the table in one transaction, whatever was in it.</summary>
    public static string Script(RedirectSettings settings) =>
        $"table inet {Table}\ndelete table inet {Table}\ntable inet {Table} {{\n{Chains(settings)}}}\n";

    /// <summary>A script that removes the table, whether it is there or not.</summary>
    public static string RemovalScript() => $"table inet {Table}\ndelete table inet {Table}\n";

    private static string Chains(RedirectSettings settings)
    {
        var text = new StringBuilder();
        if (settings.CaptureDns)
            SeparateDnsFlows(text);
        MarkConnections(text, settings);
        CaptureInbound(text, settings);
        CaptureOutbound(text, settings);
        Guard(text, settings);
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

    private static void MarkConnections(StringBuilder text, RedirectSettings settings)
    {
        List<string> arriving = [$"{FromProxy} ct mark set ct mark & 0xfffff000 | 0x111"];
        if (settings.BypassInbound)
            arriving.Add("iifname != \"lo\" tcp flags & (fin | syn | rst | ack) == syn ct mark set ct mark & 0xfffff000 | 0x222");
        Chain(text, "mark-in", "type filter hook prerouting priority -150; policy accept;", [.. arriving]);
        Chain(text, "mark-out", "type route hook output priority -150; policy accept;",
            "ct mark & 0xfff == 0x111 meta mark set ct mark");
    }

    private static void CaptureInbound(StringBuilder text, RedirectSettings settings)
    {
        List<string> rules = [];
        foreach (var name in settings.VirtualInterfaces)
            rules.Add($"iifname \"{name}\" meta l4proto tcp counter redirect to :{OutboundPort}");
        if (!settings.BypassInbound)
        {
            rules.Add($"ip saddr {ProbeV4} meta l4proto tcp counter accept");
            rules.Add($"ip6 saddr {ProbeV6} meta l4proto tcp counter accept");
            rules.Add($"ip daddr != 127.0.0.1 tcp dport != {TunnelPort} {NotFromProxy} counter redirect to :{InboundPort}");
            rules.Add($"ip6 daddr != ::1 tcp dport != {TunnelPort} {NotFromProxy} counter redirect to :{InboundPort}");
        }
        Chain(text, "capture-in", "type nat hook prerouting priority -100; policy accept;", [.. rules]);
    }

    private static void CaptureOutbound(StringBuilder text, RedirectSettings settings)
    {
        List<string> rules = [$"ip daddr {ProbeV4} meta l4proto tcp accept", $"ip6 daddr {ProbeV6} meta l4proto tcp accept"];
        if (settings.CaptureDns)
        {
            rules.Add($"oifname != \"lo\" {NotFromProxy} udp dport 53 counter redirect to :{DnsPort}");
            rules.Add($"ip daddr != 127.0.0.1 tcp dport 53 {NotFromProxy} counter redirect to :{DnsPort}");
            rules.Add($"ip6 daddr != ::1 tcp dport 53 {NotFromProxy} counter redirect to :{DnsPort}");
        }
        rules.Add($"meta l4proto tcp {ReplyToProxy} accept");
        rules.Add("oifname \"lo\" ip daddr != 127.0.0.1 accept"); // a pod that calls its own address stays inside
        rules.Add("oifname \"lo\" ip6 daddr != ::1 accept");
        rules.Add($"meta l4proto tcp ip daddr != 127.0.0.1 {NotFromProxy} counter redirect to :{OutboundPort}");
        rules.Add($"meta l4proto tcp ip6 daddr != ::1 {NotFromProxy} counter redirect to :{OutboundPort}");
        Chain(text, "capture-out", "type nat hook output priority -100; policy accept;", [.. rules]);
    }

    // After redirection (priority -100) the destination is local, so what still goes elsewhere was not redirected. A packet
    // that connection tracking cannot place is dropped rather than reset: it may be a stray of a connection that is fine.
    private static void Guard(StringBuilder text, RedirectSettings settings)
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
            $"ip daddr {ProbeV4} accept",
            $"ip6 daddr {ProbeV6} accept",
        ];
        if (settings.BypassInbound)
            rules.Add($"{Inbound} accept");
        rules.Add("ct state invalid counter drop");
        rules.Add("counter reject with tcp reset");
        Chain(text, "guard-out", "type filter hook output priority 0; policy accept;", [.. rules]);
    }

    private static void Chain(StringBuilder text, string name, string hook, params string[] rules)
    {
        text.Append("  chain ").Append(name).Append(" {\n    ").Append(hook).Append('\n');
        foreach (var rule in rules)
            text.Append("    ").Append(rule).Append('\n');
        text.Append("  }\n");
    }
}

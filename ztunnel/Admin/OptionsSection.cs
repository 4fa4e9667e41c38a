using System.Text.Json;
using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Admin;

/// <summary><c>config</c> of the dump: the settings in force. Tokens and header values are secrets and are left out.</summary>
internal static class OptionsSection
{
    public static void Write(Utf8JsonWriter json, ZtunnelOptions options)
    {
        json.WriteStartObject("config"u8);
        WriteNode(json, options.Node);
        WriteListeners(json, options.Listeners, options.Dns);
        WriteSockets(json, options.Sockets);
        WriteTunnels(json, options.Tunnels);
        WriteControlPlane(json, options.Discovery, options.Authority);
        WriteTelemetry(json, options.Telemetry);
        json.WriteString("selfTerminationDeadline"u8, DurationText.Format(options.Drain.Deadline));
        json.WriteNumber("numWorkerThreads"u8, options.WorkerThreads);
        json.WriteEndObject();
    }

    private static void WriteNode(Utf8JsonWriter json, NodeOptions node)
    {
        json.WriteBoolean("proxy"u8, node.ProxyEnabled);
        json.WriteString("proxyMode"u8, node.Mode.ToString());
        if (node.Workload is { } workload) json.WriteString("proxyWorkloadInformation"u8, $"{workload.Namespace}/{workload.Name}/{workload.ServiceAccount}");
        json.WriteString("network"u8, node.Network);
        json.WriteString("localNode"u8, node.NodeName);
        json.WriteString("clusterId"u8, node.ClusterId);
        json.WriteString("clusterDomain"u8, node.ClusterDomain);
        json.WriteStartObject("proxyMetadata"u8);
        foreach (var (name, value) in node.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(name, value);
        json.WriteEndObject();
    }

    private static void WriteListeners(Utf8JsonWriter json, ListenerOptions listeners, DnsOptions dns)
    {
        json.WriteNumber("adminPort"u8, listeners.AdminPort);
        json.WriteNumber("statsPort"u8, listeners.StatsPort);
        json.WriteNumber("readinessPort"u8, ListenerOptions.ReadinessPort);
        json.WriteBoolean("ipv6Enabled"u8, listeners.IPv6);
        if (listeners.OriginalSource is { } keep) json.WriteBoolean("requireOriginalSource"u8, keep);
        else json.WriteNull("requireOriginalSource"u8);
        json.WriteBoolean("inpodPortReuse"u8, listeners.SharePorts);
        json.WriteBoolean("socks5"u8, listeners.Socks);
        json.WriteString("inpodUds"u8, listeners.AgentSocket);
        json.WriteBoolean("dnsProxy"u8, dns.Enabled);
        json.WriteString("dnsProxyAddr"u8, $"{dns.ListenAddress?.ToString() ?? "localhost"}:{dns.Port}");
        json.WriteString("preferedServiceNamespace"u8, dns.PreferredNamespace);
    }

    private static void WriteSockets(Utf8JsonWriter json, SocketSettings sockets)
    {
        if (sockets.Mark is { } mark) json.WriteNumber("packetMark"u8, mark);
        json.WriteStartObject("socketConfig"u8);
        json.WriteBoolean("keepaliveEnabled"u8, sockets.KeepAlive);
        json.WriteString("keepaliveTime"u8, DurationText.Format(sockets.KeepAliveTime));
        json.WriteString("keepaliveInterval"u8, DurationText.Format(sockets.KeepAliveInterval));
        json.WriteNumber("keepaliveRetries"u8, sockets.KeepAliveProbes);
        json.WriteBoolean("userTimeoutEnabled"u8, sockets.UserTimeoutEnabled);
        json.WriteEndObject();
    }

    private static void WriteTunnels(Utf8JsonWriter json, TunnelOptions tunnels)
    {
        json.WriteNumber("windowSize"u8, tunnels.StreamWindowBytes);
        json.WriteNumber("connectionWindowSize"u8, tunnels.ConnectionWindowBytes);
        json.WriteNumber("frameSize"u8, tunnels.FrameBytes);
        json.WriteNumber("poolMaxStreamsPerConn"u8, tunnels.MaxStreams);
        json.WriteNumber("maxInboundStreams"u8, tunnels.MaxInboundStreams);
        json.WriteString("poolUnusedReleaseTimeout"u8, DurationText.Format(tunnels.IdleTimeout));
        json.WriteString("connectTimeout"u8, DurationText.Format(tunnels.ConnectTimeout));
        json.WriteString("tlsHandshakeTimeout"u8, DurationText.Format(tunnels.HandshakeTimeout));
        json.WriteString("connectAnswerTimeout"u8, DurationText.Format(tunnels.AnswerTimeout));
        json.WriteBoolean("postQuantumOnly"u8, tunnels.PostQuantumOnly);
        json.WriteBoolean("localhostAppTunnel"u8, tunnels.LocalhostAppTunnel);
    }

    private static void WriteControlPlane(Utf8JsonWriter json, DiscoveryOptions discovery, AuthorityOptions authority)
    {
        json.WriteString("xdsAddress"u8, discovery.Address?.GetLeftPart(UriPartial.Authority));
        json.WriteString("xdsRootCert"u8, Describe(discovery.Roots));
        json.WriteBoolean("xdsOnDemand"u8, discovery.OnDemand);
        json.WriteString("localXdsPath"u8, discovery.LocalFile);
        json.WriteString("caAddress"u8, authority.Address?.GetLeftPart(UriPartial.Authority));
        json.WriteString("caRootCert"u8, Describe(authority.Roots));
        json.WriteString("devCaDir"u8, authority.DevelopmentDirectory);
        json.WriteString("secretTtl"u8, DurationText.Format(authority.Lifetime));
        json.WriteString("auth"u8, authority.TokenFile ?? (authority.Token is null ? "none" : "token"));
        json.WriteString("crlPath"u8, authority.CrlFile);
    }

    private static void WriteTelemetry(Utf8JsonWriter json, TelemetryOptions telemetry)
    {
        json.WriteString("logLevel"u8, telemetry.LogFilter.ToString());
        json.WriteString("logFormat"u8, telemetry.LogFormat.ToString().ToLowerInvariant());
        json.WriteBoolean("authzPolicyInfoLogging"u8, telemetry.LogPolicyDecisions);
        json.WriteBoolean("enableResponseBaggage"u8, telemetry.Baggage);
        json.WriteNumber("maxTrafficSeries"u8, telemetry.MaxTrafficSeries);
    }

    private static string Describe(ControlPlaneRoots roots) => roots.Source == RootSource.Pem ? "inline" : roots.Source == RootSource.System ? "SYSTEM" : roots.Value;
}

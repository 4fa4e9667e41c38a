namespace Ambient.Ztunnel.Options;

/// <summary>Ports, and how their sockets are opened. Ports without a variable are part of the contract with the redirection rules.</summary>
internal sealed record ListenerOptions
{
    public const int OutboundPort = 15001;
    public const int PassthroughPort = 15006;
    public const int HbonePort = 15008;
    public const int SocksPort = 15080;
    public const int ReadinessPort = 15021;
    public const int DefaultAdminPort = 15000;
    public const int DefaultStatsPort = 15020;

    /// <summary>Proxy configuration proxyAdminPort. Default 15000, on loopback only.</summary>
    public int AdminPort { get; init; } = DefaultAdminPort;

    /// <summary>Proxy configuration statsPort. Default 15020.</summary>
    public int StatsPort { get; init; } = DefaultStatsPort;

    /// <summary>IPV6_ENABLED: listen on <c>[::]</c> and answer AAAA. Default true; false listens on <c>0.0.0.0</c>.</summary>
    public bool IPv6 { get; init; } = true;

    /// <summary>ENABLE_ORIG_SRC: keep the client's address. Null (default) tries, true insists, false does not try.</summary>
    public bool? OriginalSource { get; init; }

    /// <summary>INPOD_PORT_REUSE: SO_REUSEPORT on the pods' listeners, so that a successor can listen beside us. Default true.</summary>
    public bool SharePorts { get; init; } = true;

    /// <summary>UNSTABLE_ENABLE_SOCKS5: SOCKS5 on 127.0.0.1:15080. Default false.</summary>
    public bool Socks { get; init; }

    /// <summary>INPOD_UDS: the node agent's socket. Default /var/run/ztunnel/ztunnel.sock.</summary>
    public string AgentSocket { get; init; } = "/var/run/ztunnel/ztunnel.sock";

    public static ListenerOptions Read(SettingsReader settings, ProxyConfig config) => new()
    {
        AdminPort = config.AdminPort ?? DefaultAdminPort,
        StatsPort = config.StatsPort ?? DefaultStatsPort,
        IPv6 = settings.Bool("IPV6_ENABLED", true),
        OriginalSource = settings.OptionalBool("ENABLE_ORIG_SRC"),
        SharePorts = settings.Bool("INPOD_PORT_REUSE", true),
        Socks = settings.Bool("UNSTABLE_ENABLE_SOCKS5", false),
        AgentSocket = ReadSocket(settings),
    };

    private static string ReadSocket(SettingsReader settings)
    {
        var path = settings.Text("INPOD_UDS", "/var/run/ztunnel/ztunnel.sock");
        // sun_path holds 108 bytes with its final NUL (unix(7)).
        if (System.Text.Encoding.UTF8.GetByteCount(path) > 107)
            settings.Mistake("INPOD_UDS", path, "a Unix socket's path has at most 107 bytes");
        return path;
    }
}

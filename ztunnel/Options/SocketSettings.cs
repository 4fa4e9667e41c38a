using System.Globalization;

namespace Ambient.Ztunnel.Options;

/// <summary>What is set on the sockets of carried connections.</summary>
internal sealed record SocketSettings
{
    public const uint SharedModeMark = 1337;

    /// <summary>PACKET_MARK: the redirection rules let packets with it pass. Default 1337 in shared mode, else null; 0 sets none.</summary>
    public uint? Mark { get; init; }

    /// <summary>KEEPALIVE_ENABLED. Default true.</summary>
    public bool KeepAlive { get; init; } = true;

    /// <summary>KEEPALIVE_TIME: silence before the first probe, 1 s to 9 h. Default 180 s.</summary>
    public TimeSpan KeepAliveTime { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>KEEPALIVE_INTERVAL: between probes, 1 s to 9 h. Default 180 s.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>KEEPALIVE_RETRIES: unanswered probes until the connection is dead, 1 to 127. Default 9.</summary>
    public int KeepAliveProbes { get; init; } = 9;

    /// <summary>USER_TIMEOUT_ENABLED: unacknowledged data ends the connection after <see cref="UserTimeout"/>. Default false.</summary>
    public bool UserTimeoutEnabled { get; init; }

    /// <summary>As long as keep-alive takes to give up: time + probes × interval. Null if off.</summary>
    public TimeSpan? UserTimeout => UserTimeoutEnabled ? KeepAliveTime + KeepAliveProbes * KeepAliveInterval : null;

    public static SocketSettings Read(SettingsReader settings, ProxyMode mode) => new()
    {
        Mark = ReadMark(settings, mode),
        KeepAlive = settings.Bool("KEEPALIVE_ENABLED", true),
        KeepAliveTime = Seconds(settings, "KEEPALIVE_TIME"),
        KeepAliveInterval = Seconds(settings, "KEEPALIVE_INTERVAL"),
        KeepAliveProbes = settings.Int("KEEPALIVE_RETRIES", 9, 1, 127),
        UserTimeoutEnabled = settings.Bool("USER_TIMEOUT_ENABLED", false),
    };

    // tcp(7): TCP_KEEPIDLE and TCP_KEEPINTVL hold whole seconds up to 32767.
    private static TimeSpan Seconds(SettingsReader settings, string name) =>
        settings.Duration(name, TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(1), TimeSpan.FromHours(9));

    private static uint? ReadMark(SettingsReader settings, ProxyMode mode)
    {
        const string name = "PACKET_MARK";
        uint? fallback = mode == ProxyMode.Shared ? SharedModeMark : null;
        if (settings.Text(name) is not { } text) return fallback;
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var mark)) return mark;

        settings.Mistake(name, text, "allowed are whole numbers from 0 (no mark) to 4294967295");
        return fallback;
    }
}

using Ambient.Hosting.Logging;
using Ambient.Hosting.Metrics;

namespace Ambient.MeshProxy.Options;

/// <summary>What we tell about ourselves and about the traffic.</summary>
public sealed record TelemetryOptions
{
    /// <summary>RUST_LOG: levels by scope, as in <c>info,ztunnel::pods=debug</c>. Default info.</summary>
    public LogFilter LogFilter { get; init; } = LogFilter.Info;

    /// <summary>LOG_FORMAT: plain (default) or json.</summary>
    public LogFormat LogFormat { get; init; }

    /// <summary>AUTHZ_POLICY_INFO_LOGGING: policy decisions at info instead of debug. Default false.</summary>
    public bool LogPolicyDecisions { get; init; }

    /// <summary>ENABLE_RESPONSE_BAGGAGE: tell the peer who served it, and believe what it tells. Default true.</summary>
    public bool Baggage { get; init; } = true;

    /// <summary>AMBIENT_MAX_TRAFFIC_SERIES: label sets of the istio_tcp_* metrics, 100 to 1000000; further ones share one series. Default 10000.</summary>
    /// <remarks>A label set costs about 400 bytes, and up to 5 KB in each scrape.</remarks>
    public int MaxTrafficSeries { get; init; } = MetricRegistry.DefaultMaxSeries;

    /// <summary>ISTIO_META_ISTIO_VERSION: the tag of istio_build. Default unknown.</summary>
    public string IstioVersion { get; init; } = "unknown";

    public static TelemetryOptions Read(SettingsReader settings, NodeOptions node) => new()
    {
        LogFilter = ReadFilter(settings),
        LogFormat = settings.Choice("LOG_FORMAT", ("plain", LogFormat.Plain), ("json", LogFormat.Json)),
        LogPolicyDecisions = settings.Bool("AUTHZ_POLICY_INFO_LOGGING", false),
        Baggage = settings.Bool("ENABLE_RESPONSE_BAGGAGE", true),
        MaxTrafficSeries = settings.Int("AMBIENT_MAX_TRAFFIC_SERIES", MetricRegistry.DefaultMaxSeries, 100, 1_000_000),
        IstioVersion = node.Metadata.GetValueOrDefault("ISTIO_VERSION") is { Length: > 0 } version ? version : "unknown",
    };

    private static LogFilter ReadFilter(SettingsReader settings)
    {
        if (settings.Text("RUST_LOG") is not { } text) return LogFilter.Info;
        try { return LogFilter.Parse(text); }
        catch (FormatException e)
        {
            settings.Mistake("RUST_LOG", text, e.Message);
            return LogFilter.Info;
        }
    }
}

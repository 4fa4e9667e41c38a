using Ambient.HttpProxy.Exchanges;

namespace Ambient.Waypoint.Telemetry;

/// <summary>Why a request did not go its ordinary way, in the words that dashboards know.</summary>
internal static class ResponseFlags
{
    /// <summary>For metrics and logs, in Envoy's order, with commas; <c>-</c> for none.</summary>
    public static string Of(ExchangeFlag flag, ExchangeMarks marks)
    {
        var one = Of(flag);
        if (marks == ExchangeMarks.None) return one;
        var isLate = flag is ExchangeFlag.FaultInjected or ExchangeFlag.RateLimited or ExchangeFlag.DownstreamEnded;
        string[] all = [isLate ? "-" : one, marks.HasFlag(ExchangeMarks.Delayed) ? "DI" : "-", isLate ? one : "-", marks.HasFlag(ExchangeMarks.RetriesExhausted) ? "URX" : "-"];
        return string.Join(',', all.Where(static word => word != "-"));
    }

    private static string Of(ExchangeFlag flag) => flag switch
    {
        ExchangeFlag.NoServer => "UH",
        ExchangeFlag.UpstreamConnectFailed => "UF",
        ExchangeFlag.UpstreamEnded => "UC",
        ExchangeFlag.UpstreamRefused => "UPE",
        ExchangeFlag.TimedOut => "UT",
        ExchangeFlag.DownstreamEnded => "DC",
        ExchangeFlag.DownstreamRefused => "DPE",
        ExchangeFlag.NoRoute => "NR",
        ExchangeFlag.NoCluster => "NC",
        ExchangeFlag.Overflow => "UO",
        ExchangeFlag.Overloaded => "OM",
        ExchangeFlag.FaultInjected => "FI",
        ExchangeFlag.RateLimited => "RL",
        _ => "-",
    };

    /// <summary>One word more, for logs alone.</summary>
    public static string DetailsOf(ExchangeFlag flag) => flag switch
    {
        ExchangeFlag.None => "via_upstream",
        ExchangeFlag.LocalReply => "direct_response",
        ExchangeFlag.NoServer => "no_healthy_upstream",
        ExchangeFlag.UpstreamConnectFailed => "upstream_reset_before_response_started{connection_failure}",
        ExchangeFlag.UpstreamEnded => "upstream_reset_before_response_started{connection_termination}",
        ExchangeFlag.UpstreamRefused => "upstream_reset_before_response_started{protocol_error}",
        ExchangeFlag.TimedOut => "upstream_response_timeout",
        ExchangeFlag.DownstreamEnded => "downstream_remote_disconnect",
        ExchangeFlag.DownstreamRefused => "http.codec_error",
        ExchangeFlag.NoRoute => "route_not_found",
        ExchangeFlag.NoCluster => "cluster_not_found",
        ExchangeFlag.Overflow => "overflow",
        ExchangeFlag.Overloaded => "overload",
        ExchangeFlag.FaultInjected => "fault_filter_abort",
        ExchangeFlag.RateLimited => "local_rate_limited",
        ExchangeFlag.Drained => "drained",
        _ => "-",
    };
}

namespace Ambient.Model.Telemetry;

/// <summary>Which requests are logged. What is null is said by a wider policy.</summary>
public sealed record AccessLogSettings
{
    public bool? IsOff { get; init; }

    /// <summary>Only answers with this status and above; a request without any has the status 0.</summary>
    public int? LeastStatus { get; init; }

    /// <summary>In Istio's JSON format, not its text one.</summary>
    public bool? IsJson { get; init; }

    /// <summary>This one, and what it does not say from <paramref name="wider"/>.</summary>
    public AccessLogSettings Over(AccessLogSettings? wider) =>
        wider is null ? this : new() { IsOff = IsOff ?? wider.IsOff, LeastStatus = LeastStatus ?? wider.LeastStatus, IsJson = IsJson ?? wider.IsJson };
}

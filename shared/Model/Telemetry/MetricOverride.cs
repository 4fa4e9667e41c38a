namespace Ambient.Model.Telemetry;

/// <summary>The standard metrics of requests and connections, as a set.</summary>
[Flags]
public enum Metrics : ushort
{
    None = 0,
    RequestCount = 1,
    RequestDuration = 2,
    RequestSize = 4,
    ResponseSize = 8,
    RequestMessages = 16,
    ResponseMessages = 32,
    TcpOpened = 64,
    TcpClosed = 128,
    TcpSent = 256,
    TcpReceived = 512,
    All = 1023,
}

/// <summary>A change of some metrics.</summary>
/// <param name="IsOff">They are not counted; null leaves that as it is.</param>
/// <param name="Tags">Of those labels that the metrics have.</param>
public sealed record MetricOverride(Metrics Metrics, bool? IsOff, EquatableArray<TagOverride> Tags);

/// <param name="Value">In place of the label's; null empties it, as if the metric did not have it.</param>
public sealed record TagOverride(string Label, string? Value);

using Ambient.Model.Workloads;

namespace Ambient.Model.Telemetry;

/// <summary>Which requests are traced, and where their spans go. What is null or empty is said by a wider policy.</summary>
public sealed record TracingSettings
{
    /// <summary>Of requests whose client has not decided, unless somebody says otherwise.</summary>
    public const double DefaultPercent = 1;

    public TraceCollector? Collector { get; init; }

    /// <summary>Of the requests whose client has not decided, 0 to 100.</summary>
    public double? Percent { get; init; }

    /// <summary>No spans are sent; contexts are passed on all the same.</summary>
    public bool? IsSilent { get; init; }

    /// <summary>Spans tell of workloads in Istio's words. Default true.</summary>
    public bool? TellsWorkloads { get; init; }

    public EquatableArray<CustomTag> Tags { get; init; }

    /// <summary>This one, and what it does not say from <paramref name="wider"/>.</summary>
    public TracingSettings Over(TracingSettings? wider) => wider is null ? this : new()
    {
        Collector = Collector ?? wider.Collector,
        Percent = Percent ?? wider.Percent,
        IsSilent = IsSilent ?? wider.IsSilent,
        TellsWorkloads = TellsWorkloads ?? wider.TellsWorkloads,
        Tags = Tags.IsEmpty ? wider.Tags : Tags,
    };
}

/// <summary>Takes spans by OTLP.</summary>
/// <param name="Path">For OTLP over HTTP; empty for gRPC.</param>
public sealed record TraceCollector(ServiceKey Service, ushort Port, string Path = "");

/// <summary>A tag of each span: a text, or what a header of the request says.</summary>
/// <param name="Header">Lower case; empty for a tag that is always the same.</param>
/// <param name="Value">The text, or what stands in for a header that is not there; empty then leaves the tag out.</param>
public sealed record CustomTag(string Name, string Header, string Value);

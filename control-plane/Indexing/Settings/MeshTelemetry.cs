using Ambient.Model;
using Ambient.Model.Telemetry;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>What the mesh's own configuration says of telemetry: who takes it, and what holds where no Telemetry says anything. Immutable.</summary>
public sealed record MeshTelemetry
{
    public static readonly MeshTelemetry None = new();

    public EquatableArray<TelemetryProvider> Providers { get; init; }

    /// <summary>Name of a provider; null traces nothing by default.</summary>
    public string? DefaultTracing { get; init; }

    /// <summary>Of requests whose client does not decide, 0 to 100.</summary>
    public double? Percent { get; init; }

    /// <summary>Null leaves it to the waypoints.</summary>
    public AccessLogSettings? AccessLog { get; init; }

    public TelemetryProvider? Find(string name)
    {
        foreach (var provider in Providers)
            if (provider.Name == name) return provider;
        return null;
    }
}

/// <param name="Kind">Its field in the configuration, such as <c>opentelemetry</c>.</param>
/// <param name="Service">For <c>opentelemetry</c>: <c>host</c> or <c>namespace/host</c>; empty for others.</param>
/// <param name="Path">For OTLP over HTTP; empty for gRPC.</param>
public sealed record TelemetryProvider(string Name, string Kind, string Service = "", ushort Port = 0, string Path = "");

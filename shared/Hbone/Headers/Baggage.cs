using System.Text;

namespace Ambient.Hbone.Headers;

/// <summary>
/// Who a workload is, as the <c>baggage</c> header of CONNECT requests and answers tells it. Telemetry only: it is the
/// peer's own claim and must never decide access.
/// </summary>
/// <remarks>
/// The header is a comma list of <c>key=value</c> members without spaces or percent-encoding, in a fixed order, empty members
/// left out. Empty strings stand for "not told".
/// </remarks>
public sealed record Baggage
{
    /// <summary>Header bytes that are read; what is longer is ignored whole, as a claim nobody can use.</summary>
    public const int MaxBytes = 8192;

    public static readonly Baggage Empty = new();

    public string Cluster { get; init; } = "";
    public string Namespace { get; init; } = "";

    /// <summary><c>deployment</c>, <c>cronjob</c>, <c>pod</c> or <c>job</c>; names the key that carries <see cref="WorkloadName"/>.</summary>
    public string WorkloadType { get; init; } = "deployment";

    public string WorkloadName { get; init; } = "";
    public string ServiceName { get; init; } = "";
    public string ServiceVersion { get; init; } = "";
    public string Region { get; init; } = "";
    public string Zone { get; init; } = "";

    /// <summary>The header's value; empty when nothing is known.</summary>
    public string Format()
    {
        var text = new StringBuilder(192);
        Add(text, "k8s.cluster.name", Cluster);
        Add(text, "k8s.namespace.name", Namespace);
        Add(text, $"k8s.{WorkloadType}.name", WorkloadName);
        Add(text, "service.name", ServiceName);
        Add(text, "service.version", ServiceVersion);
        Add(text, "cloud.region", Region);
        Add(text, "cloud.availability_zone", Zone);
        return text.ToString();
    }

    /// <summary>Reads every <c>baggage</c> header of one message; unknown and malformed members are skipped.</summary>
    public static Baggage Parse(IEnumerable<string> headers)
    {
        var baggage = Empty;
        foreach (var header in headers)
        {
            if (header.Length > MaxBytes) continue;
            foreach (var member in header.AsSpan().Split(','))
                baggage = baggage.With(header.AsSpan()[member].Trim());
        }
        return baggage;
    }

    private Baggage With(ReadOnlySpan<char> member)
    {
        var equals = member.IndexOf('=');
        if (equals <= 0 || equals == member.Length - 1) return this;
        var value = member[(equals + 1)..].ToString();
        return member[..equals] switch
        {
            "k8s.cluster.name" => this with { Cluster = value },
            "k8s.namespace.name" => this with { Namespace = value },
            "k8s.deployment.name" => this with { WorkloadType = "deployment", WorkloadName = value },
            "k8s.cronjob.name" => this with { WorkloadType = "cronjob", WorkloadName = value },
            "k8s.pod.name" => this with { WorkloadType = "pod", WorkloadName = value },
            "k8s.job.name" => this with { WorkloadType = "job", WorkloadName = value },
            "service.name" => this with { ServiceName = value },
            "service.version" => this with { ServiceVersion = value },
            "cloud.region" => this with { Region = value },
            "cloud.availability_zone" => this with { Zone = value },
            _ => this,
        };
    }

    private static void Add(StringBuilder text, string key, string value)
    {
        // A value that would break the list cannot be told without percent-encoding, which peers do not decode.
        if (value.Length == 0 || value.AsSpan().ContainsAny(",=\r\n\0")) return;
        if (text.Length > 0) text.Append(',');
        text.Append(key).Append('=').Append(value);
    }
}

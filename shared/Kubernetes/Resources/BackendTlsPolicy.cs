using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Gateway API: TLS towards the servers of services of its namespace.</summary>
public sealed record BackendTlsPolicy : KubernetesObject
{
    /// <summary>With <see cref="BackendTlsPolicySpec.Problem"/> if it cannot be read.</summary>
    [JsonConverter(typeof(BackendTlsPolicySpecConverter))]
    public BackendTlsPolicySpec? Spec { get; init; }

    [JsonConverter(typeof(PolicyStatusConverter))]
    public PolicyStatus? Status { get; init; }
}

/// <remarks>A field that is not known here makes the whole of it unreadable.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record BackendTlsPolicySpec
{
    /// <summary>Why it cannot be read; null if it can. Then only the targets are given, if those can be read.</summary>
    [JsonIgnore]
    public string? Problem { get; init; }

    public IReadOnlyList<SectionTargetReference>? TargetRefs { get; init; }

    public BackendTlsValidation? Validation { get; init; }

    /// <summary>Each is for one implementation, which its key names.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }
}

/// <summary>What a policy is for, or a part of it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SectionTargetReference
{
    public string? Group { get; init; }

    public string Kind { get => field ?? ""; init; }

    public string Name { get => field ?? ""; init; }

    /// <summary>Name of a port; the whole of it when absent.</summary>
    public string? SectionName { get; init; }

    /// <summary>The same without its part.</summary>
    [JsonIgnore]
    public PolicyTargetReference Whole => new() { Group = Group, Kind = Kind, Name = Name };
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record BackendTlsValidation
{
    /// <summary>Either these …</summary>
    public IReadOnlyList<LocalReference>? CaCertificateRefs { get; init; }

    /// <summary>… or this: <c>System</c>.</summary>
    public string? WellKnownCACertificates { get; init; }

    /// <summary>For SNI, and what certificates are for unless there are other names.</summary>
    public string Hostname { get => field ?? ""; init; }

    public IReadOnlyList<SubjectAltName>? SubjectAltNames { get; init; }
}

/// <summary>An object of the namespace of whoever refers to it.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LocalReference
{
    /// <summary>Empty for the core group.</summary>
    public string? Group { get; init; }

    public string Kind { get => field ?? ""; init; }

    public string Name { get => field ?? ""; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SubjectAltName
{
    /// <summary><c>Hostname</c> or <c>URI</c>.</summary>
    public string Type { get => field ?? ""; init; }

    public string? Hostname { get; init; }

    public string? Uri { get; init; }
}

/// <summary>What controllers say about a policy, one entry for each ancestor and controller.</summary>
public sealed record PolicyStatus
{
    /// <summary>As they stand: other controllers' entries must survive unchanged, whatever is in them.</summary>
    public IReadOnlyList<JsonElement>? Ancestors { get; init; }
}

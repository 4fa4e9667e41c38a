namespace Ambient.Kubernetes.Resources;

/// <summary>Istio: a service that Kubernetes does not know, or more endpoints for one.</summary>
public sealed record ServiceEntry : KubernetesObject
{
    public ServiceEntrySpec? Spec { get; init; }

    public ServiceEntryStatus? Status { get; init; }
}

public sealed record ServiceEntrySpec
{
    public IReadOnlyList<string>? Hosts { get; init; }

    /// <summary>IP addresses or ranges.</summary>
    public IReadOnlyList<string>? Addresses { get; init; }

    public IReadOnlyList<ServiceEntryPort>? Ports { get; init; }

    /// <summary><c>MESH_EXTERNAL</c> (when absent) or <c>MESH_INTERNAL</c>.</summary>
    public string? Location { get; init; }

    /// <summary><c>NONE</c> (when absent), <c>STATIC</c>, <c>DNS</c>, <c>DNS_ROUND_ROBIN</c> or <c>DYNAMIC_DNS</c>.</summary>
    public string? Resolution { get; init; }

    public IReadOnlyList<WorkloadEntrySpec>? Endpoints { get; init; }

    public WorkloadSelector? WorkloadSelector { get; init; }

    /// <summary>Namespaces that see it: <c>*</c> for all (when absent), <c>.</c> for its own, <c>~</c> for none.</summary>
    public IReadOnlyList<string>? ExportTo { get; init; }

    public IReadOnlyList<string>? SubjectAltNames { get; init; }
}

public sealed record ServiceEntryPort
{
    /// <summary>Any number here: the range is checked by whoever reads it.</summary>
    public long Number { get; init; }

    public string? Name { get; init; }

    public string? Protocol { get; init; }

    /// <summary>The same as <see cref="Number"/> when absent or 0.</summary>
    public long? TargetPort { get; init; }
}

/// <summary>Istio's own selector of ServiceEntry: all labels must match.</summary>
public sealed record WorkloadSelector
{
    public IReadOnlyDictionary<string, string>? Labels { get; init; }
}

public sealed record ServiceEntryStatus
{
    /// <summary>Virtual IPs that were given to its hosts.</summary>
    public IReadOnlyList<ServiceEntryAddress>? Addresses { get; init; }

    /// <summary>Without those that are null: some schemas of statuses let anything pass.</summary>
    public IReadOnlyList<Condition>? Conditions { get; init => field = value?.OfType<Condition>().ToList(); }
}

public sealed record ServiceEntryAddress
{
    public string Value { get => field ?? ""; init; }

    /// <summary>Empty or absent: of every host.</summary>
    public string? Host { get; init; }
}

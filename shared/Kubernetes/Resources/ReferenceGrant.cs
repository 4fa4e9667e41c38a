using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>Gateway API: lets objects of other namespaces refer to objects of this one's.</summary>
public sealed record ReferenceGrant : KubernetesObject
{
    /// <summary>Null if it cannot be read: then it grants nothing.</summary>
    [JsonConverter(typeof(ReferenceGrantSpecConverter))]
    public ReferenceGrantSpec? Spec { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ReferenceGrantSpec
{
    /// <summary>Any of these …</summary>
    public IReadOnlyList<GrantFrom>? From { get; init; }

    /// <summary>… may refer to any of these.</summary>
    public IReadOnlyList<GrantTo>? To { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GrantFrom
{
    public string? Group { get; init; }

    public string? Kind { get; init; }

    public string? Namespace { get; init; }
}

[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record GrantTo
{
    public string? Group { get; init; }

    public string? Kind { get; init; }

    /// <summary>All of the kind when absent.</summary>
    public string? Name { get; init; }
}

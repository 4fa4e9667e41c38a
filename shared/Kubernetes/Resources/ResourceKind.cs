namespace Ambient.Kubernetes.Resources;

/// <summary>A kind of object and where the API serves it.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Plural">As in the path, lower case.</param>
public record ResourceKind(string Group, string Version, string Kind, string Plural, bool Namespaced)
{
    /// <summary>What objects of this kind carry as <c>apiVersion</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>Path of the collection, or of one object when it is named; no host.</summary>
    public string Path(string? @namespace = null, string? name = null, string? subresource = null)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        var place = @namespace is { Length: > 0 } ? $"/namespaces/{Uri.EscapeDataString(@namespace)}" : "";
        var item = name is null ? "" : $"/{Uri.EscapeDataString(name)}";
        return $"{root}{place}/{Plural}{item}{(subresource is null ? "" : $"/{subresource}")}";
    }

    /// <summary>Path of one object.</summary>
    public string Path(ObjectName name, string? subresource = null) => Path(name.Namespace, name.Name, subresource);
}

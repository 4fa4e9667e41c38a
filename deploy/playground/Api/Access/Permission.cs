namespace Ambient.Playground.Api.Access;

/// <summary>What somebody wants to do.</summary>
/// <param name="Path">For requests that are not about objects; empty otherwise.</param>
public sealed record Permission(string Verb, string Group, string Resource, string Subresource, string Namespace, string Name, string Path = "")
{
    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>As the API tells those who may not.</summary>
    public string Refusal(Caller caller)
    {
        if (Path.Length > 0) return $"forbidden: User \"{caller.Name}\" cannot {Verb} path \"{Path}\"";
        var place = Namespace.Length > 0 ? $"in the namespace \"{Namespace}\"" : "at the cluster scope";
        var thing = Name.Length > 0 ? $"{Resource}{(Group.Length > 0 ? $".{Group}" : "")} \"{Name}\"" : $"{Resource}{(Group.Length > 0 ? $".{Group}" : "")}";
        return $"{thing} is forbidden: User \"{caller.Name}\" cannot {Verb} resource \"{FullResource}\" in API group \"{Group}\" {place}";
    }
}

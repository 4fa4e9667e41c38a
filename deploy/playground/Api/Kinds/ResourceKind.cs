namespace Ambient.Playground.Api.Kinds;

/// <summary>A kind of object: what it is called, where it is served and in which versions. Immutable.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Versions">The first is the one that objects are kept in.</param>
public sealed record ResourceKind(string Group, string Kind, string Plural, bool Namespaced, IReadOnlyList<KindVersion> Versions)
{
    public string Singular { get; init; } = Kind.ToLowerInvariant();

    public string ListKind { get; init; } = $"{Kind}List";

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Answered at once and never kept: reviews.</summary>
    public bool IsQuestion { get; init; }

    /// <summary>Whether writes to the object leave its status alone, and its status is written by itself.</summary>
    public bool HasStatus { get; init; }

    public ScalePaths? Scale { get; init; }

    /// <summary>Made from a CustomResourceDefinition.</summary>
    public bool IsCustom { get; init; }

    public KindVersion Storage => Versions[0];

    public string ApiVersion => ApiVersionOf(Storage.Name);

    /// <summary>As messages name it: <c>pods</c>, <c>deployments.apps</c>.</summary>
    public string Resource => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public KindVersion? FindVersion(string name) => Versions.FirstOrDefault(version => version.Name == name);

    public string ApiVersionOf(string version) => Group.Length == 0 ? version : $"{Group}/{version}";

    public IReadOnlyList<string> Verbs => IsQuestion
        ? ["create"]
        : ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    public override string ToString() => $"{ApiVersion} {Kind}";
}

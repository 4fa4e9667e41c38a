using System.Collections.Immutable;

namespace Ambient.Playground.Api.Kinds;

/// <summary>Which kinds are served. Readers see a consistent set without a lock; kinds come and go with CustomResourceDefinitions.</summary>
public sealed class KindCatalog(IEnumerable<ResourceKind> builtIn)
{
    private readonly Lock _changing = new();
    private volatile State _state = State.Of(builtIn.ToImmutableArray());

    /// <summary>Grows with each change: what was derived from the kinds can tell whether it is stale.</summary>
    public long Generation => _state.Generation;

    public IReadOnlyList<ResourceKind> All => _state.Kinds;

    /// <summary>By path: <c>apis/{group}/{version}/{plural}</c>.</summary>
    public (ResourceKind Kind, KindVersion Version)? FindPath(string group, string version, string plural) =>
        _state.ByPlural.TryGetValue((group, plural), out var kind) && kind.FindVersion(version) is { } served ? (kind, served) : null;

    public ResourceKind? Find(string group, string kind) => _state.ByKind.GetValueOrDefault((group, kind));

    public ResourceKind? FindPlural(string group, string plural) => _state.ByPlural.GetValueOrDefault((group, plural));

    /// <summary>By what a document says it is.</summary>
    public (ResourceKind Kind, KindVersion Version)? FindDocument(string? apiVersion, string? kind)
    {
        if (apiVersion is null || kind is null) return null;
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        var (group, version) = slash < 0 ? ("", apiVersion) : (apiVersion[..slash], apiVersion[(slash + 1)..]);
        return Find(group, kind) is { } found && found.FindVersion(version) is { } served ? (found, served) : null;
    }

    /// <summary>A built-in kind that is known to exist.</summary>
    public ResourceKind Get(string group, string kind) =>
        Find(group, kind) ?? throw new ArgumentException($"The playground serves no {kind} in group '{group}'.");

    internal void Set(ResourceKind kind)
    {
        lock (_changing) _state = State.Of([.. _state.Kinds.Where(other => !IsSame(other, kind)), kind], _state.Generation + 1);
    }

    internal void Remove(ResourceKind kind)
    {
        lock (_changing) _state = State.Of([.. _state.Kinds.Where(other => !IsSame(other, kind))], _state.Generation + 1);
    }

    private static bool IsSame(ResourceKind one, ResourceKind other) => one.Group == other.Group && one.Plural == other.Plural;

    private sealed record State(
        ImmutableArray<ResourceKind> Kinds, Dictionary<(string, string), ResourceKind> ByPlural,
        Dictionary<(string, string), ResourceKind> ByKind, long Generation)
    {
        public static State Of(ImmutableArray<ResourceKind> kinds, long generation = 1) => new(
            kinds, kinds.ToDictionary(kind => (kind.Group, kind.Plural)), kinds.ToDictionary(kind => (kind.Group, kind.Kind)), generation);
    }
}

namespace Ambient.Model.Policies;

/// <summary>The policies that apply to one workload.</summary>
/// <param name="Policies">Global ones, those of its namespace, and those it names; each once.</param>
/// <param name="Missing">Names it refers to that nobody has sent.</param>
public sealed record PolicySet(EquatableArray<AuthorizationPolicy> Policies, EquatableArray<string> Missing)
{
    public static readonly PolicySet Empty = new(default, default);
}

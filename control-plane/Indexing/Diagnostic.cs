using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing;

/// <summary>Something in an object that the mesh cannot use as it stands.</summary>
/// <param name="Kind">Such as <c>Pod</c>.</param>
/// <param name="Field">Path within the object, such as <c>spec.rules[0].to[1].operation.ports[2]</c>.</param>
/// <param name="Problem">What was found, what is allowed, and what the mesh does about it.</param>
/// <param name="NextStep">What to type.</param>
public sealed record Diagnostic(string Kind, ObjectName Object, string Field, string Problem, string NextStep)
{
    public override string ToString() => $"{Kind} {Object}, {Field}: {Problem} {NextStep}";
}

/// <summary>Collects what is wrong with one object; never more than <see cref="Most"/> lines.</summary>
internal sealed class Findings(string kind, ObjectName name)
{
    public const int Most = 20;
    private const int LongestValue = 80;

    private List<Diagnostic>? _found;

    public IReadOnlyList<Diagnostic> Found => _found ?? [];

    public void Add(string field, string problem, string nextStep)
    {
        _found ??= [];
        if (_found.Count < Most) _found.Add(new(kind, name, field, problem, nextStep));
    }

    /// <summary>A value as it may be shown: quoted, and not longer than a line.</summary>
    public static string Quote(string? value) =>
        value is null ? "nothing" : value.Length <= LongestValue ? $"'{value}'" : $"'{value[..LongestValue]}…' ({value.Length} characters)";
}

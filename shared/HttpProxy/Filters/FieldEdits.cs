using System.Text;
using Ambient.Model;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Changes of a message's fields, prepared: what is left out of what came, and what is written behind it. Immutable; any thread.</summary>
public sealed class FieldEdits
{
    public static readonly FieldEdits None = new([], [], [], null);

    private readonly byte[][] _dropped;

    private FieldEdits(byte[][] dropped, (byte[] Name, byte[] Value)[] added, FormattedField[] formatted, byte[]? authority) =>
        (_dropped, Added, Formatted, Authority) = (dropped, added, formatted, authority);

    /// <summary>Written behind the fields that stay.</summary>
    internal (byte[] Name, byte[] Value)[] Added { get; }

    /// <summary>Written behind those, each as the request and the response have it.</summary>
    internal FormattedField[] Formatted { get; }

    /// <summary>Takes the place of the request's authority; null leaves it.</summary>
    internal byte[]? Authority { get; }

    /// <summary>Puts several together, one applied after the other: those of a rule before those of its backend.</summary>
    public static FieldEdits Of(params IReadOnlyList<HeaderEdits> steps) => Of(default, steps);

    /// <param name="hidden">Names that operators do not see, whatever the client sent.</param>
    /// <exception cref="ArgumentException">A value has operators that are not known.</exception>
    public static FieldEdits Of(EquatableArray<string> hidden, params IReadOnlyList<HeaderEdits> steps)
    {
        var (dropped, added, authority) = (new SortedSet<string>(StringComparer.Ordinal), new List<HeaderValue>(), (string?)null);
        foreach (var step in steps)
        {
            foreach (var name in step.Set.Select(static header => header.Name).Concat(step.Remove))
            {
                dropped.Add(name);
                added.RemoveAll(header => header.Name == name);
            }

            added.AddRange(step.Set.Concat(step.Add).Where(header => !step.Remove.AsSpan().Contains(header.Name)));
        }

        foreach (var header in added)
            if (header.Name == "host") authority = header.Value;
        added.RemoveAll(static header => header.Name == "host");
        dropped.Remove("host");
        return dropped.Count + added.Count == 0 && authority is null ? None : new(
            [.. dropped.Select(Encoding.ASCII.GetBytes)],
            [.. added.Where(static header => !header.HasOperators).Select(static header => (Encoding.ASCII.GetBytes(header.Name), Encoding.UTF8.GetBytes(header.Value)))],
            [.. added.Where(static header => header.HasOperators).Select(header => new FormattedField(header.Name, FieldFormat.Parse(header.Value).Select(part => Hide(part, hidden))))],
            authority is null ? null : Encoding.ASCII.GetBytes(authority));
    }

    private static FieldPart Hide(FieldPart part, EquatableArray<string> hidden) => part.Operator != FieldOperator.RequestField ? part
        : part with { Text = hidden.AsSpan().Contains(part.Text) ? "" : part.Text, Else = hidden.AsSpan().Contains(part.Else) ? "" : part.Else };

    internal bool Drops(ReadOnlySpan<byte> name)
    {
        foreach (var dropped in _dropped)
            if (Ascii.EqualsIgnoreCase(name, dropped)) return true;
        return false;
    }
}

using System.Text;
using Ambient.Model.Routes;

namespace Ambient.HttpProxy.Filters;

/// <summary>Changes of a message's fields, prepared: what is left out of what came, and what is written behind it. Immutable; any thread.</summary>
public sealed class FieldEdits
{
    public static readonly FieldEdits None = new([], [], null);

    private readonly byte[][] _dropped;

    private FieldEdits(byte[][] dropped, (byte[] Name, byte[] Value)[] added, byte[]? authority) => (_dropped, Added, Authority) = (dropped, added, authority);

    /// <summary>Written behind the fields that stay.</summary>
    internal (byte[] Name, byte[] Value)[] Added { get; }

    /// <summary>Takes the place of the request's authority; null leaves it.</summary>
    internal byte[]? Authority { get; }

    /// <summary>Puts several together, one applied after the other: those of a rule before those of its backend.</summary>
    public static FieldEdits Of(params IReadOnlyList<HeaderEdits> steps)
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
            [.. added.Select(static header => (Encoding.ASCII.GetBytes(header.Name), Encoding.UTF8.GetBytes(header.Value)))],
            authority is null ? null : Encoding.ASCII.GetBytes(authority));
    }

    internal bool Drops(ReadOnlySpan<byte> name)
    {
        foreach (var dropped in _dropped)
            if (Ascii.EqualsIgnoreCase(name, dropped)) return true;
        return false;
    }
}

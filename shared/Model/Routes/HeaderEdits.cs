namespace Ambient.Model.Routes;

/// <param name="Name">Lower case.</param>
/// <param name="HasOperators">The value is a <see cref="FieldFormat"/>; of an ordinary field.</param>
public sealed record HeaderValue(string Name, string Value, bool HasOperators = false);

/// <summary>Changes of header fields: first <see cref="Set"/>, then <see cref="Add"/>, then <see cref="Remove"/>. Immutable, equal by content.</summary>
/// <remarks>Names are lower case and those of ordinary fields; <c>host</c> may be set, which changes the authority.</remarks>
public sealed record HeaderEdits
{
    public static readonly HeaderEdits None = new();

    /// <summary>Replaces all values of the name.</summary>
    public EquatableArray<HeaderValue> Set { get; init; }

    /// <summary>Adds a value to those that are there.</summary>
    public EquatableArray<HeaderValue> Add { get; init; }

    public EquatableArray<string> Remove { get; init; }

    public bool IsEmpty => Set.IsEmpty && Add.IsEmpty && Remove.IsEmpty;
}

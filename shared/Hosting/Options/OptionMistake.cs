namespace Ambient.Hosting.Options;

/// <summary>One setting that cannot be used as it is.</summary>
/// <param name="Name">Environment variable, or file and key.</param>
/// <param name="Value">As given; null if it is missing or secret.</param>
/// <param name="Allowed">What to write instead, and why if that is not plain.</param>
public sealed record OptionMistake(string Name, string? Value, string Allowed)
{
    public override string ToString() => Value is null ? $"{Name}: {Allowed}" : $"{Name} is '{Value}'; {Allowed}";
}

/// <summary>The process cannot start with these settings. Carries every mistake, so that one restart mends all.</summary>
public sealed class OptionsException(IReadOnlyList<OptionMistake> mistakes)
    : Exception($"{mistakes.Count} setting(s) cannot be used:\n" + string.Join('\n', mistakes.Select(mistake => $"  {mistake}")))
{
    public IReadOnlyList<OptionMistake> Mistakes { get; } = mistakes;
}

namespace Ambient.HttpCases;

public enum CaseVerdict
{
    /// <summary>Nothing of it is passed on; it is answered with an error, or its connection or stream ends.</summary>
    Refused,

    /// <summary>A beginning may have been passed on before it broke; whoever got that sees that it is not whole.</summary>
    Cut,

    /// <summary>It is passed on in exactly the form that the case names.</summary>
    Passes,

    /// <summary>The same, and nothing may follow on its connection.</summary>
    PassesLast,
}

/// <summary>One message of the corpus, and what a proxy of ours does with it.</summary>
/// <param name="Group">The file that it stands in, without extension.</param>
/// <param name="Lines">The message; how they are read depends on the group (see the files).</param>
/// <param name="Statuses">That it may be answered with if it is refused; empty for a message that is not answered.</param>
/// <param name="Passed">What the other side gets.</param>
public sealed record MessageCase(string Group, string Name, IReadOnlyList<string> Lines, CaseVerdict Verdict, IReadOnlyList<int> Statuses, string Passed)
{
    /// <summary>The message in one piece.</summary>
    public string Bytes => string.Concat(Lines);

    public override string ToString() => Name;
}

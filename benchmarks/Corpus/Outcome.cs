namespace Ambient.Corpus;

internal enum OutcomeKind
{
    /// <summary>Nothing of it was passed on.</summary>
    Refused,

    /// <summary>A beginning was passed on, and then the connection ended.</summary>
    Cut,

    /// <summary>A beginning was passed on, and whoever got it waits for the rest.</summary>
    Waits,

    /// <summary>What was passed on has one meaning.</summary>
    Clear,

    /// <summary>What was passed on is in doubt for the strict reader.</summary>
    Doubtful,

    /// <summary>Somebody else was given what belonged to this exchange.</summary>
    Poisoned,
}

/// <param name="Note">The doubt; empty without one.</param>
internal sealed record Outcome(OutcomeKind Kind, string Note = "")
{
    public override string ToString() => Kind switch
    {
        OutcomeKind.Refused => "refused",
        OutcomeKind.Cut => "cut",
        OutcomeKind.Waits => "waits",
        OutcomeKind.Clear => "passed",
        OutcomeKind.Doubtful => $"**{Note}**",
        _ => "**POISONED**",
    };
}

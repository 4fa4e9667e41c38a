namespace Ambient.TestKit.Reference;

/// <summary>Whether a condition holds, where some conditions cannot be evaluated.</summary>
public enum Verdict { No, Unknown, Yes }

public static class Verdicts
{
    public static Verdict Of(bool holds) => holds ? Verdict.Yes : Verdict.No;

    public static Verdict Not(Verdict verdict) => Verdict.Yes - (int)verdict;

    /// <summary>The worst of them; yes for none.</summary>
    public static Verdict All(IEnumerable<Verdict> verdicts) => verdicts.Append(Verdict.Yes).Min();

    /// <summary>The best of them; no for none.</summary>
    public static Verdict Any(IEnumerable<Verdict> verdicts) => verdicts.Append(Verdict.No).Max();
}

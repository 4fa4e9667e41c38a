namespace Ambient.Deploy.Templates;

/// <param name="IsAction">Whether it stood between the braces; they are not part of <paramref name="Text"/>.</param>
internal readonly record struct TemplatePiece(int Line, bool IsAction, string Text);

/// <summary>Cuts a template into text and actions. A dash inside the braces takes the white space on its side away.</summary>
internal static class TemplateText
{
    private const string Open = "{{", Close = "}}";

    /// <exception cref="RenderException">An action is not closed.</exception>
    public static List<TemplatePiece> Cut(string name, string template)
    {
        var pieces = new List<TemplatePiece>();
        var (at, trims) = (0, false);
        while (at < template.Length)
        {
            var open = template.IndexOf(Open, at, StringComparison.Ordinal);
            var text = open < 0 ? template[at..] : template[at..open];
            var trimsBefore = open >= 0 && template.AsSpan(open + Open.Length).StartsWith("- ");
            if (trims) text = text.TrimStart();
            if (trimsBefore) text = text.TrimEnd();
            if (text.Length > 0) pieces.Add(new(LineOf(template, at), false, text));
            if (open < 0) break;

            var close = template.IndexOf(Close, open, StringComparison.Ordinal);
            if (close < 0) throw new RenderException($"{name}:{LineOf(template, open)}: an action is not closed with {Close}.");
            var action = template[(open + Open.Length)..close];
            trims = action.EndsWith(" -", StringComparison.Ordinal) || action.EndsWith("*/-", StringComparison.Ordinal);
            action = action[(trimsBefore ? 1 : 0)..(action.Length - (trims ? 1 : 0))].Trim();
            if (!action.StartsWith("/*", StringComparison.Ordinal)) pieces.Add(new(LineOf(template, open), true, action));
            at = close + Close.Length;
        }
        return pieces;
    }

    private static int LineOf(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;
}

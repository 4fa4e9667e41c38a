namespace Ambient.Http1.Heads;

/// <summary>Reads the heads of requests: what a server gets.</summary>
public sealed class RequestParser(Http1Limits limits) : HeadParser(limits, Http1Violation.RequestLineTooLong)
{
    private bool _skippedEmptyLine;

    /// <summary>Readable once <see cref="HeadStatus.Complete"/>, until <see cref="HeadParser.Reset"/>.</summary>
    public RequestHead Head { get; } = new();

    private protected override FieldSection Fields => Head.Fields;

    // RFC 9112 §2.2: old clients send an empty line after a body, so one is let pass.
    private protected override bool SkipsEmptyLine() => !_skippedEmptyLine && (_skippedEmptyLine = true);

    private protected override Http1Error ReadStartLine(byte[] bytes, (int Start, int Length) line) =>
        line.Length == 0 ? Http1Error.Of(Http1Violation.EmptyLinesBeforeRequest) : RequestLine.Read(bytes, line, Head);

    private protected override Http1Error ApplyRules(Http1Limits limits) => RequestRules.Apply(Head, limits);

    private protected override void Rebase(byte[] bytes) => Head.Rebase(bytes);

    private protected override void Clear()
    {
        Head.Clear();
        _skippedEmptyLine = false;
    }
}

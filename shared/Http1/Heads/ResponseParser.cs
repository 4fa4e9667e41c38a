namespace Ambient.Http1.Heads;

/// <summary>Reads the heads of responses: what a client gets. Interim responses (1xx) come as heads of their own: reset and go on.</summary>
/// <remarks><see cref="Expect"/> before each request's answer: how its body ends depends on the request (RFC 9112 §6.3).</remarks>
public sealed class ResponseParser(Http1Limits limits) : HeadParser(limits, Http1Violation.StatusLineTooLong)
{
    private bool _answersHead, _answersConnect;

    /// <summary>Readable once <see cref="HeadStatus.Complete"/>, until <see cref="HeadParser.Reset"/>.</summary>
    public ResponseHead Head { get; } = new();

    private protected override FieldSection Fields => Head.Fields;

    /// <summary>Names the request that the next final response answers; stays over <see cref="HeadParser.Reset"/>, as interim responses precede it.</summary>
    /// <param name="method">As it was sent.</param>
    public void Expect(ReadOnlySpan<byte> method)
    {
        _answersHead = method.SequenceEqual("HEAD"u8);
        _answersConnect = method.SequenceEqual("CONNECT"u8);
    }

    private protected override Http1Error ReadStartLine(byte[] bytes, (int Start, int Length) line) => StatusLine.Read(bytes, line, Head);

    private protected override Http1Error ApplyRules(Http1Limits limits) => ResponseRules.Apply(Head, _answersHead, _answersConnect, limits);

    private protected override void Rebase(byte[] bytes) => Head.Rebase(bytes);

    private protected override void Clear() => Head.Clear();
}

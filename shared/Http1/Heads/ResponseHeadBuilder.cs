using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>Builds the head of a response. Order: <see cref="Begin"/>, the fields, <see cref="Complete"/>.</summary>
public sealed class ResponseHeadBuilder(Http1Limits limits) : HeadBuilder(limits)
{
    /// <summary>Readable once complete, until <see cref="HeadBuilder.Reset"/>.</summary>
    public ResponseHead Head { get; } = new();

    private protected override FieldSection Fields => Head.Fields;

    /// <param name="status">Of three digits.</param>
    public void Begin(int status)
    {
        Head.Version = HttpVersion.Http2;
        Head.Status = status;
    }

    /// <param name="hasBody">Something may follow the head, be it only trailers.</param>
    /// <param name="length">What the head announces; null if nothing.</param>
    /// <param name="answersHead">The request was HEAD.</param>
    public Http1Error Complete(bool hasBody, long? length, bool answersHead)
    {
        Head.AnnouncedLength = length;
        Head.KeepAlive = true;
        Head.Framing = answersHead || Head.Status is < 200 or 204 or 304 ? BodyFraming.None
            : !hasBody ? BodyFraming.OfLength(0)
            : length > 0 ? BodyFraming.OfLength(length.Value) : BodyFraming.Chunked;
        return Head.Status is >= 100 and < 600 and not 101 ? CheckCount() : Http1Error.Of(Http1Violation.BadStatusLine);
    }

    private protected override void Clear() => Head.Clear();

    private protected override void Rebase(byte[] bytes) => Head.Rebase(bytes);
}

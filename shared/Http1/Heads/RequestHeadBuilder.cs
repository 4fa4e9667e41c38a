using System.Text;
using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>Builds the head of a request. Order: <see cref="Begin"/>, the fields, <see cref="Complete"/>.</summary>
public sealed class RequestHeadBuilder(Http1Limits limits) : HeadBuilder(limits)
{
    private readonly Http1Limits _limits = limits;

    /// <summary>Readable once complete, until <see cref="HeadBuilder.Reset"/>.</summary>
    public RequestHead Head { get; } = new();

    private protected override FieldSection Fields => Head.Fields;

    /// <param name="target">Path and query, or the asterisk; empty for CONNECT.</param>
    /// <param name="authority">Becomes the Host field too, so that a request looks the same whichever way it came; empty if there is none.</param>
    public void Begin(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        Head.Version = HttpVersion.Http2;
        Head.KeepAlive = true;
        var at = Append(method);
        Head.SetMethod(at.Start, at.Length);
        at = Append(target);
        Head.SetTarget(at.Start, at.Length);
        Head.SetPathInTarget(..);
        Head.Form = target.IsEmpty ? TargetForm.Authority : target.SequenceEqual("*"u8) ? TargetForm.Asterisk : TargetForm.Origin;
        if (authority.IsEmpty) return;
        Add("host"u8, authority);
        Head.SetAuthorityFromField(0);
    }

    /// <summary>Instead of <see cref="Begin"/>, for a WebSocket that is asked for by extended CONNECT.</summary>
    public void BeginWebSocket(ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        Begin("GET"u8, target, authority);
        Head.IsExtendedConnect = true;
    }

    /// <param name="hasBody">Something may follow the head, be it only trailers.</param>
    /// <param name="length">What the head announces; null if nothing.</param>
    /// <returns>What a request must not have, whatever it came in.</returns>
    public Http1Error Complete(bool hasBody, long? length)
    {
        Head.Framing = !hasBody ? length is null ? BodyFraming.None : BodyFraming.OfLength(0)
            : length > 0 ? BodyFraming.OfLength(length.Value) : BodyFraming.Chunked;
        if (Head.Form != TargetForm.Authority && !IsTarget()) return Http1Error.Of(Http1Violation.BadTarget);
        if (!Head.Authority.IsEmpty && !Authority.TryParse(Head.Authority, out _)) return Http1Error.Of(Http1Violation.BadHost);
        if (length > _limits.BodyBytes) return Http1Error.BodyTooLarge(_limits.BodyBytes);
        var error = CheckCount();
        return error.IsNone ? CheckExpect() : error;
    }

    private protected override void Clear() => Head.Clear();

    private protected override void Rebase(byte[] bytes) => Head.Rebase(bytes);

    private bool IsTarget() => HttpCharacters.IsTarget(Head.Target)
        && (Head.Target[0] == '/' || (Head.Form == TargetForm.Asterisk && Head.Method.SequenceEqual("OPTIONS"u8)));

    private Http1Error CheckExpect()
    {
        foreach (var field in Head.Fields)
        {
            if (!field.Is("expect"u8)) continue;
            if (!Ascii.EqualsIgnoreCase(field.Value, "100-continue"u8)) return Http1Error.Of(Http1Violation.UnknownExpectation);
            Head.ExpectsContinue = Head.Framing.HasBody;
        }

        return default;
    }
}

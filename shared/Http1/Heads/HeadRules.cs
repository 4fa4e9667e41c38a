using System.Text;
using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>What the fields of a request mean together: who is asked, how long the body is, whether the connection stays.</summary>
internal static class HeadRules
{
    public static Http1Error Apply(RequestHead head, Http1Limits limits)
    {
        var error = ApplyHost(head);
        if (error.IsNone) error = ApplyFraming(head, limits);
        if (error.IsNone) error = ApplyExpect(head);
        if (error.IsNone) ApplyConnection(head);
        return error;
    }

    private static Http1Error ApplyHost(RequestHead head)
    {
        var count = head.Fields.CountOf("host"u8);
        if (count > 1) return Http1Error.Of(Http1Violation.DuplicateHost);
        if (count == 0)
            return head.Version == HttpVersion.Http11 ? Http1Error.Of(Http1Violation.MissingHost) : default;

        var index = head.Fields.IndexOf("host"u8);
        var host = head.Fields[index].Value;
        if (!Authority.TryParse(host, out _)) return Http1Error.Of(Http1Violation.BadHost);
        if (head.Form is TargetForm.Absolute or TargetForm.Authority)
            return Ascii.EqualsIgnoreCase(host, head.Authority) ? default : Http1Error.Of(Http1Violation.HostDisagrees);

        head.SetAuthorityFromField(index);
        return default;
    }

    private static Http1Error ApplyFraming(RequestHead head, Http1Limits limits)
    {
        var lengths = head.Fields.CountOf("content-length"u8);
        var codings = head.Fields.CountOf("transfer-encoding"u8);
        if (codings > 0 && head.Version == HttpVersion.Http10) return Http1Error.Of(Http1Violation.TransferCodingBeforeHttp11);
        if (codings > 0 && lengths > 0) return Http1Error.Of(Http1Violation.LengthAndChunked);
        if (codings > 0) return ApplyChunked(head, codings);
        if (lengths > 1) return Http1Error.Of(Http1Violation.DuplicateContentLength);
        return lengths == 1 ? ApplyLength(head, limits) : default;
    }

    private static Http1Error ApplyChunked(RequestHead head, int codings)
    {
        head.Fields.TryGet("transfer-encoding"u8, out var coding);
        if (codings > 1 || !Ascii.EqualsIgnoreCase(coding, "chunked"u8))
            return Http1Error.Of(Http1Violation.UnsupportedTransferCoding);
        head.Framing = BodyFraming.Chunked;
        return default;
    }

    private static Http1Error ApplyLength(RequestHead head, Http1Limits limits)
    {
        head.Fields.TryGet("content-length"u8, out var digits);
        if (!ContentLength.TryParse(digits, out var length)) return Http1Error.Of(Http1Violation.BadContentLength);
        if (length > limits.BodyBytes) return Http1Error.BodyTooLarge(limits.BodyBytes);
        head.Framing = BodyFraming.OfLength(length);
        return default;
    }

    private static Http1Error ApplyExpect(RequestHead head)
    {
        // RFC 9110 §10.1.1: an HTTP/1.0 client cannot know it, so it is ignored there.
        if (head.Version == HttpVersion.Http10) return default;

        foreach (var field in head.Fields)
        {
            if (!field.Is("expect"u8)) continue;
            if (!Ascii.EqualsIgnoreCase(field.Value, "100-continue"u8)) return Http1Error.Of(Http1Violation.UnknownExpectation);
            head.ExpectsContinue = head.Framing.HasBody;
        }

        return default;
    }

    // RFC 9112 §9.3.
    private static void ApplyConnection(RequestHead head)
    {
        var close = head.Fields.HasToken("connection"u8, "close"u8);
        head.KeepAlive = !close && (head.Version == HttpVersion.Http11 || head.Fields.HasToken("connection"u8, "keep-alive"u8));
    }
}

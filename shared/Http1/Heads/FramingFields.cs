using System.Text;
using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>What Content-Length and Transfer-Encoding say together (RFC 9112 §6), the same for both directions: any doubt is refused.</summary>
internal static class FramingFields
{
    /// <param name="framing">None if neither field is there.</param>
    public static Http1Error Read(FieldSection fields, HttpVersion version, Http1Limits limits, out BodyFraming framing)
    {
        framing = BodyFraming.None;
        var lengths = fields.CountOf("content-length"u8);
        var codings = fields.CountOf("transfer-encoding"u8);
        if (codings > 0 && version == HttpVersion.Http10) return Http1Error.Of(Http1Violation.TransferCodingBeforeHttp11);
        if (codings > 0 && lengths > 0) return Http1Error.Of(Http1Violation.LengthAndChunked);
        if (codings > 0) return ReadCoding(fields, codings, out framing);
        if (lengths > 1) return Http1Error.Of(Http1Violation.DuplicateContentLength);
        return lengths == 1 ? ReadLength(fields, limits, out framing) : default;
    }

    private static Http1Error ReadCoding(FieldSection fields, int codings, out BodyFraming framing)
    {
        framing = BodyFraming.Chunked;
        fields.TryGet("transfer-encoding"u8, out var coding);
        return codings > 1 || !Ascii.EqualsIgnoreCase(coding, "chunked"u8)
            ? Http1Error.Of(Http1Violation.UnsupportedTransferCoding) : default;
    }

    private static Http1Error ReadLength(FieldSection fields, Http1Limits limits, out BodyFraming framing)
    {
        framing = BodyFraming.None;
        fields.TryGet("content-length"u8, out var digits);
        if (!ContentLength.TryParse(digits, out var length)) return Http1Error.Of(Http1Violation.BadContentLength);
        if (length > limits.BodyBytes) return Http1Error.BodyTooLarge(limits.BodyBytes);
        framing = BodyFraming.OfLength(length);
        return default;
    }
}

namespace Ambient.Http1;

/// <summary>A refused message: what is wrong, the status to answer a request with (a proxy answers 502 for any refused response), and a sentence that names the thing and the limit.</summary>
/// <remarks>Nothing of the peer's bytes is repeated in <see cref="Message"/>, so it may be logged and sent back.</remarks>
public readonly record struct Http1Error(Http1Violation Violation, int Status, string Message)
{
    public bool IsNone => Violation == Http1Violation.None;

    internal static Http1Error TooLong(Http1Violation violation, int limit) => violation switch
    {
        Http1Violation.RequestLineTooLong => new(violation, 414, $"The request line is longer than {limit} bytes."),
        Http1Violation.StatusLineTooLong => new(violation, 502, $"The status line is longer than {limit} bytes."),
        Http1Violation.FieldLineTooLong => new(violation, 431, $"A header line is longer than {limit} bytes."),
        Http1Violation.HeadTooLarge => new(violation, 431, $"The first line and the headers are larger than {limit} bytes together."),
        Http1Violation.TooManyFields => new(violation, 431, $"There are more than {limit} headers."),
        Http1Violation.TrailersTooLarge => new(violation, 431, $"The trailers are larger than {limit} bytes together."),
        Http1Violation.TooManyTrailers => new(violation, 431, $"There are more than {limit} trailers."),
        Http1Violation.ChunkLineTooLong => new(violation, 400, $"A chunk size line is longer than {limit} bytes."),
        _ => throw new ArgumentOutOfRangeException(nameof(violation), violation, "not a length"),
    };

    internal static Http1Error BodyTooLarge(long limit) =>
        new(Http1Violation.BodyTooLarge, 413, $"The body is larger than {limit} bytes.");

    internal static Http1Error Of(Http1Violation violation) => violation switch
    {
        Http1Violation.BareLineFeed => new(violation, 400, "A line ends in LF without CR (RFC 9112 §2.2)."),
        Http1Violation.BareCarriageReturn => new(violation, 400, "A line has a CR that is not followed by LF (RFC 9112 §2.2)."),
        Http1Violation.EmptyLinesBeforeRequest => new(violation, 400, "More than one empty line before the request line (RFC 9112 §2.2)."),
        Http1Violation.BadRequestLine => new(violation, 400, "The request line is not 'method SP target SP version' (RFC 9112 §3)."),
        Http1Violation.BadStatusLine => new(violation, 502, "The status line is not 'version SP status [SP reason]' with a status of 100 to 599 (RFC 9112 §4)."),
        Http1Violation.BadMethod => new(violation, 400, "The method is not a token (RFC 9110 §9.1)."),
        Http1Violation.BadTarget => new(violation, 400, "The target has no form that this method allows (RFC 9112 §3.2)."),
        Http1Violation.BadVersion => new(violation, 400, "The version is not 'HTTP/' digit '.' digit (RFC 9112 §2.3)."),
        Http1Violation.UnsupportedVersion => new(violation, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."),
        Http1Violation.LineFolding => new(violation, 400, "A header is continued on a second line (RFC 9112 §5.2)."),
        Http1Violation.MissingColon => new(violation, 400, "A header line has no colon (RFC 9112 §5)."),
        Http1Violation.SpaceBeforeColon => new(violation, 400, "There is whitespace before a header's colon (RFC 9112 §5.1)."),
        Http1Violation.BadFieldName => new(violation, 400, "A header name is not a token (RFC 9110 §5.1)."),
        Http1Violation.BadFieldValue => new(violation, 400, "A header value has a control character (RFC 9110 §5.5)."),
        Http1Violation.MissingHost => new(violation, 400, "An HTTP/1.1 request needs a Host header (RFC 9112 §3.2)."),
        Http1Violation.DuplicateHost => new(violation, 400, "There is more than one Host header (RFC 9112 §3.2)."),
        Http1Violation.BadHost => new(violation, 400, "Host is not a name or address with an optional port (RFC 9110 §7.2)."),
        Http1Violation.HostDisagrees => new(violation, 400, "Host names another authority than the target (RFC 9112 §3.2.2)."),
        Http1Violation.BadContentLength => new(violation, 400, "Content-Length is not one decimal number below 2^63 (RFC 9110 §8.6)."),
        Http1Violation.DuplicateContentLength => new(violation, 400, "There is more than one Content-Length (RFC 9112 §6.3)."),
        Http1Violation.LengthAndChunked => new(violation, 400, "Content-Length and Transfer-Encoding contradict each other (RFC 9112 §6.1)."),
        Http1Violation.UnsupportedTransferCoding => new(violation, 501, "Transfer-Encoding is something else than 'chunked', once (RFC 9112 §6.1)."),
        Http1Violation.TransferCodingBeforeHttp11 => new(violation, 400, "HTTP/1.0 has no Transfer-Encoding (RFC 9112 §6.1)."),
        Http1Violation.UnknownExpectation => new(violation, 417, "The only expectation served is 100-continue (RFC 9110 §10.1.1)."),
        Http1Violation.BadChunkSize => new(violation, 400, "A chunk size is not a hexadecimal number below 2^60 (RFC 9112 §7.1)."),
        Http1Violation.BadChunkExtension => new(violation, 400, "A chunk extension has a control character or no ';' (RFC 9112 §7.1.1)."),
        Http1Violation.BadChunkEnd => new(violation, 400, "A chunk's data is not followed by CRLF (RFC 9112 §7.1)."),
        _ => throw new ArgumentOutOfRangeException(nameof(violation), violation, "has a number in its message"),
    };
}

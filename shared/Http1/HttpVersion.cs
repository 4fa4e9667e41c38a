namespace Ambient.Http1;

public enum HttpVersion : byte
{
    Http10,
    Http11,

    /// <summary>Never read from text: heads that came in HTTP/2 frames say so.</summary>
    Http2,
}

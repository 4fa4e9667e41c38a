using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>A response's line and fields, checked; what follows on the connection is told by <see cref="Framing"/>.</summary>
/// <remarks>Belongs to its <see cref="ResponseParser"/> and is valid until that is reset. All spans are the bytes as they were sent.</remarks>
public sealed class ResponseHead
{
    private byte[] _bytes = [];
    private (int Start, int Length) _reason;

    /// <summary>100 to 599.</summary>
    public int Status { get; internal set; }

    /// <summary>The words behind the status, as sent; may be empty, and mean nothing (RFC 9112 §4).</summary>
    public ReadOnlySpan<byte> Reason => _bytes.AsSpan(_reason.Start, _reason.Length);

    public HttpVersion Version { get; internal set; }

    public FieldSection Fields { get; } = new();

    /// <summary>How the body that follows is delimited. None for an answer to HEAD, whatever its Content-Length says.</summary>
    public BodyFraming Framing { get; internal set; }

    /// <summary>The length that the head announces; for an answer to HEAD and for 304 of a body that does not follow. Null if it announces none.</summary>
    public long? AnnouncedLength { get; internal set; }

    /// <summary>The connection may carry another exchange once the body is over (RFC 9112 §9.3).</summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>Bytes of the head as HTTP/1.1 writes it, line ends and all.</summary>
    public int Size => "HTTP/1.1 200 \r\n".Length + _reason.Length + Fields.Size + 2;

    /// <summary>1xx: the final response still follows. Not so for 101, after which the connection belongs to another protocol.</summary>
    public bool IsInterim => Status is < 200 and not 101;

    internal void Rebase(byte[] bytes)
    {
        _bytes = bytes;
        Fields.Rebase(bytes);
    }

    internal void SetReason(int start, int length) => _reason = (start, length);

    internal void Clear()
    {
        Rebase([]);
        Fields.Clear();
        _reason = default;
        Status = 0;
        Version = default;
        Framing = default;
        AnnouncedLength = null;
        KeepAlive = false;
    }
}

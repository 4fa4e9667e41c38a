using Ambient.Http1.Bodies;

namespace Ambient.Http1.Heads;

/// <summary>A request's line and fields, checked; what follows on the connection is told by <see cref="Framing"/>.</summary>
/// <remarks>Belongs to its <see cref="RequestParser"/> and is valid until that is reset. All spans are the bytes as they were sent.</remarks>
public sealed class RequestHead
{
    private byte[] _bytes = [];
    private (int Start, int Length) _method, _target, _authority, _path;

    /// <summary>Case-sensitive token, e.g. <c>GET</c>.</summary>
    public ReadOnlySpan<byte> Method => Slice(_method);

    /// <summary>The target exactly as sent.</summary>
    public ReadOnlySpan<byte> Target => Slice(_target);

    public TargetForm Form { get; internal set; }

    /// <summary>Path without query, as sent: neither decoded nor normalised. Empty for CONNECT, <c>*</c> for the asterisk form.</summary>
    public ReadOnlySpan<byte> Path
    {
        get
        {
            var all = Slice(_path);
            var mark = all.IndexOf((byte)'?');
            return mark < 0 ? all : all[..mark];
        }
    }

    /// <summary>What follows the first <c>?</c>, as sent; empty if there is none.</summary>
    public ReadOnlySpan<byte> Query
    {
        get
        {
            var all = Slice(_path);
            var mark = all.IndexOf((byte)'?');
            return mark < 0 ? default : all[(mark + 1)..];
        }
    }

    /// <summary>Path and query as sent, of any form of the target; may be empty for the absolute form.</summary>
    public ReadOnlySpan<byte> PathAndQuery => Slice(_path);

    /// <summary>Who is asked: Host, or the target's authority, which never contradict each other. Empty only for HTTP/1.0 without Host.</summary>
    public ReadOnlySpan<byte> Authority => Slice(_authority);

    public HttpVersion Version { get; internal set; }

    public FieldSection Fields { get; } = new();

    /// <summary>How the request's body is delimited: never <see cref="BodyKind.UntilClose"/>.</summary>
    public BodyFraming Framing { get; internal set; }

    /// <summary>The client is ready for another exchange on this connection (RFC 9112 §9.3).</summary>
    public bool KeepAlive { get; internal set; }

    /// <summary>The client waits for 100 (Continue), or a final status, before it sends its body (RFC 9110 §10.1.1).</summary>
    public bool ExpectsContinue { get; internal set; }

    /// <summary>A WebSocket was asked for over HTTP/2 (RFC 8441): its method reads GET, as if it had come over HTTP/1.1.</summary>
    public bool IsExtendedConnect { get; internal set; }

    /// <summary>Bytes of the head as HTTP/1.1 writes it, line ends and all, without what framing adds.</summary>
    public int Size => _method.Length + _target.Length + "  HTTP/1.1\r\n".Length + Fields.Size + 2;

    public bool IsHead => Method.SequenceEqual("HEAD"u8);

    internal void Rebase(byte[] bytes)
    {
        _bytes = bytes;
        Fields.Rebase(bytes);
    }

    internal void SetMethod(int start, int length) => _method = (start, length);

    internal void SetTarget(int start, int length) => _target = (start, length);

    /// <param name="at">Relative to the target.</param>
    internal void SetAuthorityInTarget(Range at) => _authority = InTarget(at);

    /// <param name="at">Relative to the target.</param>
    internal void SetPathInTarget(Range at) => _path = InTarget(at);

    /// <param name="index">Of the Host field.</param>
    internal void SetAuthorityFromField(int index) => _authority = Fields.ValueAt(index);

    internal void Clear()
    {
        Rebase([]);
        Fields.Clear();
        _method = _target = _authority = _path = default;
        Form = default;
        Version = default;
        Framing = default;
        KeepAlive = ExpectsContinue = IsExtendedConnect = false;
    }

    private (int Start, int Length) InTarget(Range at)
    {
        var (offset, length) = at.GetOffsetAndLength(_target.Length);
        return (_target.Start + offset, length);
    }

    private ReadOnlySpan<byte> Slice((int Start, int Length) at) => _bytes.AsSpan(at.Start, at.Length);
}

/// <summary>The four shapes of a request target (RFC 9112 §3.2).</summary>
public enum TargetForm : byte
{
    /// <summary><c>/path?query</c>.</summary>
    Origin,

    /// <summary><c>http://authority/path?query</c>.</summary>
    Absolute,

    /// <summary><c>host:port</c>, for CONNECT alone.</summary>
    Authority,

    /// <summary><c>*</c>, for OPTIONS alone.</summary>
    Asterisk,
}

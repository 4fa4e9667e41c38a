using System.Buffers;
using Ambient.Http1.Bodies;

namespace Ambient.Http1.Requests;

/// <summary>Writes a request head (RFC 9112 §3): request line, Host, the caller's fields, then framing and connection fields of its own.</summary>
/// <remarks>What would let a value become a second header or a second request is refused with an exception: that is a bug of the caller.
/// Order: <see cref="Begin"/>, any number of <see cref="Field"/>, <see cref="End"/> or <see cref="EndUpgrade"/>.</remarks>
public readonly struct RequestWriter
{
    private readonly IBufferWriter<byte> _output;

    private RequestWriter(IBufferWriter<byte> output) => _output = output;

    /// <param name="target">In the form that the receiver expects (RFC 9112 §3.2): <c>/path?query</c> for a server.</param>
    /// <param name="authority">Host field; RFC 9112 §3.2 wants it first.</param>
    /// <exception cref="ArgumentException">A part is not what RFC 9112 allows in its place.</exception>
    public static RequestWriter Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, ReadOnlySpan<byte> authority)
    {
        if (!HttpCharacters.IsToken(method)) throw new ArgumentException("A method must be a token.", nameof(method));
        if (!HttpCharacters.IsTarget(target)) throw new ArgumentException("A target is printable ASCII without a fragment.", nameof(target));
        if (!HttpCharacters.IsFieldValue(authority)) throw new ArgumentException("An authority must not hold control characters.", nameof(authority));
        output.Write(method);
        output.Write(" "u8);
        output.Write(target);
        output.Write(" HTTP/1.1\r\n"u8);
        HeadText.WriteField(output, "host"u8, authority);
        return new(output);
    }

    /// <exception cref="ArgumentException">Not a token, a control character in the value, or a field that <see cref="End"/> owns.</exception>
    public RequestWriter Field(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        HeadText.WriteChecked(_output, name, value);
        return this;
    }

    /// <summary>Closes the head.</summary>
    /// <param name="body">How the body will be sent; a length of 0 is written, <see cref="BodyKind.None"/> writes nothing.</param>
    /// <exception cref="ArgumentException">The connection's end cannot end a request (RFC 9112 §6.3).</exception>
    public void End(BodyFraming body)
    {
        if (body.Kind == BodyKind.UntilClose) throw new ArgumentException("A request's body needs a length or chunks.", nameof(body));
        HeadText.WriteFraming(_output, body);
        _output.Write("\r\n"u8);
    }

    /// <summary>Closes the head of a request without body that asks to change the protocol (RFC 9110 §7.8).</summary>
    public void EndUpgrade(ReadOnlySpan<byte> protocol) => HeadText.WriteUpgrade(_output, protocol);
}

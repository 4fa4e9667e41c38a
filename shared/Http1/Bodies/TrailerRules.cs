using System.Text;

namespace Ambient.Http1.Bodies;

/// <summary>Fields that mean something before the body and so must not come after it (RFC 9110 §6.5.1).</summary>
public static class TrailerRules
{
    /// <summary>True for fields of framing, routing, authentication and connection control, and for modifiers of the request.</summary>
    public static bool IsForbidden(ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[32];
        if (name.Length > lower.Length) return false;
        Ascii.ToLower(name, lower, out var length);
        return IsForbiddenLower(lower[..length]);
    }

    private static bool IsForbiddenLower(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("content-length"u8) || name.SequenceEqual("transfer-encoding"u8) || name.SequenceEqual("host"u8)
        || name.SequenceEqual("trailer"u8) || name.SequenceEqual("te"u8) || name.SequenceEqual("connection"u8)
        || name.SequenceEqual("keep-alive"u8) || name.SequenceEqual("upgrade"u8) || name.SequenceEqual("expect"u8)
        || name.SequenceEqual("authorization"u8) || name.SequenceEqual("proxy-authorization"u8)
        || name.SequenceEqual("proxy-authenticate"u8) || name.SequenceEqual("www-authenticate"u8)
        || name.SequenceEqual("proxy-connection"u8) || name.SequenceEqual("cookie"u8) || name.SequenceEqual("set-cookie"u8)
        || name.SequenceEqual("content-type"u8) || name.SequenceEqual("content-encoding"u8) || name.SequenceEqual("content-range"u8)
        || name.SequenceEqual("range"u8) || name.SequenceEqual("cache-control"u8) || name.SequenceEqual("max-forwards"u8)
        || name.SequenceEqual("forwarded"u8) || name.StartsWith("x-forwarded-"u8);
}

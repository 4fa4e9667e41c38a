using System.Runtime.InteropServices;

namespace Ambient.Tls.OpenSsl;

/// <summary>The first entry of this thread's OpenSSL error queue, as a number to switch on and words to print.</summary>
internal readonly record struct OpenSslError(int Library, int Reason, string Text)
{
    private const int LibrarySsl = 20;          // ERR_LIB_SSL, <openssl/err.h>
    private const int AlertReasonOffset = 1000; // SSL_AD_REASON_OFFSET: reasons above it are alerts that the peer sent

    public bool IsSsl => Library == LibrarySsl;

    /// <summary>The alert description (RFC 8446 §6) that the peer sent, or null.</summary>
    public byte? PeerAlert => IsSsl && Reason is > AlertReasonOffset and < AlertReasonOffset + 256 or AlertReasonOffset
        ? (byte)(Reason - AlertReasonOffset)
        : null;

    /// <summary>Empties the queue; call before every operation whose failure is to be explained.</summary>
    /// <remarks>An entry left by one connection would make the next SSL_get_error report a healthy one as failed.</remarks>
    public static void Clear() => LibCrypto.ERR_clear_error();

    /// <summary>Takes the oldest entry, which is the cause, and drops what followed from it.</summary>
    public static OpenSslError Take()
    {
        var code = LibCrypto.ERR_get_error();
        var error = new OpenSslError((int)(code >> 23 & 0xFF), (int)(code & 0x7FFFFF), Describe(code));
        LibCrypto.ERR_clear_error();
        return error;
    }

    private static unsafe string Describe(ulong code)
    {
        if (code == 0) return "no reason given";
        var reason = Marshal.PtrToStringUTF8((nint)LibCrypto.ERR_reason_error_string(code)) ?? $"error {code:X8}";
        var library = Marshal.PtrToStringUTF8((nint)LibCrypto.ERR_lib_error_string(code));
        return library is null ? reason : $"{reason} ({library})";
    }
}

/// <summary>libssl or libcrypto refused something that only memory exhaustion or a broken installation explains.</summary>
public sealed class OpenSslException : Exception
{
    internal OpenSslException(string call) : this(call, OpenSslError.Take()) { }

    private OpenSslException(string call, OpenSslError error) : base($"{call} failed: {error.Text}.") { }

    internal static nint NotNull(nint value, string call) => value != 0 ? value : throw new OpenSslException(call);

    internal static void Succeeded(long result, string call)
    {
        if (result <= 0) throw new OpenSslException(call);
    }
}

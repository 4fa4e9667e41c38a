using System.Buffers;
using System.Net;
using System.Text;
using Ambient.Tls.Verification;

namespace Ambient.Tls.OpenSsl;

/// <summary>One TLS connection that we begin: handshake, then records, between two memory buffers. The caller moves the bytes. One thread at a time.</summary>
public sealed unsafe class OriginSession : IHandshake, IDisposable
{
    // Certificates may take 64 KiB; nothing else in a handshake is long.
    private const int MaxHandshakeBytes = 256 * 1024;

    /// <summary>Of plaintext in one record (RFC 8446 §5.1).</summary>
    public const int MaxRecord = 16 * 1024;

    private readonly OriginSettings _settings;
    private readonly string? _protocol;
    private readonly MemoryBio _received, _toSend;
    private nint _ssl;
    private long _handshakeBytes;

    /// <param name="protocol">What is to be spoken, by its name in ALPN (RFC 7301); null leaves that open.</param>
    public OriginSession(OriginContext context, string? protocol)
    {
        (_settings, _protocol) = (context.Settings, protocol);
        OpenSslError.Clear();
        _ssl = context.NewConnection();
        (_received, _toSend) = (MemoryBio.Create(), MemoryBio.Create());
        LibSsl.SSL_set_bio(_ssl, _received.Handle, _toSend.Handle);
        LibSsl.SSL_set_connect_state(_ssl);
        if (!IPAddress.TryParse(_settings.ServerName, out _)) SetServerName();
        if (protocol is not null) Offer(protocol);
    }

    ~OriginSession() => Free();

    /// <summary>Why it failed; null unless it did.</summary>
    public string? Failure { get; private set; }

    /// <summary>There may be something to read without more from the peer.</summary>
    public bool HoldsBytes => _ssl != 0 && (LibSsl.SSL_pending(_ssl) > 0 || _received.Pending > 0);

    public HandshakeStatus Advance(ReadOnlySpan<byte> received, IBufferWriter<byte> toSend)
    {
        _handshakeBytes += received.Length;
        Receive(received);
        OpenSslError.Clear();
        var result = LibSsl.SSL_do_handshake(_ssl);
        var error = result == 1 ? 0 : LibSsl.SSL_get_error(_ssl, result);
        if (error == 0) Failure = Mismatch();
        else if (error != LibSsl.ErrorWantRead) Failure = Explain();
        else if (_handshakeBytes > MaxHandshakeBytes) Failure = $"the server sent {_handshakeBytes} bytes without completing the handshake";
        _toSend.DrainTo(toSend);
        return Failure is not null ? HandshakeStatus.Failed : error == 0 ? HandshakeStatus.Complete : HandshakeStatus.NeedsInput;
    }

    /// <summary>Takes what came from the peer.</summary>
    public void Receive(ReadOnlySpan<byte> bytes) => _received.Write(bytes);

    /// <summary>Opens what was received.</summary>
    /// <param name="bytes">How many were written into <paramref name="into"/>, at least one byte long.</param>
    public RecordStatus Read(Span<byte> into, out int bytes)
    {
        OpenSslError.Clear();
        fixed (byte* start = into) bytes = LibSsl.SSL_read(_ssl, start, into.Length);
        if (bytes > 0) return RecordStatus.Data;
        var error = LibSsl.SSL_get_error(_ssl, bytes);
        bytes = 0;
        if (error == LibSsl.ErrorWantRead) return RecordStatus.NeedsMore;
        if (error == LibSsl.ErrorZeroReturn) return RecordStatus.Closed;
        Failure = Explain();
        return RecordStatus.Failed;
    }

    /// <summary>Seals at most <see cref="MaxRecord"/> bytes, to be taken with <see cref="TakeOutput"/>.</summary>
    /// <returns>False: it has failed.</returns>
    public bool Write(ReadOnlySpan<byte> plain)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plain.Length, MaxRecord, nameof(plain));
        OpenSslError.Clear();
        fixed (byte* start = plain)
            if (LibSsl.SSL_write(_ssl, start, plain.Length) == plain.Length) return true;
        Failure = Explain();
        return false;
    }

    /// <summary>Tells the peer that no more comes (close_notify).</summary>
    public void Close()
    {
        if (Failure is null) LibSsl.SSL_shutdown(_ssl);
        OpenSslError.Clear();
    }

    /// <returns>Bytes written, which are to be sent; 0 if there are none.</returns>
    public int TakeOutput(Span<byte> into) => _toSend.ReadSome(into);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void SetServerName()
    {
        fixed (byte* name = Encoding.ASCII.GetBytes(_settings.ServerName + '\0'))
            OpenSslException.Succeeded(LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlSetServerName, 0, name), "Setting the server's name");
    }

    private void Offer(string protocol)
    {
        byte[] list = [(byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)];
        fixed (byte* start = list)
            if (LibSsl.SSL_set_alpn_protos(_ssl, start, (uint)list.Length) != 0) throw new OpenSslException("SSL_set_alpn_protos"); // 0 is success here
    }

    /// <summary>Of a server whose chain leads to a root: whether it is whom we mean, and speaks what we want.</summary>
    private string? Mismatch()
    {
        if (_protocol == "h2" && !SpeaksHttp2()) return "the server does not speak HTTP/2 within TLS (ALPN)";
        if (_settings.AcceptsAnyone) return null;
        var certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0) return "the server has no certificate";
        try
        {
            if (_settings.Names.Count == 0) return IsFor(certificate, _settings.ServerName) ? null : $"the server's certificate is not for {_settings.ServerName}";
            var uris = CertificateFields.TryParse(Certificate.ToDer(certificate))?.Uris ?? [];
            return _settings.Names.Any(name => uris.Contains(name) || IsFor(certificate, name)) ? null : $"the server's certificate is for none of {string.Join(", ", _settings.Names)}";
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    private bool SpeaksHttp2()
    {
        byte* chosen;
        uint length;
        LibSsl.SSL_get0_alpn_selected(_ssl, &chosen, &length);
        return new ReadOnlySpan<byte>(chosen, (int)length).SequenceEqual("h2"u8);
    }

    private static bool IsFor(nint certificate, string name)
    {
        if (name.Contains('/') || name.Contains(':') && !IPAddress.TryParse(name, out _)) return false; // a URI
        var text = Encoding.UTF8.GetBytes(name + '\0');
        fixed (byte* start = text)
            return IPAddress.TryParse(name, out _)
                ? LibCrypto.X509_check_ip_asc(certificate, start, 0) == 1
                : LibCrypto.X509_check_host(certificate, start, (nuint)text.Length - 1, LibCrypto.NoPartialWildcards, null) == 1;
    }

    private string Explain()
    {
        var verified = (int)LibSsl.SSL_get_verify_result(_ssl);
        var error = OpenSslError.Take();
        return !_settings.AcceptsAnyone && verified != 0 ? $"the server's certificate is refused: {X509Errors.Describe(verified)}" : error.Text;
    }

    private void Free()
    {
        if (_ssl == 0) return;
        LibSsl.SSL_free(_ssl); // with both BIOs
        _ssl = 0;
    }
}

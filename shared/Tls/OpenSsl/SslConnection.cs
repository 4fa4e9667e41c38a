using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ambient.Tls.OpenSsl;

/// <summary>What libssl asks and tells while a handshake advances, on the thread that advances it.</summary>
internal interface ISslEvents
{
    /// <param name="line">One line in the format of NSS key logs: label, client random, secret. Secret!</param>
    void OnSecret(ReadOnlySpan<byte> line);

    bool Verify(PresentedChain presented);
}

/// <summary>One handshake (SSL*) between two memory buffers. One thread at a time.</summary>
internal sealed unsafe class SslConnection : IDisposable
{
    private static readonly int EventsIndex = LibCrypto.CRYPTO_get_ex_new_index(LibCrypto.ExIndexSsl, 0, 0, 0, 0, 0);
    private static readonly int ConnectionIndex = LibSsl.SSL_get_ex_data_X509_STORE_CTX_idx();

    private nint _ssl;
    private GCHandle _events;

    public SslConnection(SslContext context, ISslEvents events)
    {
        OpenSslError.Clear();
        _ssl = context.NewConnection();
        Received = MemoryBio.Create();
        ToSend = MemoryBio.Create();
        LibSsl.SSL_set_bio(_ssl, Received.Handle, ToSend.Handle);
        if (context.IsServer) LibSsl.SSL_set_accept_state(_ssl);
        else LibSsl.SSL_set_connect_state(_ssl);
        _events = GCHandle.Alloc(events);
        LibSsl.SSL_set_ex_data(_ssl, EventsIndex, GCHandle.ToIntPtr(_events));
    }

    ~SslConnection() => Free();

    public MemoryBio Received { get; }

    public MemoryBio ToSend { get; }

    /// <summary>Does what can be done with the bytes that are there.</summary>
    /// <returns>0 when complete, else an SSL_ERROR_* code.</returns>
    public int Advance()
    {
        ObjectDisposedException.ThrowIf(_ssl == 0, this);
        OpenSslError.Clear();
        var result = LibSsl.SSL_do_handshake(_ssl);
        var error = result == 1 ? 0 : LibSsl.SSL_get_error(_ssl, result);
        GC.KeepAlive(this);
        return error;
    }

    /// <summary>After completion: version, cipher suite, and whether libssl holds bytes that belong to the session.</summary>
    public (int Version, ushort CipherSuite, bool LimitsFragments, bool HoldsBytes) Outcome() => (
        LibSsl.SSL_version(_ssl),
        LibSsl.SSL_CIPHER_get_protocol_id(LibSsl.SSL_get_current_cipher(_ssl)),
        LibSsl.SSL_SESSION_get_max_fragment_length(LibSsl.SSL_get_session(_ssl)) != 0,
        LibSsl.SSL_has_pending(_ssl) != 0);

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static void OnSecret(nint ssl, byte* line)
    {
        try { Events(ssl)?.OnSecret(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line)); }
        catch (Exception) { } // an exception must not cross native frames; without its secrets the handshake fails by itself
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int OnVerify(nint storeContext, nint argument)
    {
        try
        {
            var events = Events(LibCrypto.X509_STORE_CTX_get_ex_data(storeContext, ConnectionIndex));
            if (events is not null && events.Verify(new(storeContext))) return 1;
            if (LibCrypto.X509_STORE_CTX_get_error(storeContext) == 0)
                LibCrypto.X509_STORE_CTX_set_error(storeContext, X509Errors.ApplicationVerification);
            return 0;
        }
        catch (Exception) // as above; refusing is always safe
        {
            LibCrypto.X509_STORE_CTX_set_error(storeContext, X509Errors.ApplicationVerification);
            return 0;
        }
    }

    /// <summary>Picks h2 out of the client's list (RFC 7301 §3.2). Not called for a client that sends no list.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    internal static int OnSelectProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint argument)
    {
        var at = 0u;
        while (at < offeredLength)
        {
            uint length = offered[at];
            if (length > offeredLength - at - 1) break;
            if (length == 2 && offered[at + 1] == 'h' && offered[at + 2] == '2')
            {
                *chosen = offered + at + 1;
                *chosenLength = 2;
                return LibSsl.TlsExtErrOk;
            }
            at += 1 + length;
        }
        return LibSsl.TlsExtErrAlertFatal;
    }

    private static ISslEvents? Events(nint ssl)
    {
        var handle = LibSsl.SSL_get_ex_data(ssl, EventsIndex);
        return handle == 0 ? null : (ISslEvents?)GCHandle.FromIntPtr(handle).Target;
    }

    private void Free()
    {
        if (_ssl == 0) return;
        LibSsl.SSL_free(_ssl); // with both BIOs
        _ssl = 0;
        _events.Free();
    }
}

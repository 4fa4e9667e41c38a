using System.Buffers;

namespace Ambient.Tls.OpenSsl;

/// <summary>Bytes on their way into or out of libssl. The SSL object that it is given to owns and frees it.</summary>
internal readonly unsafe struct MemoryBio(nint handle)
{
    public nint Handle => handle;

    public static MemoryBio Create() =>
        new(OpenSslException.NotNull(LibCrypto.BIO_new(LibCrypto.BIO_s_mem()), "BIO_new"));

    public int Pending => (int)LibCrypto.BIO_ctrl(handle, LibCrypto.BioCtrlPending, 0, null);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return; // BIO_write of nothing reports failure
        fixed (byte* b = bytes)
            if (LibCrypto.BIO_write(handle, b, bytes.Length) != bytes.Length) throw new OpenSslException("BIO_write");
    }

    public void DrainTo(IBufferWriter<byte> into)
    {
        var pending = Pending;
        if (pending == 0) return;
        into.Advance(Read(into.GetSpan(pending)[..pending]));
    }

    public byte[] Drain()
    {
        var bytes = new byte[Pending];
        if (bytes.Length > 0) Read(bytes);
        return bytes;
    }

    /// <returns>Bytes read, at most as many as there is room for.</returns>
    public int ReadSome(Span<byte> into)
    {
        var length = Math.Min(Pending, into.Length);
        return length == 0 ? 0 : Read(into[..length]);
    }

    private int Read(Span<byte> into)
    {
        fixed (byte* b = into)
        {
            var read = LibCrypto.BIO_read(handle, b, into.Length);
            return read == into.Length ? read : throw new OpenSslException("BIO_read");
        }
    }
}

using System.Buffers;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>A message in rented memory; who holds it last disposes it, once.</summary>
internal readonly struct PooledMessage : IDisposable
{
    private readonly byte[]? _rented;

    private PooledMessage(byte[] rented, int length) => (_rented, Length) = (rented, length);

    public int Length { get; }
    public Span<byte> Span => _rented.AsSpan(0, Length);
    public bool IsEmpty => _rented is null;

    public static PooledMessage Copy(ReadOnlySpan<byte> message)
    {
        var rented = ArrayPool<byte>.Shared.Rent(message.Length);
        message.CopyTo(rented);
        return new(rented, message.Length);
    }

    public void Dispose()
    {
        if (_rented is not null)
            ArrayPool<byte>.Shared.Return(_rented);
    }
}

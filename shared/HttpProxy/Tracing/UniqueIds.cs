using System.Security.Cryptography;

namespace Ambient.HttpProxy.Tracing;

/// <summary>Ids for requests and traces that came without one, from the system's source of randomness: no two replicas may give the same, for which workers' own seeds are too short. On one thread.</summary>
/// <remarks>Many at a time: a system call for each would cost more than finding the route.</remarks>
public sealed class UniqueIds
{
    private const int IdBytes = 16, AtOnce = 256;

    private readonly byte[] _random = new byte[AtOnce * IdBytes];
    private int _next = AtOnce * IdBytes;

    /// <summary>A random UUID (RFC 9562 §5.4).</summary>
    public Guid Next()
    {
        if (_next == _random.Length)
        {
            RandomNumberGenerator.Fill(_random);
            _next = 0;
        }

        var id = _random.AsSpan(_next, IdBytes);
        _next += IdBytes;
        id[6] = (byte)((id[6] & 0x0F) | 0x40); // version 4
        id[8] = (byte)((id[8] & 0x3F) | 0x80); // variant
        return new(id, bigEndian: true);
    }
}

using System.Security.Cryptography;

namespace Ambient.Waypoint.Routing;

/// <summary>Ids for requests that came without one (RFC 9562 §5.4), from the system's source of randomness: replicas must not give the same. On one thread.</summary>
/// <remarks>Many at a time: a system call for each would cost more than finding the route.</remarks>
internal sealed class RequestIds
{
    private const int IdBytes = 16, AtOnce = 256;

    private readonly byte[] _random = new byte[AtOnce * IdBytes];
    private int _next = AtOnce * IdBytes;

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

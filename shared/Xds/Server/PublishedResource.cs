using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Ambient.Xds.Server;

/// <summary>A resource as it is sent: encoded once, shared by all sessions. Immutable.</summary>
public sealed class PublishedResource
{
    /// <param name="payload">The message, without its <c>Any</c>.</param>
    public PublishedResource(string name, byte[] payload)
    {
        Name = name;
        Payload = payload;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using (var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            hasher.AppendData(Encoding.UTF8.GetBytes(name));
            hasher.AppendData([0]);
            hasher.AppendData(payload);
            hasher.GetHashAndReset(hash);
        }
        Version = BinaryPrimitives.ReadUInt64BigEndian(hash);
        Digest = BinaryPrimitives.ReadUInt128BigEndian(hash[8..]);
    }

    public string Name { get; }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>Of the content: replicas agree on it, and an equal content has an equal one. Hexadecimal on the wire.</summary>
    public ulong Version { get; }

    /// <summary>Other names under which a client may ask for it, told to those that did.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Further keys whose subscribers get it, such as the services that a workload belongs to. Never sent.</summary>
    public IReadOnlyList<string> Memberships { get; init; } = [];

    /// <summary>Keys of what a subscriber of this needs too, such as a waypoint. Never sent.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>Tells kinds of resources of one table apart; the table does not look at it.</summary>
    public int Kind { get; init; }

    /// <summary>Its share in the digest of a table.</summary>
    internal UInt128 Digest { get; }

    internal IEnumerable<string> Keys => [Name, .. Aliases, .. Memberships];
}

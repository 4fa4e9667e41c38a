using Ambient.Model.Identities;
using Ambient.Tls.Verification;

namespace Ambient.Tls;

/// <summary>Who the other side proved to be. Immutable, and shared by all connections on which it showed the same chain.</summary>
public sealed class PeerIdentity
{
    internal PeerIdentity(VerifiedPath path) => Path = path;

    /// <summary>The first URI SAN of its certificate that is a SPIFFE identity; null if there is none.</summary>
    public SpiffeId? Id => Path.Id;

    /// <summary>Serial number of its certificate, in hexadecimal, as certificate tools print it.</summary>
    public string SerialNumber => Convert.ToHexString(Path.Leaf.SerialNumber.Span);

    public DateTimeOffset NotBefore => Path.Leaf.NotBefore;

    public DateTimeOffset NotAfter => Path.Leaf.NotAfter;

    /// <summary>Leaf, intermediates, trust anchor.</summary>
    internal VerifiedPath Path { get; }

    /// <summary>Everything needed to <see cref="Restore"/> it in another process; nothing in it is secret.</summary>
    public byte[] Save() => Path.Save();

    /// <returns>Null if <paramref name="saved"/> is not what <see cref="Save"/> wrote.</returns>
    /// <remarks>The signatures are not checked again: take <paramref name="saved"/> only from a process of ours.</remarks>
    public static PeerIdentity? Restore(ReadOnlySpan<byte> saved) =>
        VerifiedPath.Restore(saved) is { } path ? new(path) : null;

    public override string ToString() => Id?.ToString() ?? $"certificate {SerialNumber} without SPIFFE identity";
}

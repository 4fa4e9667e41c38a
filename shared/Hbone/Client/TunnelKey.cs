using System.Collections.Immutable;
using System.Net;
using Ambient.Model.Identities;

namespace Ambient.Hbone.Client;

/// <summary>
/// What makes two connections able to share a tunnel: who we are, from which address, where it ends, and who may answer there.
/// Equal by content.
/// </summary>
/// <param name="Source">The identity whose certificate the tunnel presents.</param>
/// <param name="SourceAddress">The pod's address: a pod with two addresses keeps them apart.</param>
/// <param name="Destination">The next hop.</param>
/// <param name="Expected">Identities of which the peer must have one; never empty.</param>
public sealed record TunnelKey(SpiffeId Source, IPAddress SourceAddress, IPEndPoint Destination, ImmutableArray<SpiffeId> Expected)
{
    public bool Equals(TunnelKey? other) =>
        other is not null && Source.Equals(other.Source) && SourceAddress.Equals(other.SourceAddress)
        && Destination.Equals(other.Destination) && Expected.AsSpan().SequenceEqual(other.Expected.AsSpan());

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Source);
        hash.Add(SourceAddress);
        hash.Add(Destination);
        foreach (var identity in Expected) hash.Add(identity);
        return hash.ToHashCode();
    }
}

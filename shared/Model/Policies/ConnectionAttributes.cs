using System.Net;
using Ambient.Model.Addresses;
using Ambient.Model.Identities;

namespace Ambient.Model.Policies;

/// <summary>What policies know of a connection.</summary>
public readonly record struct ConnectionAttributes
{
    /// <param name="sourceIdentity">Identity proven by the caller's certificate; null for a plaintext connection.</param>
    /// <param name="source">The TCP peer: the tunnel's for HBONE.</param>
    /// <param name="destination">The pod's own address.</param>
    /// <param name="destinationPort">The application's port, after an application tunnel replaced it.</param>
    public ConnectionAttributes(SpiffeId? sourceIdentity, IPAddress source, IPAddress destination, ushort destinationPort)
    {
        SourceIdentity = sourceIdentity;
        Source = IpBits.Of(source);
        Destination = IpBits.Of(destination);
        DestinationPort = destinationPort;
    }

    public SpiffeId? SourceIdentity { get; }

    public ushort DestinationPort { get; }

    internal IpBits Source { get; }

    internal IpBits Destination { get; }
}

using System.Net;

namespace Ambient.Ztunnel.Socks;

/// <summary>Where a SOCKS client wants to go: an address, or a name that the proxy is to resolve.</summary>
/// <param name="Address">Null if a name was given.</param>
/// <param name="HostName">Lower case, without a trailing dot; null if an address was given.</param>
/// <param name="Port">1 to 65,535.</param>
internal sealed record SocksTarget(IPAddress? Address, string? HostName, int Port)
{
    public override string ToString() => Address is null ? $"{HostName}:{Port}" : new IPEndPoint(Address, Port).ToString();
}

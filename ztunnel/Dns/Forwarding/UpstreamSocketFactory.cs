using System.Net.Sockets;
using Ambient.Linux;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>
/// Makes a non-blocking, unbound, unconnected socket in the pod's network namespace that carries the packet mark, so that
/// its traffic leaves by the pod's routes and policies and is not captured again. Must not block the calling loop; may
/// complete on any thread.
/// </summary>
/// <returns>A descriptor that the caller owns.</returns>
/// <exception cref="LinuxException">Out of descriptors, or the namespace is gone.</exception>
internal delegate ValueTask<Descriptor> UpstreamSocketFactory(DnsTransport transport, AddressFamily family);

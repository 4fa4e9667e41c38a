namespace Ambient.Ztunnel.Dns;

internal enum DnsTransport : byte { Udp, Tcp }

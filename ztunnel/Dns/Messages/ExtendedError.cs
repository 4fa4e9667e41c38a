namespace Ambient.Ztunnel.Dns.Messages;

/// <summary>Why an answer is an error, in words for the client (RFC 8914); carried only to clients that speak EDNS.</summary>
/// <param name="InfoCode">A number of RFC 8914 §4.</param>
/// <param name="Text">One short sentence in ASCII, no secrets.</param>
internal sealed record ExtendedError(ushort InfoCode, string Text)
{
    public const ushort Option = 15, Other = 0, NotReady = 14, NoReachableAuthority = 22, NetworkError = 23;
}

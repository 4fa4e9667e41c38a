using Ambient.Ztunnel.Dns.Messages;

namespace Ambient.Ztunnel.Dns.Forwarding;

/// <summary>Why no upstream's answer can be relayed; the client gets SERVFAIL with these words (RFC 8914).</summary>
/// <param name="Result">As the access log says it; fixed once shipped.</param>
internal sealed record ForwardFailure(string Result, ExtendedError Reason)
{
    public static readonly ForwardFailure NoUpstream =
        new("no upstream", new(ExtendedError.NetworkError, "no nameserver is configured in resolv.conf of the node proxy"));

    public static readonly ForwardFailure Overloaded =
        new("too many outstanding queries", new(ExtendedError.Other, "too many queries of this pod are waiting for an upstream"));

    public static readonly ForwardFailure NoSocket =
        new("no socket", new(ExtendedError.Other, "no socket for the upstream could be made in the network of the pod"));

    public static readonly ForwardFailure Unreachable =
        new("upstream unreachable", new(ExtendedError.NetworkError, "no upstream resolver could be reached"));

    public static readonly ForwardFailure TimedOut =
        new("timeout", new(ExtendedError.NoReachableAuthority, "no upstream resolver answered in time"));

    public static readonly ForwardFailure Stopped =
        new("stopped", new(ExtendedError.NotReady, "the DNS proxy of this pod is stopping"));
}

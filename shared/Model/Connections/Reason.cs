using Flag = Ambient.Model.Connections.ResponseFlag;

namespace Ambient.Model.Connections;

/// <summary>One row of the table of endings: what metrics carry, what the tunnel's client is told, what people read.</summary>
/// <param name="Name">Value of <c>reason</c> in the access log.</param>
/// <param name="ResponseFlag">Value of <c>response_flags</c> in the metrics.</param>
/// <param name="HttpStatus">Answer to a CONNECT request refused for this reason; 0 = only after it was answered, or never there.</param>
/// <param name="Meaning">What happened, and what to look at next.</param>
public sealed record Reason(ReasonCode Code, string Name, string ResponseFlag, int HttpStatus, string Meaning)
{
    private static readonly Reason[] Table =
    [
        new(ReasonCode.None, "none", Flag.None, 0, "The connection is allowed or still open."),

        new(ReasonCode.Completed, "completed", Flag.None, 0, "Both sides finished."),
        new(ReasonCode.ResetByClient, "reset_by_client", Flag.None, 0, "The client reset the connection."),
        new(ReasonCode.ResetByServer, "reset_by_server", Flag.None, 0, "The server reset the connection."),
        new(ReasonCode.Drained, "drained", Flag.None, 503,
            "The proxy or the pod went away and the drain deadline passed. Clients should reconnect."),
        new(ReasonCode.IdleTimeout, "idle_timeout", Flag.None, 0,
            "No byte moved for the configured time. Raise the idle timeout, or let the application send keep-alives."),
        new(ReasonCode.PolicyChanged, "policy_changed", Flag.Deny, 0,
            "A policy changed while the connection was open and now refuses it."),
        new(ReasonCode.CertificateRevoked, "certificate_revoked", Flag.CertificateRevoked, 0,
            "The peer's certificate, or one above it, was revoked. Issue a new one, or correct the revocation list."),

        new(ReasonCode.DeniedByPolicy, "denied_by_policy", Flag.Deny, 401, "A DENY policy matched; its name is in the log line."),
        new(ReasonCode.NoPolicyAllows, "no_policy_allows", Flag.Deny, 401,
            "ALLOW policies apply to the workload and none matched. Add the caller to one of them."),
        new(ReasonCode.PolicyMissing, "policy_missing", Flag.Deny, 401,
            "The workload refers to a policy that the proxy has not received. Check that the control plane sends it."),
        new(ReasonCode.PolicyMalformed, "policy_malformed", Flag.Deny, 401,
            "A policy that applies cannot be read, so it is enforced as 'deny'. Correct it; the log says what is wrong."),
        new(ReasonCode.WaypointRequired, "waypoint_required", Flag.WaypointRequired, 421,
            "The connection did not come through the waypoint that the workload, or a service it is behind, asks for. Dial the service's " +
            "address, or let the caller pass with the annotation ambient.mesh/waypoint-bypass."),

        new(ReasonCode.LoopDetected, "loop_detected", Flag.Connect, 503,
            "The destination is one of the proxy's own ports. Connect to the application's port."),
        new(ReasonCode.UnknownSource, "unknown_source", Flag.Connect, 503,
            "The source pod is not known to the mesh yet. Check the proxy's connection to the control plane."),
        new(ReasonCode.UnknownDestination, "unknown_destination", Flag.Connect, 503,
            "The destination pod is not known to the mesh yet. Check the proxy's connection to the control plane."),
        new(ReasonCode.UnknownHost, "unknown_host", Flag.Connect, 503,
            "No service of that host name is known here, or it is not visible to the pod's namespace."),
        new(ReasonCode.NotOurDestination, "not_our_destination", Flag.Connect, 400,
            "The tunnel asks for an address that is neither the pod's nor served by it as a waypoint."),
        new(ReasonCode.NoHealthyUpstream, "no_healthy_upstream", Flag.Connect, 503,
            "The service has no endpoint that may be used: check readiness, ports and traffic distribution."),
        new(ReasonCode.NoTargetPort, "no_target_port", Flag.Connect, 503,
            "The service does not say which port of the pod serves this port."),
        new(ReasonCode.NoUsableAddress, "no_usable_address", Flag.Connect, 503,
            "The chosen workload has no address of an allowed family, no host name and no gateway."),
        new(ReasonCode.NameNotResolved, "name_not_resolved", Flag.Connect, 503,
            "The workload's host name could not be resolved. Check the node's DNS."),
        new(ReasonCode.WaypointUnknown, "waypoint_unknown", Flag.Connect, 503,
            "The destination must be reached through a waypoint that is not known here. Check that it exists and is programmed."),
        new(ReasonCode.WaypointUnhealthy, "waypoint_unhealthy", Flag.Connect, 503,
            "The destination's waypoint has no healthy endpoint. Check its pods."),
        new(ReasonCode.GatewayMissing, "gateway_missing", Flag.Connect, 503,
            "The destination is on another network, and no gateway leads there or it was not addressed as a service."),
        new(ReasonCode.GatewayUnknown, "gateway_unknown", Flag.Connect, 503,
            "The gateway to the other network is neither a known service nor a known workload."),
        new(ReasonCode.GatewayUnhealthy, "gateway_unhealthy", Flag.Connect, 503,
            "The gateway to the other network has no healthy endpoint."),

        new(ReasonCode.ConnectRefused, "connect_refused", Flag.Connect, 503,
            "The destination refused the connection. Is the application listening on that port and address?"),
        new(ReasonCode.ConnectTimeout, "connect_timeout", Flag.Connect, 503,
            "The destination did not answer in time. Check that it runs and that no network policy drops the traffic."),
        new(ReasonCode.ConnectUnreachable, "connect_unreachable", Flag.Connect, 503,
            "There is no network route to the destination."),
        new(ReasonCode.ConnectFailed, "connect_failed", Flag.Connect, 503,
            "The connection could not be made; the log line has the system's error."),
        new(ReasonCode.PortsExhausted, "ports_exhausted", Flag.Connect, 503,
            "No local port is free for this destination. Reuse connections, or widen net.ipv4.ip_local_port_range."),

        new(ReasonCode.IdentityUnavailable, "identity_unavailable", Flag.IdentityError, 503,
            "The proxy has no certificate for the pod. Check the certificate authority and the proxy's log."),
        new(ReasonCode.TunnelTimeout, "tunnel_timeout", Flag.NetworkPolicy, 503,
            "Port 15008 of the next hop did not answer. Does every network policy between the pods allow TCP 15008?"),
        new(ReasonCode.TlsTimeout, "tls_timeout", Flag.TlsFailure, 503,
            "The peer accepted the connection but did not finish the TLS handshake in time."),
        new(ReasonCode.TlsFailed, "tls_failed", Flag.TlsFailure, 503,
            "The TLS handshake failed; the log line has the alert."),
        new(ReasonCode.TlsUntrusted, "tls_untrusted", Flag.TlsFailure, 503,
            "The peer's certificate is not signed by a trusted root, or is of another trust domain."),
        new(ReasonCode.TlsWrongIdentity, "tls_wrong_identity", Flag.TlsFailure, 503,
            "The peer is not who the mesh says runs at that address. The pod may have been replaced: retry; if it stays, investigate."),
        new(ReasonCode.TlsExpired, "tls_expired", Flag.TlsFailure, 503,
            "A certificate is expired or not valid yet. Check the clocks of both nodes and the certificate authority."),
        new(ReasonCode.Http2Failed, "http2_failed", Flag.Http2Failure, 503,
            "The peer broke the HTTP/2 protocol or closed the tunnel while it was being set up."),
        new(ReasonCode.TunnelRefused400, "tunnel_refused_400", Flag.Connect, 503,
            "The next hop does not serve this destination: its view of the mesh differs from ours, usually for a moment."),
        new(ReasonCode.TunnelRefused401, "tunnel_refused_401", Flag.Connect, 503,
            "The next hop refused the connection by policy. Its access log names the policy."),
        new(ReasonCode.TunnelRefused503, "tunnel_refused_503", Flag.Connect, 503,
            "The next hop could not reach the application. Its access log says why."),
        new(ReasonCode.TunnelRefused, "tunnel_refused", Flag.Connect, 503,
            "The next hop answered the CONNECT request with an unexpected status; it is in the log line."),
        new(ReasonCode.TunnelBroken, "tunnel_broken", Flag.Connect, 503,
            "The tunnel ended while it carried the connection: the peer's proxy stopped, or the network was lost."),

        new(ReasonCode.BadRequest, "bad_request", Flag.Connect, 400,
            "The request is not a CONNECT with a usable host and port."),
        new(ReasonCode.LimitReached, "limit_reached", Flag.Connect, 503,
            "The proxy is at one of its limits; the log line names it."),
        new(ReasonCode.InternalError, "internal_error", Flag.Connect, 503,
            "The proxy failed unexpectedly. Please report the log lines around this one."),
    ];

    /// <summary>All rows, in the order of <see cref="ReasonCode"/>.</summary>
    public static IReadOnlyList<Reason> All => Table;

    public static Reason Of(ReasonCode code) => Table[(int)code];

    /// <summary>True for the endings that count as failed connections.</summary>
    public bool IsFailure => ResponseFlag != Flag.None;

    public override string ToString() => Name;
}

namespace Ambient.Model.Connections;

/// <summary>Why a connection ended or was refused: a closed set, each explained in <see cref="Reason"/>.</summary>
/// <remarks>The names stand in access logs and metrics: add, never rename or reuse.</remarks>
public enum ReasonCode : byte
{
    /// <summary>Nothing ended it: allowed, or still open.</summary>
    None,

    // It was carried.
    Completed,
    ResetByClient,
    ResetByServer,
    Drained,
    IdleTimeout,
    PolicyChanged,
    CertificateRevoked,

    // Policy refused it.
    DeniedByPolicy,
    NoPolicyAllows,
    PolicyMissing,
    PolicyMalformed,
    WaypointRequired,

    // There is no way to route it.
    LoopDetected,
    UnknownSource,
    UnknownDestination,
    UnknownHost,
    NotOurDestination,
    NoHealthyUpstream,
    NoTargetPort,
    NoUsableAddress,
    NameNotResolved,
    WaypointUnknown,
    WaypointUnhealthy,
    GatewayMissing,
    GatewayUnknown,
    GatewayUnhealthy,

    // The next hop was not reached.
    ConnectRefused,
    ConnectTimeout,
    ConnectUnreachable,
    ConnectFailed,
    PortsExhausted,

    // The tunnel to the next hop failed.
    IdentityUnavailable,
    TunnelTimeout,
    TlsTimeout,
    TlsFailed,
    TlsUntrusted,
    TlsWrongIdentity,
    TlsExpired,
    Http2Failed,
    TunnelRefused400,
    TunnelRefused401,
    TunnelRefused503,
    TunnelRefused,
    TunnelBroken,

    // The caller's request makes no sense, or we are at a limit.
    BadRequest,
    LimitReached,
    InternalError,
}

/// <summary>The response flags that dashboards know (<c>response_flags</c> of the <c>istio_tcp_*</c> metrics).</summary>
public static class ResponseFlag
{
    public const string None = "-";
    public const string Deny = "DENY";
    public const string WaypointRequired = "WAYPOINT_REQUIRED"; // ours
    public const string Connect = "CONNECT";
    public const string TlsFailure = "TLS_FAILURE";
    public const string Http2Failure = "H2_HANDSHAKE_FAILURE";
    public const string NetworkPolicy = "NETWORK_POLICY";
    public const string IdentityError = "IDENTITY_ERROR";
    public const string CertificateRevoked = "CERT_REVOKED";
}

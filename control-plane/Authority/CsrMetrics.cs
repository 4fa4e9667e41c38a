using Ambient.Grpc;
using Ambient.Hosting.Metrics;

namespace Ambient.ControlPlane.Authority;

/// <summary>What the authority does, under the names that dashboards know.</summary>
internal sealed class CsrMetrics
{
    private readonly MetricFamily<Counter> _failed;
    private long _requests, _issued;

    public CsrMetrics(MetricRegistry registry, SigningLanes lanes, CertificateAuthority authority, Func<AuthorityReport> report)
    {
        // Read like gauges, because dashboards know the first two without the _total of a counter.
        registry.AddGauge("citadel_server_csr_count", "Certificate signing requests received.", () => Interlocked.Read(ref _requests));
        registry.AddGauge("citadel_server_success_cert_issuance_count", "Certificates issued.", () => Interlocked.Read(ref _issued));
        _failed = registry.AddCounters("ambient_ca_refusals", "Requests that ended without a certificate, by gRPC status.", ["code"]);
        registry.AddGauge("ambient_ca_waiting", "Requests that wait for a signature.", () => lanes.Waiting);
        registry.AddGauge("citadel_server_root_cert_expiry_timestamp", "When the root that signs ends, in seconds since 1970.",
            () => authority.InForce is { } force ? new DateTimeOffset(force.Signer.Anchor.NotAfter.ToUniversalTime()).ToUnixTimeSeconds() : null);
        registry.AddGauge("citadel_server_cert_chain_expiry_timestamp", "When the first certificate of the signing chain ends, in seconds since 1970.",
            () => authority.InForce?.Signer.NotAfter.ToUnixTimeSeconds());
        registry.AddGauge("ambient_ca_rotation_phase", "0 steady, 1 both roots trusted, 2 old root retiring.", () => (long)report().Phase);
        registry.AddGauge("ambient_ca_problem", "1 while the authority's Secrets are not as they should be; the log says what.",
            () => report().Problem is null ? 0 : 1);
    }

    public void Requested() => Interlocked.Increment(ref _requests);

    public void Issued() => Interlocked.Increment(ref _issued);

    public void Failed(StatusCode code) => _failed.With(code.ToString()).Increment();
}

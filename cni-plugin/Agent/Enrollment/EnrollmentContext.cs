using Microsoft.Extensions.Logging;

namespace Ambient.CniAgent.Enrollment;

/// <summary>What all enrolments of a node share.</summary>
/// <param name="AuditInterval">How often an enrolled pod's rules are looked at.</param>
internal sealed record EnrollmentContext(
    Enroller Enroller, EnrollmentMetrics Metrics, TimeSpan AuditInterval, TimeProvider Time, ILogger<PodEnrollment> Logger);

namespace Ambient.CniAgent.Enrollment;

/// <summary>How far a pod has come.</summary>
internal enum EnrollmentState
{
    /// <summary>Its rules could not be installed: it is not in the mesh, and its traffic is as open as before. Tried again.</summary>
    Failed,

    /// <summary>Its rules stand but no node proxy serves it yet: its TCP is refused. Tried again.</summary>
    Pending,

    /// <summary>Captured and served.</summary>
    Enrolled,
}

/// <summary>What is known about one pod's enrolment.</summary>
/// <param name="Error">What failed last; null when enrolled.</param>
internal sealed record EnrollmentStatus(EnrollmentState State, string? Error);

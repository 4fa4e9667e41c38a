using Ambient.CniAgent.PodNamespaces;

namespace Ambient.CniAgent.Enrollment;

/// <summary>Is told how pods stand. Called by one thread at a time for one pod; must neither block nor throw.</summary>
internal interface IEnrollmentObserver
{
    /// <summary>The status has changed.</summary>
    void Stands(PodSpec pod, EnrollmentStatus status);

    /// <summary>Somebody had changed the pod's rules; they are as they should be again.</summary>
    /// <param name="found">What was different.</param>
    void Repaired(PodSpec pod, string found);
}

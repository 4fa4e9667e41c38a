namespace Ambient.CniPlugin;

/// <summary>Codes of the CNI specification, section "Error", and ours from 100 on.</summary>
internal enum CniErrorCode
{
    IncompatibleVersion = 1,
    InvalidEnvironment = 4,
    InputOutput = 5,
    Undecodable = 6,
    InvalidConfiguration = 7,
    TryAgainLater = 11,

    /// <summary>The node agent looked at the pod and refused it.</summary>
    RefusedByAgent = 100,

    Unexpected = 999,
}

/// <summary>The request cannot be carried out. Both texts reach whoever reads the pod's events.</summary>
/// <param name="message">What went wrong, in one sentence.</param>
/// <param name="details">The cause and the next step.</param>
internal sealed class CniException(CniErrorCode code, string message, string details) : Exception(message)
{
    public CniErrorCode Code { get; } = code;

    public string Details { get; } = details;
}

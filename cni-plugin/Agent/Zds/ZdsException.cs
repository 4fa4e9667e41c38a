namespace Ambient.CniAgent.Zds;

/// <summary>Why a node proxy does not have a request.</summary>
internal enum ZdsFailure
{
    /// <summary>None is connected.</summary>
    NotConnected,

    /// <summary>The connection broke or the proxy did not keep to the protocol.</summary>
    ConnectionLost,

    /// <summary>The proxy did not answer in time; it may have carried it out.</summary>
    TimedOut,

    /// <summary>The proxy answered that it could not; the message is its own.</summary>
    Refused,

    /// <summary>Too many requests wait already.</summary>
    QueueFull,
}

/// <summary>A request did not reach a node proxy, or was not carried out.</summary>
internal sealed class ZdsException(ZdsFailure failure, string message, Exception? cause = null) : IOException(message, cause)
{
    public ZdsFailure Failure { get; } = failure;
}

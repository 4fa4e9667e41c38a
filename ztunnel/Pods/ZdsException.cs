namespace Ambient.Ztunnel.Pods;

/// <summary>What to do about a request that was not carried out.</summary>
internal enum ZdsFailure
{
    /// <summary>This pod only: the session goes on.</summary>
    Pod,

    /// <summary>The agent broke the protocol: the session ends and a new one is begun.</summary>
    Session,
}

/// <summary>A request of the agent was not carried out; the message is what it is answered.</summary>
internal sealed class ZdsException(ZdsFailure failure, string message, Exception? cause = null) : IOException(message, cause)
{
    public ZdsFailure Failure { get; } = failure;
}

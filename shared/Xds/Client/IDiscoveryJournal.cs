namespace Ambient.Xds.Client;

/// <summary>Why a stream ended.</summary>
public enum StreamEnd
{
    /// <summary>It could not be opened, or ended before the server said anything.</summary>
    ConnectionError,

    /// <summary>The server ended it with an error.</summary>
    Error,

    /// <summary>It broke off in a way that is part of life: a restart, an idle limit, a proxy in between.</summary>
    Reconnect,

    /// <summary>The server ended it cleanly.</summary>
    Complete,
}

/// <summary>Told what happens, for metrics. Called on the client's own task; must be quick and must not throw.</summary>
public interface IDiscoveryJournal
{
    void Connected();

    void Ended(StreamEnd how);

    /// <param name="payloadBytes">Of the resources alone.</param>
    void Received(string typeUrl, long payloadBytes);

    /// <param name="inForce">Resources of the type of which the latest version is rejected.</param>
    void Rejected(string typeUrl, int newly, int inForce);
}

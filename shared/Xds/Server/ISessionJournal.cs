namespace Ambient.Xds.Server;

/// <summary>Told what happens in sessions, for metrics. Called on the sessions' tasks; must be quick and must not throw.</summary>
public interface ISessionJournal
{
    /// <param name="changesAfter">It brings the changes of its table after this sequence number; null: it brings none, or a first state.</param>
    void Sent(string typeUrl, int bytes, long? changesAfter);

    /// <inheritdoc cref="Sent"/>
    void Acknowledged(string typeUrl, long? changesAfter);

    void Rejected(string typeUrl, string client, string detail);
}

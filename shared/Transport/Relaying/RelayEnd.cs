namespace Ambient.Transport;

/// <summary>How one direction of a relay ended.</summary>
public enum RelayEnd : byte
{
    /// <summary>The source finished, and so did we towards the sink.</summary>
    Finished,

    /// <summary>The source was reset by its peer, and the sink by us.</summary>
    SourceReset,

    /// <summary>The source failed otherwise or was closed by us; the sink was reset.</summary>
    SourceBroken,

    /// <summary>The sink takes no more bytes: its peer reset it, it failed, or we closed it.</summary>
    SinkBroken,
}

/// <summary>How a relay ended, direction by direction.</summary>
/// <param name="Sending">From downstream to upstream.</param>
/// <param name="Receiving">From upstream to downstream.</param>
public readonly record struct RelayOutcome(RelayEnd Sending, RelayEnd Receiving)
{
    /// <summary>Both sides finished in order.</summary>
    public bool IsClean => Sending == RelayEnd.Finished && Receiving == RelayEnd.Finished;

    /// <summary>Who opened the connection reset it.</summary>
    public bool DownstreamReset => Sending == RelayEnd.SourceReset;

    /// <summary>The far side reset it.</summary>
    public bool UpstreamReset => Receiving == RelayEnd.SourceReset;
}

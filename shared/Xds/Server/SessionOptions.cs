namespace Ambient.Xds.Server;

/// <summary>Limits of each session.</summary>
public sealed class SessionOptions
{
    /// <summary>Size at which responses are split, in bytes. Default 1 MiB: what many sessions are sent at once is held by the megabyte. A single larger resource is sent alone.</summary>
    public int MaxResponseBytes { get; init; } = 1 << 20;

    /// <summary>The same for the first response of a type to clients without our extension, which take it for all there is. Default 190 MiB.</summary>
    /// <remarks>Istio's node proxy takes 200 MiB.</remarks>
    public int MaxWholeResponseBytes { get; init; } = 190 << 20;

    /// <summary>Names of one type that a client may subscribe to. Default 200,000.</summary>
    public int MaxSubscriptions { get; init; } = 200_000;

    /// <summary>Resources named as rejected that are remembered of each session. Default 100.</summary>
    public int MaxRejections { get; init; } = 100;
}

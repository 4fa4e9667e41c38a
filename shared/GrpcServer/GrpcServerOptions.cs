namespace Ambient.GrpcServer;

/// <summary>Limits of one mapped method.</summary>
public sealed class GrpcServerOptions
{
    /// <summary>Largest message taken, in bytes. Default 4 MiB.</summary>
    public int MaxReceiveBytes { get; init; } = 4 << 20;

    /// <summary>Largest message sent, in bytes. Default 4 MiB.</summary>
    public int MaxSendBytes { get; init; } = 4 << 20;

    /// <summary>Calls of the method at one time; the next one is refused with RESOURCE_EXHAUSTED. Default 10,000.</summary>
    public int MaxConcurrentCalls { get; init; } = 10_000;

    /// <summary>Shared by the methods that receive large messages; null: each call may gather one at any time.</summary>
    public LargeMessageRoom? LargeMessages { get; init; }
}

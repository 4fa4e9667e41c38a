namespace Ambient.Grpc.Channel;

/// <summary>How a server is reached.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary><c>https://host:port</c>; <c>http://</c> only for a loopback address or <c>localhost</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>Path of a Unix stream socket to connect to instead of <see cref="Address"/>, which then only names the server. Null: TCP.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>Whom to trust; asked at every handshake, so that a changed file is taken up when the channel reconnects.</summary>
    public ServerRoots Roots { get; init; } = ServerRoots.System;

    /// <summary>Also accepted as the server's name, after the address's host. Null: only the host.</summary>
    public string? AlternativeHostName { get; init; }

    /// <summary>For TCP and TLS together. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>HTTP/2 PING after so long without a frame while calls are open. Default 30 s.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The connection is given up if a PING stays unanswered for so long. Default 10 s.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest message taken, in bytes. Default 4 MiB.</summary>
    public int MaxReceiveBytes { get; init; } = 4 << 20;

    /// <summary>Largest message sent, in bytes. Default 4 MiB.</summary>
    public int MaxSendBytes { get; init; } = 4 << 20;
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ambient.Grpc;
using Microsoft.AspNetCore.Http;

namespace Ambient.GrpcServer;

/// <summary>What a handler knows of its call beside the messages.</summary>
public sealed class GrpcContext
{
    private readonly HttpContext _http;

    internal GrpcContext(HttpContext http, TimeSpan? timeLeft, CancellationToken stop)
    {
        _http = http;
        TimeLeft = timeLeft;
        Stop = stop;
        foreach (var (name, values) in http.Request.Headers)
            foreach (var value in values) Metadata.AddReceived(name, value ?? "");
    }

    /// <summary>What the caller sent along.</summary>
    public GrpcMetadata Metadata { get; } = new();

    /// <summary>The caller's address; null where the transport has none.</summary>
    public IPEndPoint? Peer =>
        _http.Connection.RemoteIpAddress is { } address ? new(address, _http.Connection.RemotePort) : null;

    /// <summary>The certificate that the caller has shown, which the transport has verified; null if it has shown none.</summary>
    public X509Certificate2? ClientCertificate => _http.Connection.ClientCertificate;

    /// <summary>False: plaintext.</summary>
    public bool IsEncrypted => _http.Request.IsHttps;

    /// <summary>Until the caller's deadline, as of the start of the call; null: none.</summary>
    public TimeSpan? TimeLeft { get; }

    /// <summary>Fires when the caller cancelled or went away, its deadline passed, or the server stops.</summary>
    public CancellationToken Stop { get; }

    /// <summary>Sent with the status.</summary>
    public GrpcMetadata Trailers { get; } = new();

    /// <summary>Sends a header before the first message.</summary>
    /// <exception cref="InvalidOperationException">A message was sent already.</exception>
    public void AddHeader(string name, string value)
    {
        var checkedHeader = new GrpcMetadata { { name, value } };
        foreach (var (key, text) in checkedHeader) _http.Response.Headers.Append(key, text);
    }
}

using System.Net;
using Ambient.ControlPlane.Options;
using Ambient.GrpcServer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Listening;

/// <summary>The gRPC ports: TLS for everybody, plain text for this machine alone.</summary>
internal sealed class GrpcListeners : IAsyncDisposable
{
    // One node proxy needs a stream for discovery and some for certificates; bursts of those wait on the connection.
    private const int CallsPerConnection = 1000;

    private readonly WebApplication _server;

    private GrpcListeners(WebApplication server, IPEndPoint secure, IPEndPoint? plaintext) =>
        (_server, Secure, Plaintext) = (server, secure, plaintext);

    public IPEndPoint Secure { get; }

    /// <summary>Null if it is off.</summary>
    public IPEndPoint? Plaintext { get; }

    /// <param name="secure">Puts TLS on the port that is open to everybody.</param>
    /// <param name="map">Adds the services.</param>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<GrpcListeners> StartAsync(PortOptions ports, Action<ListenOptions> secure,
        Action<IEndpointRouteBuilder> map, ILoggerFactory loggers, CancellationToken stop)
    {
        // An empty builder: nothing reads the environment or files behind the options' back.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton(loggers).AddSingleton<IHostLifetime, NoLifetime>().AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.LimitForGrpc(CallsPerConnection);
            kestrel.ListenAnyIP(ports.Secure, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                secure(listen);
            });
            if (ports.Plaintext is { } plaintext) kestrel.Listen(IPAddress.Loopback, plaintext, static listen => listen.Protocols = HttpProtocols.Http2);
        });
        var server = builder.Build();
        server.UseRouting();
        map(server);
        server.MapUnimplemented();
        await server.StartAsync(stop);
        return new(server, EndpointOf(server, "https"), ports.Plaintext is null ? null : EndpointOf(server, "http"));
    }

    /// <summary>No new connections; calls may end until the token fires, then they are cut.</summary>
    public Task StopAsync(CancellationToken abort) => _server.StopAsync(abort);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The server stops when it is told to, not by signals of its own: what goes first is not for it to say.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static IPEndPoint EndpointOf(WebApplication server, string scheme)
    {
        var addresses = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var port = addresses.Select(static text => new Uri(text)).Single(address => address.Scheme == scheme).Port;
        return new(IPAddress.Loopback, port);
    }
}

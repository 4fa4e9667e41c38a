using Ambient.Grpc.Channel;
using Ambient.Hosting.Metrics;
using Ambient.Model.State;
using Ambient.Xds.Client;
using Ambient.MeshProxy.Options;
using Microsoft.Extensions.Logging;

namespace Ambient.MeshProxy.Discovery;

/// <summary>The stream from the control plane that keeps the mesh state up to date, for the life of the process.</summary>
public sealed class ControlPlane : IAsyncDisposable
{
    // One message of the control plane may hold everything; Istio's node proxy takes as much.
    private const int MaxReceiveBytes = 200 << 20;

    // Names of all that is held, after a reconnect.
    private const int MaxSendBytes = 200 << 20;

    private readonly CancellationTokenSource _stop = new();
    private readonly GrpcChannel _channel;
    private readonly Task _running;

    private ControlPlane(GrpcChannel channel, DiscoveryClient client)
    {
        (_channel, Client) = (channel, client);
        _running = Task.Run(() => client.RunAsync(_stop.Token));
    }

    public DiscoveryClient Client { get; }

    /// <summary>Connects on the thread pool from now on. Null if the options name no control plane.</summary>
    /// <exception cref="OptionsException">The address or a header cannot be used.</exception>
    public static ControlPlane? Follow(ControlPlaneOptions options, MeshState mesh, MetricRegistry metrics, TimeProvider time, Random random, ILoggerFactory loggers)
    {
        if (options.Discovery.Address is not { } address) return null;
        try
        {
            var headers = new DiscoveryHeaders(options);
            _ = headers.Configured();
            var channel = new GrpcChannel(new()
            {
                Address = address,
                Roots = RootsOf(options.Discovery.Roots),
                AlternativeHostName = options.Discovery.AlternativeHostname,
                MaxReceiveBytes = MaxReceiveBytes,
                MaxSendBytes = MaxSendBytes,
            }, time);
            return new(channel, new(channel, new()
            {
                Node = NodeDescription.Of(options.Kind, options.Node),
                Headers = headers.Read,
                OnDemand = options.Discovery.OnDemand,
                Traffic = options.Traffic,
            }, mesh, new DiscoveryMetrics(metrics), time, random, loggers.CreateLogger<DiscoveryClient>()));
        }
        catch (ArgumentException error)
        {
            throw new OptionsException([new("XDS_ADDRESS", address.ToString(), error.Message)]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _channel.Dispose();
        _stop.Dispose();
    }

    private static ServerRoots RootsOf(ControlPlaneRoots roots) => roots.Source switch
    {
        RootSource.File => ServerRoots.File(roots.Value),
        RootSource.Pem => ServerRoots.Pem(roots.Value),
        _ => ServerRoots.System,
    };
}

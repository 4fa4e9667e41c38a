using System.Collections.Concurrent;
using Ambient.ControlPlane.Callers;
using Ambient.Grpc;
using Ambient.GrpcServer;
using Ambient.Protos.Xds;
using Ambient.Xds;
using Ambient.Xds.Server;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Distribution;

/// <summary>Serves discovery: delta ADS, one session per stream.</summary>
internal sealed partial class AdsService : IDisposable
{
    private const int LargeRequestBytes = 256 << 10, LongestMessageBytes = 200 << 20;
    private static readonly TimeSpan LargeRequestPatience = TimeSpan.FromMinutes(1), LastResponsePatience = TimeSpan.FromMinutes(1);

    private readonly MeshResources _resources;
    private readonly ICallerAuthenticator _callers;
    private readonly AdsOptions _options;
    private readonly AdsMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly LargeMessageRoom _largeRequests;
    private readonly PushQueue _pushes;
    private readonly ConcurrentDictionary<DeltaSession, byte> _sessions = new();

    public AdsService(MeshResources resources, ICallerAuthenticator callers, AdsOptions options, AdsMetrics metrics,
        TimeProvider time, Random random, ILogger<AdsService> logger)
    {
        (_resources, _callers, _options, _metrics, _time, _random, _logger) = (resources, callers, options, metrics, time, random, logger);
        _largeRequests = new(LargeRequestBytes, options.MaxLargeRequestsAtOnce, LargeRequestPatience, time);
        _pushes = new(options.PushInterval, time, WakeSessions);
        resources.Changed += _pushes.Signal;
    }

    /// <summary>Every open stream, for people.</summary>
    public IReadOnlyList<SessionStatus> Sessions => [.. _sessions.Keys.Select(static session => session.Describe()).OrderBy(static status => status.Client, StringComparer.Ordinal)];

    public void Map(IEndpointRouteBuilder endpoints) => endpoints.MapDuplex(DiscoveryService.DeltaOfBytes, ServeAsync, new()
    {
        MaxReceiveBytes = _options.MaxRequestBytes,
        MaxSendBytes = LongestMessageBytes,
        MaxConcurrentCalls = _options.MaxStreams,
        LargeMessages = _largeRequests,
    });

    public void Dispose()
    {
        _resources.Changed -= _pushes.Signal;
        _pushes.Dispose();
        _largeRequests.Dispose();
    }

    private async Task ServeAsync(ServerCall<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> call)
    {
        var caller = await AdmitAsync(call.Context);
        var lifetime = StreamAge();
        using var age = new CancellationTokenSource(lifetime, _time); // ends cleanly: the client connects again, perhaps to another replica
        using var patience = new CancellationTokenSource(lifetime + LastResponsePatience, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(call.Context.Stop, patience.Token);
        Hosting.Metrics.Gauge? connected = null;
        var session = new DeltaSession(new CallStream(call), _resources.Views, _options.Session, node =>
        {
            var claims = NodeClaims.Read(node);
            if (caller is not null) claims.Check(caller);
            connected = _metrics.ClientsOf(claims.Kind);
            connected.Add(1);
            return claims.NodeName.Length > 0 ? [ResourceEncoder.NodeKey(claims.NodeName)] : [];
        }, _metrics.JournalOf(caller));
        _sessions.TryAdd(session, 0);
        try
        {
            await session.RunAsync(stop.Token, age.Token);
        }
        catch (OperationCanceledException) when (age.IsCancellationRequested && !call.Context.Stop.IsCancellationRequested)
        {
            // A response that was broken off resets the stream; else nothing was under way.
        }
        catch (RpcException refusal)
        {
            Log.Ended(_logger, session.Client, call.Context.Peer, refusal.Message);
            throw;
        }
        finally
        {
            _sessions.TryRemove(session, out _);
            connected?.Add(-1);
        }
    }

    /// <returns>Null: nobody needs to say who he is.</returns>
    private async ValueTask<Caller?> AdmitAsync(GrpcContext context)
    {
        try
        {
            if (!_resources.Complete.IsCompleted)
                throw new RpcException(StatusCode.Unavailable, "The cluster's objects have not all been read yet. Try again, or another replica.");
            if (!context.IsEncrypted && _options.AllowAnonymousPlaintext) return null;
            return await _callers.AuthenticateAsync(context.Metadata, context.ClientCertificate, context.Peer?.Address, context.Stop);
        }
        catch (RpcException refusal)
        {
            _metrics.Refused(refusal.Code);
            throw;
        }
    }

    private TimeSpan StreamAge()
    {
        lock (_random) return _options.StreamAge * (0.9 + 0.2 * _random.NextDouble());
    }

    private void WakeSessions()
    {
        foreach (var session in _sessions.Keys) session.Wake();
    }

    private sealed class CallStream(ServerCall<DeltaDiscoveryRequest, ReadOnlyMemory<byte>> call) : IDeltaStream
    {
        public async ValueTask<DeltaDiscoveryRequest?> ReadAsync(CancellationToken stop) => (await call.ReadAsync(stop)).Message;

        public ValueTask WriteAsync(ReadOnlyMemory<byte> response, CancellationToken stop) => call.WriteAsync(response, stop);
    }

    private static partial class Log
    {
        [LoggerMessage(721, LogLevel.Warning, "Discovery stream of '{Client}' at {Peer} was ended: {Reason}")]
        public static partial void Ended(ILogger logger, string client, System.Net.IPEndPoint? peer, string reason);
    }
}

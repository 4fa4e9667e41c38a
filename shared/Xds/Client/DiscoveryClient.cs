using Ambient.Grpc;
using Ambient.Grpc.Channel;
using Ambient.Model.Addresses;
using Ambient.Model.State;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Protos.Xds;
using Microsoft.Extensions.Logging;

namespace Ambient.Xds.Client;

/// <summary>Keeps <see cref="MeshState"/>, and where asked <see cref="TrafficState"/>, up to date from a control plane, by delta xDS on one aggregated stream.</summary>
/// <remarks>
/// What was learnt stays in use while the control plane is away, and is named to it on return, so that only differences are sent.
/// Each response is applied whole, as one change. Resources that make no sense are refused by name; an older version of such a
/// resource stays in use, or without one what it concerns is refused (<see cref="StandIns"/>). It is logged, and shows in
/// <see cref="RejectedResources"/> until a sound version or its removal comes. No resource keeps the others from being used.
/// </remarks>
public sealed partial class DiscoveryClient
{
    private const int MaxRejectionText = 8192;

    private readonly GrpcChannel _channel;
    private readonly DiscoveryClientOptions _options;
    private readonly MeshState _state;
    private readonly IDiscoveryJournal _journal;
    private readonly Node _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReconnectDelay _delay;
    private readonly ResponseDecoder _decoder = new();
    private readonly Demands _demands;
    private readonly HeldResources[] _types;
    private readonly HashSet<string> _unacknowledged;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile IReadOnlyDictionary<string, string> _rejected = new Dictionary<string, string>();

    public DiscoveryClient(GrpcChannel channel, DiscoveryClientOptions options, MeshState state, IDiscoveryJournal journal,
        TimeProvider time, Random random, ILogger<DiscoveryClient> logger)
    {
        (_channel, _options, _state, _journal, _time, _logger) = (channel, options, state, journal, time, logger);
        _delay = new(random);
        _node = StateToken.Announce(options.Node);
        _demands = new(options.MaxMissingNames, IsKnown);
        _types =
        [
            // What forbids is asked for before what it forbids: our control plane answers in that order too.
            new(ResourceTypes.Authorization, isWildcard: true, () => state.Current.Policies.Select(static policy => policy.ResourceName)),
            .. Traffic(options.Traffic),
            new(ResourceTypes.Address, isWildcard: !options.OnDemand, () => state.Current.Workloads.Select(static workload => workload.Uid)
                .Concat(state.Current.Services.Select(static entry => entry.Service.Key.ToString()))),
        ];
        _unacknowledged = [.. _types.Where(static type => type.IsWildcard).Select(static type => type.TypeUrl)];
    }

    /// <summary>Completes once all of each type that is sent whole has been applied, or rejected by name.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Resources of which the latest version was refused, by name, with the reason. A snapshot; safe on all threads.</summary>
    public IReadOnlyDictionary<string, string> RejectedResources => _rejected;

    /// <summary>Connects, and connects again, until <paramref name="stop"/> fires. Never throws.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var began = _time.GetTimestamp();
                var end = await RunStreamAsync(stop);
                _journal.Ended(end);
                var wait = _delay.After(end, _time.GetElapsedTime(began));
                if (wait > TimeSpan.Zero) await Task.Delay(wait, _time, stop);
                stop.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
    }

    /// <summary>Asks for one workload or service and waits until the answer is part of the state. On demand only; else returns at once.</summary>
    /// <param name="name"><c>network/ip</c>, a workload's uid, or <c>namespace/hostname</c>.</param>
    /// <returns>False: no answer within <paramref name="timeout"/>. True says nothing about whether there is such a thing.</returns>
    /// <remarks>Thread-safe. Callers that ask for the same name share one request; the name stays subscribed to.</remarks>
    public async ValueTask<bool> DemandAsync(string name, TimeSpan timeout, CancellationToken stop)
    {
        if (!_options.OnDemand) return true;
        if (_demands.Ask(name) is not { } answer) return false;
        if (answer.IsCompleted) return true;
        try
        {
            await answer.WaitAsync(timeout, _time, stop);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>The same without waiting.</summary>
    public void Ask(string name)
    {
        if (_options.OnDemand) _ = _demands.Ask(name);
    }

    private async Task<StreamEnd> RunStreamAsync(CancellationToken stop)
    {
        DiscoveryStream? stream = null;
        try
        {
            await using var call = _channel.OpenDuplex(DiscoveryService.Delta, _options.Headers(), null, stop);
            stream = new(call, _types, _node, _demands, _journal.Connected);
            await stream.RunAsync(Apply, stop);
            Log.StreamEnded(_logger, _channel.Address);
            return stream.IsOpen ? StreamEnd.Complete : StreamEnd.ConnectionError;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested) { throw; }
        catch (StateNotResumedException exception)
        {
            Log.StreamFailed(_logger, _channel.Address, exception.Message, null);
            return StreamEnd.Complete; // begin again at once
        }
        catch (RpcException exception)
        {
            var end = stream is not { IsOpen: true } ? StreamEnd.ConnectionError : IsPartOfLife(exception) ? StreamEnd.Reconnect : StreamEnd.Error;
            Log.StreamFailed(_logger, _channel.Address, exception.Message, null);
            return end;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            Log.StreamFailed(_logger, _channel.Address, exception.Message, null); // the credentials could not be read
            return StreamEnd.ConnectionError;
        }
        catch (Exception exception)
        {
            Log.StreamFailed(_logger, _channel.Address, exception.Message, exception); // a defect; the node goes on with what it has
            return StreamEnd.Error;
        }
    }

    private static bool IsPartOfLife(RpcException ending) => ending.Code switch
    {
        StatusCode.Unknown or StatusCode.Cancelled or StatusCode.DeadlineExceeded => true,
        StatusCode.Unavailable => ending.Detail.Contains("transport is closing", StringComparison.Ordinal)
            || ending.Detail.Contains("received prior goaway", StringComparison.Ordinal) || ending.InnerException is not null,
        _ => false,
    };

    private static IEnumerable<HeldResources> Traffic(TrafficState? state) =>
        state is null ? [] : [new(ResourceTypes.Traffic, isWildcard: true, () => state.Current.Resources.Keys)];

    private string? Apply(HeldResources type, DeltaDiscoveryResponse response)
    {
        var decoded = _decoder.Decode(type.TypeUrl, response, type.IsHeld);
        _journal.Received(type.TypeUrl, decoded.PayloadBytes);

        if (!decoded.Traffic.IsEmpty) _options.Traffic!.Apply(decoded.Traffic);
        if (!decoded.Mesh.IsEmpty) ReportUnknownRemovals(type, _state.Apply(decoded.Mesh).UnknownRemovals);
        Hold(type, response, decoded);
        AnswerDemands(type, response);
        // What holds a rejected resource is no state of the server's.
        var token = type.IsWildcard ? StateToken.Read(response.SystemVersionInfo) : null;
        type.Token = type.Rejected.Count == 0 ? token : null;
        // A server with our extension may send its first state in parts: the last one has the token.
        var isWhole = token is not null || !StateToken.IsExtended(response.SystemVersionInfo);
        if (isWhole && _unacknowledged.Remove(type.TypeUrl) && _unacknowledged.Count == 0) _ready.TrySetResult();
        if (decoded.Rejected.Count > 0) return Reject(type, decoded);

        Log.Applied(_logger, type.TypeUrl, decoded.Accepted.Count, response.RemovedResources.Count, type.Count);
        return null;
    }

    private void Hold(HeldResources type, DeltaDiscoveryResponse response, DecodedResponse decoded)
    {
        var rejectedBefore = type.Rejected.Count;
        foreach (var resource in decoded.Accepted) type.Accept(resource.Name, resource.Version);
        foreach (var name in response.RemovedResources) type.Remove(name);
        foreach (var (resource, reason) in decoded.Rejected) type.Reject(resource.Name, reason);
        if (rejectedBefore + type.Rejected.Count == 0) return;

        _rejected = _types.SelectMany(static held => held.Rejected).ToDictionary();
        _journal.Rejected(type.TypeUrl, decoded.Rejected.Count, type.Rejected.Count);
    }

    private string Reject(HeldResources type, DecodedResponse decoded)
    {
        foreach (var (resource, reason) in decoded.Rejected)
            Log.Rejected(_logger, resource.Name, type.TypeUrl, reason, type.IsHeld(resource.Name) ? "the version before stays in use" : "what it concerns is refused");
        var text = string.Join("; ", decoded.Rejected.Select(static item => $"{item.Resource.Name}: {item.Reason}"));
        return text.Length <= MaxRejectionText ? text : $"{text.AsSpan(0, MaxRejectionText)}... ({decoded.Rejected.Count} rejected)";
    }

    private void ReportUnknownRemovals(HeldResources type, IReadOnlyCollection<string> names)
    {
        if (!type.IsWildcard) return; // there, "removed" is how the server says that there is no such thing
        foreach (var name in names) Log.UnknownRemoval(_logger, name, type.TypeUrl);
    }

    private void AnswerDemands(HeldResources type, DeltaDiscoveryResponse response)
    {
        if (type.IsWildcard) return;
        foreach (var resource in response.Resources)
        {
            _demands.Answer(resource.Name, found: true);
            foreach (var alias in resource.Aliases) _demands.Answer(alias, found: true);
        }
        foreach (var name in response.RemovedResources) _demands.Answer(name, found: false);
        // A server may answer under the primary name alone.
        foreach (var name in _demands.Waiting)
            if (IsKnown(name)) _demands.Answer(name, found: true);
    }

    private bool IsKnown(string name)
    {
        var snapshot = _state.Current;
        if (snapshot.FindWorkload(name) is not null) return true;
        if (NetworkAddress.TryParse(name, out var address)) return snapshot.Find(address, clientNamespace: null).IsKnown;
        return ServiceKey.TryParse(name, out var key) && snapshot.Find(key).IsKnown;
    }

    private static partial class Log
    {
        [LoggerMessage(711, LogLevel.Information, "Discovery stream with {Address} has ended; connecting again")]
        public static partial void StreamEnded(ILogger logger, Uri address);

        [LoggerMessage(712, LogLevel.Warning, "Discovery stream with {Address} has failed: {Reason}. What is known stays in use; connecting again")]
        public static partial void StreamFailed(ILogger logger, Uri address, string reason, Exception? exception);

        [LoggerMessage(713, LogLevel.Debug, "{TypeUrl}: {Updated} updated, {Removed} removed, {Held} held")]
        public static partial void Applied(ILogger logger, string typeUrl, int updated, int removed, int held);

        [LoggerMessage(714, LogLevel.Error, "{Name} ({TypeUrl}) is rejected: {Reason}; {Consequence}. The control plane is told")]
        public static partial void Rejected(ILogger logger, string name, string typeUrl, string reason, string consequence);

        [LoggerMessage(715, LogLevel.Warning, "{Name} ({TypeUrl}) is to be removed, but is not known here")]
        public static partial void UnknownRemoval(ILogger logger, string name, string typeUrl);
    }
}

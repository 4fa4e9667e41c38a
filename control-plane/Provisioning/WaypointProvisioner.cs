using System.Collections.Concurrent;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Leadership;
using Ambient.ControlPlane.Publishing;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>
/// Runs a waypoint for each gateway of our classes, and says in the gateway's status what became of it: a duty of the leader.
/// What others change in it is put back; what they add stays. Owner references see to it that a deleted gateway takes all of it along.
/// </summary>
internal sealed partial class WaypointProvisioner
{
    private readonly ApiClient _api;
    private readonly ClusterInformers _cluster;
    private readonly WaypointInformers _waypoints;
    private readonly ProvisioningOptions _options;
    private readonly Func<string> _trustDomain;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger<WaypointProvisioner> _logger;
    private readonly ConcurrentDictionary<ObjectName, int> _attachedRoutes = new();
    private readonly ChangedObjects _changed;
    private readonly WaypointClasses _classes;
    private readonly WaypointObjectWriter _objects;

    /// <param name="cluster">Not running yet: handlers are added. The same holds for <paramref name="waypoints"/>.</param>
    /// <param name="trustDomain">Of the certificates that are signed.</param>
    public WaypointProvisioner(ApiClient api, ClusterInformers cluster, WaypointInformers waypoints, ProvisioningOptions options, Func<string> trustDomain,
        TimeProvider time, Random random, ILoggerFactory loggers)
    {
        (_api, _cluster, _waypoints, _options, _trustDomain, _time, _random, _loggers) = (api, cluster, waypoints, options, trustDomain, time, random, loggers);
        _logger = loggers.CreateLogger<WaypointProvisioner>();
        _changed = new(time);
        _classes = new(api, cluster, time, _logger);
        _objects = new(api, waypoints, _logger);
        Feed();
    }

    /// <summary>So many routes are for this gateway now. Thread-safe.</summary>
    public void Count(ObjectName gateway, int routes)
    {
        if (routes > 0) _attachedRoutes[gateway] = routes;
        else _attachedRoutes.TryRemove(gateway, out _);
        _changed.Note(gateway);
    }

    /// <summary>Runs waypoints until <paramref name="stop"/> fires.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        await Task.WhenAll(_cluster.Synced, _waypoints.Synced).WaitAsync(stop);
        var parameters = new FollowedMaps(_api, NoteAll, _time, new Random(_random.Next()), _loggers, stop);
        await _changed.RunAsync(
            () => [.. ClassNames, .. _cluster.Gateways.All.Select(ObjectName.Of)],
            (name, cancel) => name.Namespace.Length == 0 ? _classes.KeepAsync(name.Name, cancel) : KeepAsync(name, parameters, cancel),
            stop);
    }

    private ValueTask NoteAll(ObjectChange<ConfigMap> map, IReadOnlyList<ObjectName> gateways)
    {
        foreach (var gateway in gateways) _changed.Note(gateway);
        return ValueTask.CompletedTask;
    }

    private IEnumerable<ObjectName> ClassNames =>
        WaypointClasses.Names.Union(_cluster.GatewayClasses.All.Select(static one => one.Metadata.Name)).Select(static name => new ObjectName("", name));

    private void Feed()
    {
        On(_cluster.Gateways, change =>
        {
            _changed.Note(change.Name);
            foreach (var version in (Gateway?[])[change.Old, change.New]) // their class may have its first now, or its last
                if (version?.Spec?.GatewayClassName is { Length: > 0 } name) _changed.Note(new("", name));
        });
        On(_cluster.GatewayClasses, change =>
        {
            _changed.Note(change.Name);
            NoteClass(change.Name.Name);
        });
        On(_cluster.Namespaces, change =>
        {
            if (change.Name.Name == _options.Index.SystemNamespace) NoteGateways(static _ => true); // its label names the network
            else if (change.Old is null) NoteGateways(gateway => gateway.Metadata.Namespace == change.Name.Name); // its gateways may have been told before
        });
        On(_waypoints.ClassDefaults, change =>
        {
            foreach (var version in (ConfigMap?[])[change.Old, change.New]) NoteClass(version?.Metadata.Label(MeshLabels.DefaultsForClass) ?? "");
        });
        foreach (var kind in WaypointKinds.All)
            On(_waypoints.Of(kind), change =>
            {
                foreach (var version in (UnstructuredObject?[])[change.Old, change.New]) // the label itself may have been changed
                    if (version?.Metadata.Label(MeshLabels.GatewayName) is { } gateway) _changed.Note(new(change.Name.Namespace, gateway));
            });

        static void On<T>(Informer<T> informer, Action<ObjectChange<T>> handler) where T : KubernetesObject => informer.AddHandler(change =>
        {
            handler(change);
            return ValueTask.CompletedTask;
        });
    }

    private void NoteClass(string name) => NoteGateways(gateway => gateway.Spec?.GatewayClassName == name);

    private void NoteGateways(Func<Gateway, bool> which)
    {
        foreach (var gateway in _cluster.Gateways.All.Where(which)) _changed.Note(ObjectName.Of(gateway));
    }

    /// <returns>False: to be tried again.</returns>
    private async Task<bool> KeepAsync(ObjectName name, FollowedMaps parameters, CancellationToken stop)
    {
        var gateway = _cluster.Gateways.Find(name);
        var @class = _cluster.GatewayClasses.Find(new("", gateway?.Spec?.GatewayClassName ?? ""));
        if (gateway is not { Metadata.DeletionTimestamp: null } || !WaypointClasses.IsOurs(@class) || !_options.Index.Owns(gateway) || !IsAlive(name.Namespace))
        {
            await parameters.FindAsync(name, []);
            return true;
        }

        try
        {
            var review = GatewayReview.Of(gateway);
            var outcome = await ProvisionAsync(gateway, @class!, review, parameters, stop);
            await ReportAsync(gateway, GatewayReport.Of(gateway, review, outcome, listener => listener == review.Tunnels?.Name ? _attachedRoutes.GetValueOrDefault(name) : 0), stop);
            return !outcome.IsRefused;
        }
        catch (ApiException e) when (e.IsNotFound) { return true; } // it, or its namespace, went meanwhile
        catch (ApiException e)
        {
            Log.NotWritten(_logger, name, e.Message);
            return false;
        }
        // One gateway is wrong then, and not all of them.
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Defect(_logger, name, e);
            return false;
        }
    }

    // In a namespace that is being deleted nothing can be made.
    private bool IsAlive(string ns) => _cluster.Namespaces.Find(new("", ns)) is { Metadata.DeletionTimestamp: null };

    private async Task<ProvisioningOutcome> ProvisionAsync(Gateway gateway, GatewayClass @class, GatewayReview review, FollowedMaps parameters, CancellationToken stop)
    {
        // Once given, addresses are never taken back: objects are bound to them.
        GatewayEndpoint[] given = [.. (gateway.Status?.Addresses ?? []).OfType<GatewayEndpoint>()];
        if (review.Refusal is { } refusal) return new(refusal, null, given);
        if (gateway.Spec?.Addresses is { Count: > 0 } own) return new(null, null, own); // somebody else runs it
        try
        {
            var overlays = await ReadOverlaysAsync(gateway, @class, parameters);
            var network = _options.Index.NetworkOf(_cluster.Namespaces.Find(new("", _options.Index.SystemNamespace)));
            var wanted = WaypointObjects.Of(gateway, review.Tunnels!, overlays, network, _trustDomain(), _options);
            return await _objects.WriteAsync(gateway, wanted, stop) is { } problem
                ? new(null, problem, given) { IsRefused = true }
                : Look(gateway, given);
        }
        catch (ConfigurationException error) { return new(new("InvalidParameters", $"{error.Message}."), null, given); }
    }

    /// <exception cref="ConfigurationException">They cannot be used, or are not there.</exception>
    private async Task<Overlays> ReadOverlaysAsync(Gateway gateway, GatewayClass @class, FollowedMaps parameters)
    {
        var overlays = new Overlays();
        foreach (var map in _waypoints.ClassDefaults.All.Where(map => map.Metadata.Label(MeshLabels.DefaultsForClass) == @class.Metadata.Name)
                     .OrderBy(static map => map.Metadata.Name, StringComparer.Ordinal))
            overlays.Add(map);

        var (general, own) = (@class.Spec?.ParametersRef, gateway.Spec?.Infrastructure?.ParametersRef);
        if ((WaypointClasses.ProblemOf(general, isClass: true) ?? WaypointClasses.ProblemOf(own, isClass: false)) is { } problem)
            throw new ConfigurationException(problem.Message.TrimEnd('.'));
        List<ObjectName> names = [];
        if (general is not null) names.Add(new(general.Namespace!, general.Name));
        if (own is not null) names.Add(new(gateway.Metadata.Namespace ?? "", own.Name));
        foreach (var (name, map) in names.Zip(await parameters.FindAsync(ObjectName.Of(gateway), names)))
            overlays.Add(map ?? throw new ConfigurationException($"ConfigMap {name}, which parametersRef names, does not exist"));
        return overlays;
    }

    // As the informers show it: what was just written is told a moment later, and then we look again.
    private ProvisioningOutcome Look(Gateway gateway, IReadOnlyList<GatewayEndpoint> given)
    {
        var name = new ObjectName(gateway.Metadata.Namespace ?? "", WaypointObjects.NameOf(gateway));
        var addresses = WaypointAddresses.Of(name, _waypoints.Of(WaypointKinds.Service).Find(name), _options.Index.DomainSuffix,
            GatewayAnnotations.AddressTypeOf(gateway));
        if (addresses.Count == 0)
            return new(null, new("AddressNotAssigned", $"Service {name} has no address yet."), given);
        var ready = (int?)_waypoints.Of(WaypointKinds.Deployment).Find(name)?.Fields?["status"]?["availableReplicas"] ?? 0;
        return new(null, ready > 0 ? null : new("Pending", $"No pod of Deployment {name} is ready yet; see kubectl -n {name.Namespace} describe deployment {name.Name}."), addresses);
    }

    private async Task ReportAsync(Gateway gateway, GatewayStatus wanted, CancellationToken stop)
    {
        if (GatewayReport.IsSaid(wanted, gateway.Status)) return;
        await _api.ApplyStatusAsync(ResourceTypes.Gateway, new()
        {
            Metadata = new() { Name = gateway.Metadata.Name, Namespace = gateway.Metadata.Namespace },
            Status = GatewayReport.Dated(wanted, gateway.Status, _time.GetUtcNow()),
        }, WaypointClasses.FieldManager, force: true, stop);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1383.
    private static partial class Log
    {
        [LoggerMessage(1381, LogLevel.Warning, "Waypoint {Name} could not be made what it should be, trying again: {Error}")]
        public static partial void NotWritten(ILogger logger, ObjectName name, string error);

        [LoggerMessage(1382, LogLevel.Error, "Gateway {Name} brought its provisioning into trouble; please report this")]
        public static partial void Defect(ILogger logger, ObjectName name, Exception error);
    }
}

using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Informers;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>The classes of gateways that we run: made if they are missing, never changed; their status says that we do.</summary>
internal sealed partial class WaypointClasses(ApiClient api, Informer<GatewayClass> classes, TimeProvider time, ILogger logger)
{
    public const string FieldManager = "ambient-waypoint-controller";

    /// <summary>Made if there is none of that name. The second is the established one's: whoever has made it before us keeps it.</summary>
    public static readonly string[] Names = ["ambient-waypoint", "istio-waypoint"];

    /// <summary>Features of the Gateway API's conformance suite that hold; in alphabetical order.</summary>
    private static readonly SupportedFeature[] Features = [new() { Name = "GatewayInfrastructurePropagation" }];

    public static bool IsOurs(GatewayClass? value) => value?.Spec?.ControllerName == WaypointControllers.Ours;

    /// <returns>Null if the class has none, or they can be used.</returns>
    public static Refusal? ProblemOf(ParametersReference? parameters, bool isClass) => parameters switch
    {
        null => null,
        { Group: "", Kind: "ConfigMap", Name.Length: > 0 } when !isClass || parameters.Namespace is { Length: > 0 } => null,
        _ => new("InvalidParameters", $"parametersRef must name a ConfigMap (group \"\", kind ConfigMap{(isClass ? ", and its namespace" : "")}), not a {parameters.Kind} of group \"{parameters.Group}\"."),
    };

    /// <returns>False: to be tried again.</returns>
    public async Task<bool> KeepAsync(string name, CancellationToken stop)
    {
        try
        {
            if (classes.Find(new("", name)) is not { } present)
            {
                if (Names.Contains(name)) await CreateAsync(name, stop);
            }
            else if (IsOurs(present) && present.Metadata.DeletionTimestamp is null)
            {
                await AcceptAsync(present, stop);
            }
            return true;
        }
        catch (ApiException e) when (e.IsConflict) { return true; } // somebody was faster: their object is told by the informer
        catch (ApiException e) when (e.IsNotFound) { return false; } // the cluster does not know gateways yet
        catch (ApiException e)
        {
            Log.NotWritten(logger, name, e.Message);
            return false;
        }
    }

    private async Task CreateAsync(string name, CancellationToken stop)
    {
        await api.CreateAsync(ResourceTypes.GatewayClass, new()
        {
            Metadata = new() { Name = name },
            Spec = new() { ControllerName = WaypointControllers.Ours, Description = "Waypoints of the Ambient mesh" },
        }, stop);
        Log.Created(logger, name);
    }

    private async Task AcceptAsync(GatewayClass present, CancellationToken stop)
    {
        var generation = present.Metadata.Generation;
        var accepted = ProblemOf(present.Spec?.ParametersRef, isClass: true) is { } problem
            ? ServiceConditions.New("Accepted", false, problem.Reason, problem.Message, generation)
            : ServiceConditions.New("Accepted", true, "Accepted", "Its gateways are run as waypoints.", generation);
        if (GatewayReport.HasAll([accepted], present.Status?.Conditions) && Features.SequenceEqual(present.Status?.SupportedFeatures ?? [])) return;
        await api.ApplyStatusAsync(ResourceTypes.GatewayClass, new()
        {
            Metadata = new() { Name = present.Metadata.Name },
            Status = new() { Conditions = [.. StatusDocument.Dated([accepted], present.Status?.Conditions ?? [], time.GetUtcNow())], SupportedFeatures = Features },
        }, FieldManager, force: true, stop);
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1343.
    private static partial class Log
    {
        [LoggerMessage(1341, LogLevel.Information, "GatewayClass {Name} made: its gateways are run as waypoints")]
        public static partial void Created(ILogger logger, string name);

        [LoggerMessage(1342, LogLevel.Warning, "GatewayClass {Name} could not be made or its status written, trying again: {Error}")]
        public static partial void NotWritten(ILogger logger, string name, string error);
    }
}

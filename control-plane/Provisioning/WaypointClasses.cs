using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Indexing.Services;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.ControlPlane.Publishing;
using Ambient.ControlPlane.Status;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>The classes of gateways that we run: made if they are missing, never changed; their status says that we do.</summary>
internal sealed partial class WaypointClasses(ApiClient api, ClusterInformers cluster, TimeProvider time, ILogger logger)
{
    public const string FieldManager = "ambient-waypoint-controller";

    /// <summary>Made if there is none of that name. The second is the established one's: whoever has made it before us keeps it.</summary>
    public static readonly string[] Names = ["ambient-waypoint", "istio-waypoint"];

    /// <summary>A class stays as long as it has gateways (Gateway API, GatewayClass).</summary>
    private const string Finalizer = "gateway-exists-finalizer.gateway.networking.k8s.io";

    /// <summary>Features of the Gateway API's conformance suite that routes and policies at services have; in alphabetical order.</summary>
    private static readonly SupportedFeature[] Features = [.. ((string[])
    [
        "BackendTLSPolicy", "BackendTLSPolicySANValidation", "GRPCRoute", "GatewayInfrastructurePropagation", "HTTPRoute", "HTTPRoute303RedirectStatusCode", "HTTPRoute307RedirectStatusCode", "HTTPRoute308RedirectStatusCode",
        "HTTPRouteParentRefPort", "HTTPRouteResponseHeaderModification", "Mesh", "MeshClusterIPMatching", "MeshConsumerRoute", "MeshHTTPRouteBackendRequestHeaderModification",
        "MeshHTTPRouteNamedRouteRule", "MeshHTTPRouteQueryParamMatching", "MeshHTTPRouteRedirectPath", "MeshHTTPRouteRedirectPort", "MeshHTTPRouteRewritePath", "MeshHTTPRouteSchemeRedirect",
    ]).Select(static name => new SupportedFeature { Name = name })];

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
            if (cluster.GatewayClasses.Find(new("", name)) is not { } present)
            {
                if (Names.Contains(name)) await CreateAsync(name, stop);
            }
            else if (IsOurs(present))
            {
                await HoldAsync(present, stop);
                if (present.Metadata.DeletionTimestamp is null) await AcceptAsync(present, stop);
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

    private async Task HoldAsync(GatewayClass present, CancellationToken stop)
    {
        var (meta, isHeld) = (present.Metadata, present.Metadata.Finalizers?.Contains(Finalizer) == true);
        var isUsed = cluster.Gateways.All.Any(gateway => gateway.Spec?.GatewayClassName == meta.Name);
        if (isHeld == isUsed || (isUsed && meta.DeletionTimestamp is not null)) return; // what is being deleted cannot be held any more
        var others = (meta.Finalizers ?? []).Where(static one => one != Finalizer);
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = meta.ResourceVersion, // of what was read: a list is replaced as a whole
                ["finalizers"] = new JsonArray([.. (isUsed ? others.Append(Finalizer) : others).Select(static one => JsonValue.Create(one))]),
            },
        };
        await api.MergePatchAsync(ResourceTypes.GatewayClass, new("", meta.Name), Encoding.UTF8.GetBytes(patch.ToJsonString()), stop);
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

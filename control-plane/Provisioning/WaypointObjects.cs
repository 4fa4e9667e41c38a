using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Waypoints;
using Ambient.Kubernetes.Configuration;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>An object as it should be.</summary>
/// <param name="Document">With all that we answer for; others may add to it.</param>
internal sealed record WantedObject(ResourceType<UnstructuredObject> Type, ObjectName Name, JsonObject Document);

/// <summary>Gateway → the objects that run it. Pure.</summary>
internal static class WaypointObjects
{
    /// <summary>A digest of all that we ask for: tells a field that we do not ask for any more from one that somebody else has added.</summary>
    public const string Digest = "ambient.mesh/applied";

    /// <param name="listener">The gateway's for tunnels.</param>
    /// <exception cref="ConfigurationException">An overlay cannot be used.</exception>
    public static IReadOnlyList<WantedObject> Of(Gateway gateway, GatewayListener listener, Overlays overlays, string network, string trustDomain, ProvisioningOptions options)
    {
        var template = new WaypointTemplate(
            NameOf(gateway), gateway.Metadata.Name, listener.Name, WaypointBuilder.ServiceAccountOf(gateway), network, trustDomain, options)
        {
            TellsClientIdentity = gateway.Metadata.Annotation(MeshAnnotations.TellsClientIdentity) == "true",
            ServiceType = GatewayAnnotations.ServiceTypeOf(gateway),
        };
        var objects = new List<WantedObject>();
        // An account that is named is somebody's own.
        if (template.ServiceAccount == gateway.Metadata.Name) Add(WaypointKinds.ServiceAccount, template.ServiceAccount, Overlays.ServiceAccount, []);
        Add(WaypointKinds.Service, template.Name, Overlays.Service, template.Service());
        Add(WaypointKinds.Deployment, template.Name, Overlays.Deployment, template.Deployment());
        if (overlays.Mention(Overlays.Autoscaler)) Add(WaypointKinds.Autoscaler, template.Name, Overlays.Autoscaler, template.Autoscaler());
        if (overlays.Mention(Overlays.DisruptionBudget)) Add(WaypointKinds.DisruptionBudget, template.Name, Overlays.DisruptionBudget, template.DisruptionBudget());
        return objects;

        void Add(ResourceType<UnstructuredObject> type, string name, string key, JsonObject document)
        {
            overlays.ApplyTo(document, key);
            Mark(document, gateway);
            Tie(document, type, name, gateway);
            objects.Add(new(type, new(gateway.Metadata.Namespace ?? "", name), document));
        }
    }

    /// <summary>The name of the gateway's Deployment and Service.</summary>
    public static string NameOf(Gateway gateway) =>
        gateway.Metadata.Annotation(MeshAnnotations.GatewayNameOverride) is { Length: > 0 } name ? name : gateway.Metadata.Name;

    // What the user wants on everything that is made, and then what everything is known by, which nobody may change.
    private static void Mark(JsonObject document, Gateway gateway)
    {
        JsonObject?[] places = [Child(document, "metadata"), document["spec"]?["template"] is JsonObject template ? Child(template, "metadata") : null];
        foreach (var metadata in places.OfType<JsonObject>())
        {
            Set(metadata, "annotations", gateway.Spec?.Infrastructure?.Annotations, replaces: false);
            Set(metadata, "labels", gateway.Spec?.Infrastructure?.Labels, replaces: false);
            Set(metadata, "labels", new Dictionary<string, string>
            {
                [MeshLabels.GatewayName] = gateway.Metadata.Name,
                [MeshLabels.GatewayClassName] = gateway.Spec?.GatewayClassName ?? "",
                [MeshLabels.ManagedBy] = MeshLabels.ManagedWaypoint,
            }, replaces: true);
        }
    }

    private static void Tie(JsonObject document, ResourceKind kind, string name, Gateway gateway)
    {
        var metadata = Child(document, "metadata");
        (document["apiVersion"], document["kind"]) = (kind.ApiVersion, kind.Kind);
        (metadata["name"], metadata["namespace"]) = (name, gateway.Metadata.Namespace);
        metadata["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = ResourceTypes.Gateway.ApiVersion, ["kind"] = ResourceTypes.Gateway.Kind,
            ["name"] = gateway.Metadata.Name, ["uid"] = gateway.Metadata.Uid, ["controller"] = true,
        });
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(document.ToJsonString()));
        Child(metadata, "annotations")[Digest] = Convert.ToHexStringLower(digest.AsSpan(0, 8));
    }

    private static void Set(JsonObject metadata, string field, IReadOnlyDictionary<string, string>? values, bool replaces)
    {
        if (values is not { Count: > 0 }) return;
        var map = Child(metadata, field);
        foreach (var (key, value) in values.OrderBy(static one => one.Key, StringComparer.Ordinal))
            if (replaces || !map.ContainsKey(key)) map[key] = value;
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child) parent[name] = child = [];
        return child;
    }
}

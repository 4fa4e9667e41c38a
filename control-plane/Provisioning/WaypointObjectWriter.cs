using System.Net;
using System.Text;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Provisioning;

/// <summary>Makes a waypoint's objects what they should be, and writes nothing where they are.</summary>
internal sealed partial class WaypointObjectWriter(ApiClient api, WaypointInformers informers, ILogger logger)
{
    /// <returns>Null if all is well; otherwise why the gateway cannot be run.</returns>
    /// <exception cref="ApiException">The API cannot be reached, or is not well.</exception>
    public async Task<Refusal?> WriteAsync(Gateway gateway, IReadOnlyList<WantedObject> wanted, CancellationToken stop)
    {
        foreach (var one in wanted)
            if (await WriteAsync(gateway, one, stop) is { } refusal) return refusal;
        foreach (var kind in WaypointKinds.Optional.Where(kind => wanted.All(one => one.Type != kind)))
            await RemoveAsync(gateway, kind, stop);
        return null;
    }

    private async Task<Refusal?> WriteAsync(Gateway gateway, WantedObject wanted, CancellationToken stop)
    {
        var found = informers.Of(wanted.Type).Find(wanted.Name);
        if (found is not null && IsOwned(found, gateway) && IsAsWanted(wanted, found)) return null;

        // What does not carry our label is not told by the informer.
        found ??= await api.FindAsync(wanted.Type, wanted.Name, stop);
        if (found is not null && !IsOwned(found, gateway))
            return new("Invalid", $"{wanted.Type.Kind} {wanted.Name} exists and does not belong to this gateway: rename or delete one of the two.");
        try
        {
            await api.ApplyAsync(wanted.Type, wanted.Name, Encoding.UTF8.GetBytes(wanted.Document.ToJsonString()), WaypointClasses.FieldManager, stop);
        }
        // A quota, an admission policy, or a field that the API does not take.
        catch (ApiException e) when (e.Code is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.UnprocessableEntity)
        {
            return new("Invalid", e.Message);
        }

        Log.Written(logger, wanted.Type.Kind, wanted.Name);
        return null;
    }

    private async Task RemoveAsync(Gateway gateway, ResourceType<UnstructuredObject> kind, CancellationToken stop)
    {
        var name = new ObjectName(gateway.Metadata.Namespace ?? "", WaypointObjects.NameOf(gateway));
        if (informers.Of(kind).Find(name) is not { Metadata.DeletionTimestamp: null } found || !IsOwned(found, gateway)) return;
        try { await api.DeleteAsync(kind, name, stop, found); }
        catch (ApiException e) when (e.IsNotFound) { return; }
        Log.Removed(logger, kind.Kind, name);
    }

    // An object of a gateway that was deleted and made anew has another owner until it is collected.
    private static bool IsOwned(UnstructuredObject found, Gateway gateway) =>
        found.Metadata.OwnerReferences?.Any(owner => owner is { Controller: true } && owner.Uid == gateway.Metadata.Uid) == true;

    private static bool IsAsWanted(WantedObject wanted, UnstructuredObject found)
    {
        var document = found.ToDocument();
        return wanted.Document.All(field => field.Key is "apiVersion" or "kind" || Overlay.Holds(field.Value, document[field.Key], field.Key));
    }

    // Dashboards match on id and name: add at the end, never renumber or reuse. Next: 1363.
    private static partial class Log
    {
        [LoggerMessage(1361, LogLevel.Information, "{Kind} {Name} of a waypoint written")]
        public static partial void Written(ILogger logger, string kind, ObjectName name);

        [LoggerMessage(1362, LogLevel.Information, "{Kind} {Name} of a waypoint removed: no overlay mentions it any more")]
        public static partial void Removed(ILogger logger, string kind, ObjectName name);
    }
}

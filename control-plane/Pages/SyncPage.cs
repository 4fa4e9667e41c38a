using System.Text.Json;
using Ambient.Hosting.Pages;
using Ambient.Kubernetes.Informers;
using Ambient.Xds.Server;

namespace Ambient.ControlPlane.Pages;

/// <summary>Who has what: how far our informers are with the cluster, and the proxies with us.</summary>
internal static class SyncPage
{
    public static PageResponse OfInformers(IEnumerable<IInformer> informers) => JsonPage.Of(json =>
    {
        json.WriteStartArray();
        foreach (var status in informers.Select(static informer => informer.Status)) Write(json, status);
        json.WriteEndArray();
    });

    public static PageResponse OfProxies(IEnumerable<SessionStatus> sessions) => JsonPage.Of(json =>
    {
        json.WriteStartArray();
        foreach (var session in sessions) Write(json, session);
        json.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter json, InformerStatus status)
    {
        json.WriteStartObject();
        json.WriteString("kind"u8, status.Kind);
        json.WriteBoolean("synced"u8, status.HasSynced);
        json.WriteNumber("objects"u8, status.Objects);
        json.WriteNumber("unreadable"u8, status.Unreadable);
        json.WriteString("resourceVersion"u8, status.ResourceVersion);
        json.WriteNumber("lists"u8, status.Lists);
        json.WriteNumber("watches"u8, status.Watches);
        json.WriteNumber("events"u8, status.Events);
        if (status.LastError is { } error) json.WriteString("error"u8, error);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, SessionStatus session)
    {
        json.WriteStartObject();
        json.WriteString("proxy"u8, session.Client);
        json.WriteStartArray("subscriptions"u8);
        foreach (var subscription in session.Subscriptions)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, subscription.TypeUrl);
            json.WriteBoolean("wildcard"u8, subscription.IsWildcard);
            json.WriteNumber("keys"u8, subscription.Keys);
            json.WriteNumber("sent"u8, subscription.Sent);
            json.WriteNumber("behind"u8, subscription.Behind);
            json.WriteString("state"u8, subscription.Unacknowledged ? "SENT" : subscription.Behind > 0 ? "STALE" : "SYNCED");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("rejections"u8);
        foreach (var rejection in session.Rejections) json.WriteStringValue(rejection);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

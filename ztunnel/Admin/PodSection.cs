using System.Net;
using System.Text.Json;
using Ambient.Hosting.Pages;
using Ambient.Ztunnel.Connections;
using Ambient.Ztunnel.Pods;

namespace Ambient.Ztunnel.Admin;

/// <summary><c>workloadState</c> of the dump: each pod, whether it is served, and what it has open.</summary>
internal static class PodSection
{
    /// <returns>False: nobody takes the rest.</returns>
    public static ValueTask<bool> WriteAsync(JsonPieces pieces, IReadOnlyList<PodStatus> pods, IReadOnlyList<OpenConnection> connections)
    {
        var byPod = connections.ToLookup(connection => connection.Facts.PodUid);
        return pieces.WriteObjectAsync("workloadState", pods.OrderBy(status => status.Pod.Uid, StringComparer.Ordinal), (json, status) => Write(json, status, byPod[status.Pod.Uid]));
    }

    private static void Write(Utf8JsonWriter json, PodStatus status, IEnumerable<OpenConnection> connections)
    {
        json.WriteStartObject(status.Pod.Uid);
        json.WriteString("state"u8, status.State.ToString());
        if (status.Error is { } error) json.WriteString("error"u8, error);
        WriteConnections(json, connections);
        json.WriteStartObject("info"u8);
        json.WriteString("name"u8, status.Pod.Name);
        json.WriteString("namespace"u8, status.Pod.Namespace);
        json.WriteString("serviceAccount"u8, status.Pod.ServiceAccount);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteConnections(Utf8JsonWriter json, IEnumerable<OpenConnection> connections)
    {
        json.WriteStartObject("connections"u8);
        json.WriteStartArray("inbound"u8);
        foreach (var connection in connections.Where(connection => connection.Facts.Direction == Direction.Inbound)) WriteInbound(json, connection.Facts);
        json.WriteEndArray();
        json.WriteStartArray("outbound"u8);
        foreach (var connection in connections.Where(connection => connection.Facts.Direction == Direction.Outbound)) WriteOutbound(json, connection.Facts);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteInbound(Utf8JsonWriter json, in ConnectionFacts facts) =>
        WriteConnection(json, facts.Source, facts.ForwardedHost, facts.Target ?? facts.Destination, facts.Protocol);

    private static void WriteOutbound(Utf8JsonWriter json, in ConnectionFacts facts) =>
        WriteConnection(json, facts.Source, facts.OriginalDestination?.ToString(), facts.Destination, facts.Protocol);

    private static void WriteConnection(Utf8JsonWriter json, IPEndPoint? source, string? original, IPEndPoint? actual, ConnectionProtocol protocol)
    {
        json.WriteStartObject();
        json.WriteString("src"u8, source?.ToString());
        json.WriteString("originalDst"u8, original);
        json.WriteString("actualDst"u8, actual?.ToString());
        json.WriteString("protocol"u8, protocol switch
        {
            ConnectionProtocol.Hbone => "HBONE",
            ConnectionProtocol.DoubleHbone => "DOUBLEHBONE",
            _ => "TCP",
        });
        json.WriteEndObject();
    }
}

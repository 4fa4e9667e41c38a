using System.Buffers;
using System.Text.Json;
using Ambient.Hosting.Pages;
using Ambient.Model.Policies;
using Ambient.Model.Routes;
using Ambient.Model.Traffic;
using Ambient.Model.Workloads;
using Ambient.Waypoint.Options;
using Ambient.Waypoint.Running;

namespace Ambient.Waypoint.Admin;

/// <summary>What the waypoint knows, as JSON: the services that use it, with routes, policies and servers; what was refused, with the reason.</summary>
internal sealed class ConfigDump(WaypointOptions options, WaypointParts parts)
{
    public PageResponse Respond() => new(200, PageResponse.Json, default) { WriteBodyAsync = body => WriteAsync(body, body.FlushAsync) };

    /// <param name="flush">Called between two pieces; false if nobody takes the rest.</param>
    internal async Task WriteAsync(IBufferWriter<byte> output, Func<ValueTask<bool>> flush)
    {
        var (mesh, traffic) = (parts.Rules.Mesh.Current, parts.Rules.Traffic.Current);
        using var pieces = new JsonPieces(output, new() { Indented = true }, flush);
        var json = pieces.Json;
        json.WriteStartObject();
        json.WriteString("gateway"u8, options.GatewayKey);
        json.WriteString("identity"u8, options.Identity.ToString());
        var ours = mesh.Services.Where(entry => entry.Service.Waypoint?.Host == options.Service);
        if (!await pieces.WriteArrayAsync("services", ours, (json, entry) => WriteService(json, entry.Service, traffic))) return;
        if (!await pieces.WriteArrayAsync("policies", traffic.Policies, (json, policy) => WritePolicy(json, policy.Key, policy.Value))) return;
        json.WriteStartArray("telemetry"u8);
        foreach (var name in traffic.Telemetry.Keys.Order(StringComparer.Ordinal)) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteStartObject("rejected"u8);
        foreach (var (name, reason) in parts.ControlPlane.Client.RejectedResources) json.WriteString(name, reason);
        json.WriteEndObject();
        json.WriteStartArray("certificates"u8);
        foreach (var certificate in parts.Certificates.List()) json.WriteStringValue(certificate.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteService(Utf8JsonWriter json, Service service, TrafficSnapshot traffic)
    {
        json.WriteStartObject();
        json.WriteString("service"u8, service.Key.ToString());
        json.WriteStartArray("routes"u8);
        foreach (var route in traffic.RoutesOf(service.Key)) WriteRoute(json, route);
        json.WriteEndArray();
        json.WriteStartArray("tls"u8);
        foreach (var tls in traffic.TlsOf(service.Key)) json.WriteStringValue($"{tls.Namespace}/{tls.Name}{(tls.Unusable.Length > 0 ? $": {tls.Unusable}" : "")}");
        json.WriteEndArray();
        if (traffic.DestinationOf(service.Key) is { } destination)
            json.WriteString("destination"u8, $"{destination.Namespace}/{destination.Name}: {destination.Policy}");
        json.WriteEndObject();
    }

    private static void WriteRoute(Utf8JsonWriter json, Route route)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, route.Key);
        json.WriteStartArray("rules"u8);
        foreach (var rule in route.Rules)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, rule.Name);
            json.WriteStartArray("paths"u8);
            foreach (var match in rule.Matches) json.WriteStringValue($"{match.Path.Kind} {match.Path.Text}");
            json.WriteEndArray();
            json.WriteStartArray("backends"u8);
            foreach (var backend in rule.Action.Backends)
                json.WriteStringValue($"{backend.Service}:{backend.Port} {backend.Subset} weight {backend.Weight} {backend.Invalid}".TrimEnd());
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WritePolicy(Utf8JsonWriter json, string name, RequestPolicy policy)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("action"u8, $"{policy.Policy.Action}{(policy.Policy.DryRun ? ", dry run" : "")}");
        if (policy.Policy.Fault is { } fault) json.WriteString("fault"u8, fault);
        json.WriteBoolean("forAllOurServices"u8, policy.IsForAll || policy.Gateways.AsSpan().Contains(options.GatewayKey));
        json.WriteStartArray("services"u8);
        foreach (var service in policy.Services) json.WriteStringValue(service.ToString());
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

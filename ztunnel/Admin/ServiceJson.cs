using System.Globalization;
using System.Text.Json;
using Ambient.Model.Balancing;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Admin;

/// <summary>A service of the dump, with its endpoints.</summary>
internal static class ServiceJson
{
    public static void Write(Utf8JsonWriter json, ServiceEntry entry)
    {
        var service = entry.Service;
        json.WriteStartObject();
        json.WriteString("name"u8, service.Name);
        json.WriteString("namespace"u8, service.Namespace);
        json.WriteString("hostname"u8, service.Hostname);
        json.WriteStartArray("vips"u8);
        foreach (var vip in service.Vips) json.WriteStringValue(vip.ToString());
        json.WriteEndArray();
        WriteRanges(json, service);
        WritePorts(json, "ports"u8, service.Ports);
        WriteEndpoints(json, entry);
        WorkloadJson.WriteTexts(json, "subjectAltNames"u8, service.SubjectAltNames);
        WriteWaypoints(json, service);
        if (service.LoadBalancing != LoadBalancing.Default) WriteLoadBalancer(json, service.LoadBalancing);
        if (service.IpFamilies != IpFamilies.Automatic) json.WriteString("ipFamilies"u8, NameOf(service.IpFamilies));
        if (service.Canonical) json.WriteBoolean("canonical"u8, true);
        json.WriteString("visibility"u8, service.Visibility.ToString());
        json.WriteEndObject();
    }

    /// <summary>One property: the workload's uid, and how it serves.</summary>
    public static void WriteEndpoint(Utf8JsonWriter json, Endpoint endpoint)
    {
        json.WriteStartObject(endpoint.Workload.Uid);
        json.WriteString("workloadUid"u8, endpoint.Workload.Uid);
        WritePorts(json, "port"u8, endpoint.Ports);
        json.WriteString("status"u8, endpoint.Status.ToString());
        json.WriteEndObject();
    }

    private static void WriteEndpoints(Utf8JsonWriter json, ServiceEntry entry)
    {
        json.WriteStartObject("endpoints"u8);
        foreach (var endpoint in entry.Members.OrderBy(endpoint => endpoint.Workload.Uid, StringComparer.Ordinal)) WriteEndpoint(json, endpoint);
        json.WriteEndObject();
    }

    private static void WriteRanges(Utf8JsonWriter json, Service service)
    {
        if (service.CidrVips.IsEmpty) return;
        json.WriteStartArray("cidrVips"u8);
        foreach (var range in service.CidrVips)
        {
            json.WriteStartObject();
            json.WriteString("network"u8, range.Network);
            json.WriteString("cidr"u8, range.Prefix.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePorts(Utf8JsonWriter json, ReadOnlySpan<byte> name, PortMap ports)
    {
        json.WriteStartObject(name);
        foreach (var (port, target, _) in ports.Entries) json.WriteNumber(port.ToString(CultureInfo.InvariantCulture), target);
        json.WriteEndObject();
    }

    private static void WriteWaypoints(Utf8JsonWriter json, Service service)
    {
        if (service.Waypoint is { } waypoint) WorkloadJson.WriteGateway(json, "waypoint"u8, waypoint);
        if (service.WeightedWaypoints.IsEmpty) return;
        json.WriteStartArray("weightedWaypoints"u8);
        foreach (var weighted in service.WeightedWaypoints)
        {
            json.WriteStartObject();
            WorkloadJson.WriteGateway(json, "destination"u8, weighted.Destination);
            json.WriteNumber("weight"u8, weighted.Weight);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLoadBalancer(Utf8JsonWriter json, LoadBalancing balancing)
    {
        json.WriteStartObject("loadBalancer"u8);
        json.WriteStartArray("routingPreferences"u8);
        foreach (var scope in balancing.RoutingPreferences) json.WriteStringValue(scope.ToString());
        json.WriteEndArray();
        json.WriteString("mode"u8, balancing.Mode.ToString());
        json.WriteString("healthPolicy"u8, balancing.HealthPolicy.ToString());
        json.WriteEndObject();
    }

    private static string NameOf(IpFamilies families) => families switch
    {
        IpFamilies.IPv4Only => "IPv4",
        IpFamilies.IPv6Only => "IPv6",
        _ => "Dual",
    };
}

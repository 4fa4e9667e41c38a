using System.Text.Json;
using Ambient.Model.Workloads;

namespace Ambient.Ztunnel.Admin;

/// <summary>A workload of the dump. What has its default value is left out, except where tools count on it.</summary>
internal static class WorkloadJson
{
    public static void Write(Utf8JsonWriter json, Workload workload)
    {
        json.WriteStartObject();
        json.WriteStartArray("workloadIps"u8);
        foreach (var address in workload.Addresses) json.WriteStringValue(address.ToString());
        json.WriteEndArray();
        if (workload.Waypoint is { } waypoint) WriteGateway(json, "waypoint"u8, waypoint);
        if (workload.NetworkGateway is { } gateway) WriteGateway(json, "networkGateway"u8, gateway);
        json.WriteString("protocol"u8, workload.Protocol == TunnelProtocol.Hbone ? "HBONE" : "TCP");
        json.WriteString("networkMode"u8, workload.NetworkMode == NetworkMode.HostNetwork ? "HostNetwork" : "Standard");
        json.WriteString("uid"u8, workload.Uid);
        WriteText(json, "name"u8, workload.Name);
        json.WriteString("namespace"u8, workload.Namespace);
        WriteText(json, "trustDomain"u8, workload.TrustDomain);
        WriteText(json, "serviceAccount"u8, workload.ServiceAccount);
        WriteText(json, "network"u8, workload.Network);
        WriteText(json, "workloadName"u8, workload.WorkloadName);
        json.WriteString("workloadType"u8, workload.Type.ToString().ToLowerInvariant());
        WriteText(json, "canonicalName"u8, workload.CanonicalName);
        WriteText(json, "canonicalRevision"u8, workload.CanonicalRevision);
        WriteText(json, "hostname"u8, workload.Hostname);
        WriteText(json, "node"u8, workload.Node);
        if (workload.NativeTunnel) json.WriteBoolean("nativeTunnel"u8, true);
        if (workload.ApplicationTunnel is { } tunnel) WriteApplicationTunnel(json, tunnel);
        WriteTexts(json, "authorizationPolicies"u8, workload.AuthorizationPolicies);
        json.WriteString("status"u8, workload.Status.ToString());
        json.WriteString("clusterId"u8, workload.ClusterId);
        WriteLocality(json, workload.Locality);
        if (!workload.Services.IsEmpty) WriteServices(json, workload);
        json.WriteNumber("capacity"u8, workload.Capacity);
        json.WriteEndObject();
    }

    public static void WriteGateway(Utf8JsonWriter json, ReadOnlySpan<byte> name, GatewayAddress gateway)
    {
        json.WriteStartObject(name);
        WriteGatewayFields(json, gateway);
        json.WriteEndObject();
    }

    public static void WriteGatewayFields(Utf8JsonWriter json, GatewayAddress gateway)
    {
        json.WriteString("destination"u8, gateway.Host is { } host ? host.ToString() : gateway.Address.ToString());
        json.WriteNumber("hboneMtlsPort"u8, gateway.HbonePort);
    }

    public static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length > 0) json.WriteString(name, text);
    }

    public static void WriteTexts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return;
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteApplicationTunnel(Utf8JsonWriter json, ApplicationTunnel tunnel)
    {
        json.WriteStartObject("applicationTunnel"u8);
        json.WriteString("protocol"u8, tunnel.Protocol == ApplicationTunnelProtocol.Proxy ? "PROXY" : "NONE");
        if (tunnel.Port is { } port) json.WriteNumber("port"u8, port);
        else json.WriteNull("port"u8);
        json.WriteEndObject();
    }

    private static void WriteLocality(Utf8JsonWriter json, Locality locality)
    {
        if (locality.IsEmpty) return;
        json.WriteStartObject("locality"u8);
        json.WriteString("region"u8, locality.Region ?? "");
        json.WriteString("zone"u8, locality.Zone ?? "");
        json.WriteString("subzone"u8, locality.Subzone ?? "");
        json.WriteEndObject();
    }

    private static void WriteServices(Utf8JsonWriter json, Workload workload)
    {
        json.WriteStartArray("services"u8);
        foreach (var membership in workload.Services) json.WriteStringValue(membership.Service.ToString());
        json.WriteEndArray();
    }
}

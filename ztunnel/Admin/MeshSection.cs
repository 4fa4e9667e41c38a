using System.Text.Json;
using Ambient.Model.State;

namespace Ambient.Ztunnel.Admin;

/// <summary><c>workloads</c>, <c>services</c>, <c>policies</c> and <c>stagedServices</c> of the dump, each sorted by its key.</summary>
internal static class MeshSection
{
    public static void Write(Utf8JsonWriter json, MeshSnapshot mesh)
    {
        WriteStatic(json, mesh);
        json.WriteStartObject("stagedServices"u8);
        foreach (var (service, endpoints) in mesh.StagedEndpoints.OrderBy(staged => staged.Service.ToString(), StringComparer.Ordinal))
        {
            json.WriteStartObject(service.ToString());
            foreach (var endpoint in endpoints.OrderBy(endpoint => endpoint.Workload.Uid, StringComparer.Ordinal))
                ServiceJson.WriteEndpoint(json, endpoint);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public static void WriteStatic(Utf8JsonWriter json, MeshSnapshot mesh)
    {
        json.WriteStartArray("workloads"u8);
        foreach (var workload in mesh.Workloads.OrderBy(workload => workload.Uid, StringComparer.Ordinal)) WorkloadJson.Write(json, workload);
        json.WriteEndArray();

        json.WriteStartArray("services"u8);
        foreach (var entry in mesh.Services.OrderBy(entry => entry.Service.Hostname, StringComparer.Ordinal)
                     .ThenBy(entry => entry.Service.Namespace, StringComparer.Ordinal)) ServiceJson.Write(json, entry);
        json.WriteEndArray();

        json.WriteStartArray("policies"u8);
        foreach (var policy in mesh.Policies.OrderBy(policy => policy.Policy.Key, StringComparer.Ordinal)) PolicyJson.Write(json, policy.Policy);
        json.WriteEndArray();
    }
}

using Ambient.Hosting.Pages;
using Ambient.Model.State;

namespace Ambient.Ztunnel.Admin;

/// <summary><c>workloads</c>, <c>services</c>, <c>policies</c> and <c>stagedServices</c> of the dump, each sorted by its key.</summary>
/// <remarks>False: nobody takes the rest.</remarks>
internal static class MeshSection
{
    public static async ValueTask<bool> WriteAsync(JsonPieces pieces, MeshSnapshot mesh) =>
        await WriteStaticAsync(pieces, mesh)
        && await pieces.WriteObjectAsync("stagedServices", mesh.StagedEndpoints.OrderBy(staged => staged.Service.ToString(), StringComparer.Ordinal), static (json, staged) =>
        {
            json.WriteStartObject(staged.Service.ToString());
            foreach (var endpoint in staged.Endpoints.OrderBy(endpoint => endpoint.Workload.Uid, StringComparer.Ordinal))
                ServiceJson.WriteEndpoint(json, endpoint);
            json.WriteEndObject();
        });

    public static async ValueTask<bool> WriteStaticAsync(JsonPieces pieces, MeshSnapshot mesh) =>
        await pieces.WriteArrayAsync("workloads", mesh.Workloads.OrderBy(workload => workload.Uid, StringComparer.Ordinal), WorkloadJson.Write)
        && await pieces.WriteArrayAsync("services", mesh.Services.OrderBy(entry => entry.Service.Hostname, StringComparer.Ordinal)
            .ThenBy(entry => entry.Service.Namespace, StringComparer.Ordinal), ServiceJson.Write)
        && await pieces.WriteArrayAsync("policies", mesh.Policies.OrderBy(policy => policy.Policy.Key, StringComparer.Ordinal), static (json, policy) => PolicyJson.Write(json, policy.Policy));
}

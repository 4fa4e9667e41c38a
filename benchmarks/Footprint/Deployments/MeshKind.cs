namespace Ambient.Footprint.Deployments;

/// <summary>What is compared.</summary>
internal enum MeshKind { None, HaProxySidecars, NginxSidecars, ZtunnelSidecars, Ambient }

internal static class MeshKinds
{
    public static string Title(this MeshKind kind) => kind switch
    {
        MeshKind.None => "no mesh",
        MeshKind.HaProxySidecars => "HAProxy beside each pod",
        MeshKind.NginxSidecars => "nginx beside each pod",
        MeshKind.ZtunnelSidecars => "our ztunnel beside each pod",
        _ => "ambient: one ztunnel and agent",
    };

    public static async Task<IDeployment> StartAsync(this MeshKind kind, int pods) => kind switch
    {
        MeshKind.None => await NoMesh.StartAsync(pods),
        MeshKind.HaProxySidecars => await TlsSidecars.HaProxyAsync(pods),
        MeshKind.NginxSidecars => await TlsSidecars.NginxAsync(pods),
        MeshKind.ZtunnelSidecars => await ZtunnelSidecars.StartAsync(pods),
        _ => await AmbientMesh.StartAsync(pods),
    };
}

using Ambient.Kubernetes.Configuration;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>Settings of the mesh's configuration on which users of a mesh without sidecars might rely, and which nothing here honours. Pure.</summary>
internal static class UnhonouredSettings
{
    private static readonly string[] Names =
    [
        "accessLogFormat", "ca", "caCertificates", "certificates", "connectTimeout", "defaultDestinationRuleExportTo", "defaultHttpRetryPolicy", "defaultServiceExportTo",
        "defaultVirtualServiceExportTo", "h2UpgradePolicy", "inboundTrafficPolicy", "localityLbSetting", "meshMTLS", "pathNormalization", "serviceScopeConfigs", "serviceSettings",
        "tcpKeepalive", "tlsDefaults",
    ];

    /// <summary>A ConfigMap has no status: who looks for what is wrong finds it among the other diagnostics.</summary>
    public static void Tell(YamlTree.Map map, Findings findings)
    {
        List<string> found = [.. Names.Where(map.Entries.ContainsKey)];
        if (map["outboundTrafficPolicy"]?.TextAt("mode") is not (null or "ALLOW_ANY")) found.Add("outboundTrafficPolicy");
        if (found.Count > 0)
            findings.Add("data.mesh", $"{string.Join(", ", found)}: not honoured, so without effect.", "Do not rely on it: kubectl edit configmap.");
    }
}

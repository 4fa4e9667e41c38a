using Ambient.ControlPlane.Indexing;
using Ambient.ControlPlane.Indexing.Settings;
using Ambient.Kubernetes.Client;
using Ambient.Kubernetes.Resources;
using Microsoft.Extensions.Logging;

namespace Ambient.ControlPlane.Running;

/// <summary>What of the mesh configuration must be known before anything is built: the trust domain, which every certificate carries.</summary>
internal static partial class MeshSettingsAtStart
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1), LongestRetry = TimeSpan.FromSeconds(10);

    /// <summary>Waits for the API, however long it takes: without it there is nothing to serve.</summary>
    public static async Task<ControlPlaneOptions> ResolveAsync(
        ControlPlaneOptions options, ApiClient api, TimeProvider time, ILogger logger, CancellationToken stop)
    {
        for (var pause = FirstRetry; ; pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry)
        {
            try
            {
                var map = await api.FindAsync(ResourceTypes.ConfigMap, new(options.SystemNamespace, options.Index.ConfigMapName), stop);
                return With(options, map);
            }
            catch (ApiException e)
            {
                Waiting(logger, e.Message);
                await Task.Delay(pause, time, stop);
            }
        }
    }

    internal static ControlPlaneOptions With(ControlPlaneOptions options, ConfigMap? map)
    {
        if (map?.Data?.GetValueOrDefault("mesh") is not { } text) return options;
        var findings = new Findings(nameof(ConfigMap), ObjectName.Of(map));
        if (MeshConfigReader.Read(text, options.Index, findings) is not { } config) return options;
        options.Authority.TrustDomain = config.TrustDomain;
        options.Authority.ConfiguredAliases = [.. config.TrustDomainAliases];
        return options;
    }

    [LoggerMessage(1281, LogLevel.Warning, "Waiting for the Kubernetes API: {Error}")]
    private static partial void Waiting(ILogger logger, string error);
}

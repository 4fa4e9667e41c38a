using Ambient.Model.Workloads;

namespace Ambient.ControlPlane.Indexing.Services;

/// <summary>What a port speaks, from its <c>appProtocol</c> or the first word of its name, as Istio reads them.</summary>
internal static class AppProtocols
{
    public static AppProtocol Of(string? appProtocol, string? portName)
    {
        if (appProtocol is { Length: > 0 })
        {
            return appProtocol switch
            {
                "kubernetes.io/h2c" => AppProtocol.Http2,
                "kubernetes.io/ws" => AppProtocol.Http11,
                "kubernetes.io/wss" => AppProtocol.Tls,
                _ => Named(appProtocol),
            };
        }
        var name = portName ?? "";
        return Named(name.StartsWith("grpc-web", StringComparison.OrdinalIgnoreCase) ? "http" : name.Split('-')[0]);
    }

    private static AppProtocol Named(string name) => name.ToLowerInvariant() switch
    {
        "http" => AppProtocol.Http11,
        "http2" => AppProtocol.Http2,
        "grpc" => AppProtocol.Grpc,
        "https" or "tls" => AppProtocol.Tls,
        "tcp" => AppProtocol.Tcp,
        _ => AppProtocol.Unknown,
    };
}

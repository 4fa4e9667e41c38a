using Ambient.Hosting.Options;
using Ambient.Kubernetes.Configuration;

namespace Ambient.ControlPlane.Options;

/// <summary>How the Kubernetes API is reached.</summary>
internal sealed record ClusterAccess
{
    /// <summary>A kubeconfig file; null for the pod's own service account.</summary>
    public required string? Kubeconfig { get; init; }

    public required string? ServiceHost { get; init; }

    public required string? ServicePort { get; init; }

    /// <summary>Requests per second in the long run: 1 to 10,000, default 80.</summary>
    public required int RequestsPerSecond { get; init; }

    /// <summary>Requests at once after a pause: 1 to 10,000, default 160.</summary>
    public required int Burst { get; init; }

    public static ClusterAccess Read(SettingsReader settings)
    {
        var access = new ClusterAccess
        {
            Kubeconfig = settings.Text("KUBECONFIG"),
            ServiceHost = settings.Text("KUBERNETES_SERVICE_HOST"),
            ServicePort = settings.Text("KUBERNETES_SERVICE_PORT"),
            RequestsPerSecond = settings.Int("KUBE_API_QPS", 80, 1, 10_000),
            Burst = settings.Int("KUBE_API_BURST", 160, 1, 10_000),
        };
        if (access.Kubeconfig is null && (access.ServiceHost is null || access.ServicePort is null))
            settings.Mistake("KUBECONFIG", null, "outside a cluster it must name a kubeconfig file; within one, KUBERNETES_SERVICE_HOST and _PORT are set by the kubelet");
        return access;
    }

    /// <exception cref="ConfigurationException">It cannot be read or used.</exception>
    public ApiConfiguration Open(TimeProvider time)
    {
        var configuration = Kubeconfig is { } path
            ? ApiConfiguration.FromKubeconfig(path, time)
            : ApiConfiguration.InCluster(ServiceHost, ServicePort, time);
        return configuration with { RequestsPerSecond = RequestsPerSecond, Burst = Burst };
    }
}

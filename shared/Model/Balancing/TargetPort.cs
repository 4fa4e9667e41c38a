namespace Ambient.Model.Balancing;

/// <summary>How a service port becomes a port of the endpoint.</summary>
public static class TargetPort
{
    /// <summary>The endpoint's mapping, else the service's number, else the port itself if an application tunnel takes it; or null.</summary>
    public static ushort? Of(ServiceEntry service, Endpoint endpoint, ushort servicePort)
    {
        if (endpoint.Ports.TryGetTarget(servicePort, out var own)) return own;
        if (service.Service.Ports.TryGetTarget(servicePort, out var common) && common > 0) return common;
        return endpoint.Workload.ApplicationTunnel?.Port is not null ? servicePort : null;
    }
}

using Ambient.Hosting.Options;

namespace Ambient.ControlPlane.Options;

/// <summary>Where the control plane listens. 0 asks for any free port.</summary>
internal sealed record PortOptions
{
    /// <summary>Discovery and certificates over TLS, for everybody. Default 15012.</summary>
    public required int Secure { get; init; }

    /// <summary>Discovery in plain text, on loopback only: for looking at it from within the pod. Default 15010; null if it is off.</summary>
    public required int? Plaintext { get; init; }

    /// <summary>Metrics, for everybody. Default 15014.</summary>
    public required int Monitoring { get; init; }

    /// <summary>Readiness, for everybody. Default 8080.</summary>
    public required int Health { get; init; }

    /// <summary>Dumps and log levels, on loopback only. Default 9876.</summary>
    public required int Admin { get; init; }

    public static PortOptions Read(SettingsReader settings)
    {
        var ports = new PortOptions
        {
            Secure = Port(settings, "AMBIENT_SECURE_GRPC_PORT", 15012),
            Plaintext = settings.Bool("AMBIENT_PLAINTEXT_GRPC", true) ? Port(settings, "AMBIENT_PLAINTEXT_GRPC_PORT", 15010) : null,
            Monitoring = Port(settings, "AMBIENT_MONITORING_PORT", 15014),
            Health = Port(settings, "AMBIENT_HEALTH_PORT", 8080),
            Admin = Port(settings, "AMBIENT_ADMIN_PORT", 9876),
        };
        int[] all = [ports.Secure, ports.Plaintext ?? 0, ports.Monitoring, ports.Health, ports.Admin];
        foreach (var twice in all.Where(port => port > 0).GroupBy(port => port).Where(group => group.Count() > 1))
            settings.Mistake("AMBIENT_*_PORT", null, $"port {twice.Key} is asked for {twice.Count()} times; each listener needs its own");
        return ports;
    }

    private static int Port(SettingsReader settings, string name, int fallback) => settings.Int(name, fallback, 0, 65535);
}

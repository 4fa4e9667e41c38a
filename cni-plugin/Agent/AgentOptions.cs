using System.Net;

namespace Ambient.CniAgent;

/// <summary>Every knob of the node agent.</summary>
internal sealed class AgentOptions
{
    public const string Usage =
        """
        Usage: ambient-agent --pods DIRECTORY [--zds PATH] [--dns-capture true|false] [--audit-interval SECONDS]
                             [--pages ADDRESS:PORT] [--log plain|json] [--log-level FILTER]

          --pods            Directory in which each NAME.json is a pod to enrol:
                            {"uid", "name", "namespace", "serviceAccount", "netns", "addresses"?, "annotations"?}
                            NAME.status beside it says how the pod stands.
          --zds             Unix socket that node proxies connect to (default /var/run/ztunnel/ztunnel.sock).
          --dns-capture     Whether pods without annotation have their DNS captured (default true).
          --audit-interval  How often an enrolled pod's rules are looked at and repaired, 1 to 3600 s (default 30).
          --pages           Serves /metrics and /healthz/ready there (default: not served).
          --log             Form of the log lines (default plain).
          --log-level       For example info, or info,zds=debug (default info).
        """;

    public string PodDirectory { get; private set; } = "";

    public string ZdsPath { get; private set; } = "/var/run/ztunnel/ztunnel.sock";

    public bool CaptureDns { get; private set; } = true;

    public TimeSpan AuditInterval { get; private set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where metrics and readiness are served; null if they are not.</summary>
    public IPEndPoint? Pages { get; private set; }

    public bool LogJson { get; private set; }

    public string LogLevel { get; private set; } = "info";

    /// <exception cref="FormatException">All that is wrong, one line each.</exception>
    public static AgentOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new AgentOptions();
        var errors = new List<string>();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var error = i + 1 < arguments.Count
                ? options.Set(arguments[i], arguments[i + 1])
                : $"{arguments[i]} has no value.";
            if (error is not null)
                errors.Add(error);
        }
        if (options.PodDirectory.Length == 0)
            errors.Add("--pods is missing.");
        return errors.Count == 0 ? options : throw new FormatException(string.Join('\n', errors));
    }

    /// <returns>What is wrong, or null.</returns>
    private string? Set(string name, string value)
    {
        switch (name)
        {
            case "--pods":
                PodDirectory = Path.GetFullPath(value);
                return value.Length > 0 ? null : "--pods is empty.";
            case "--zds":
                ZdsPath = value;
                return value.Length is > 0 and <= 107 ? null : $"--zds has {value.Length} characters; a unix socket's path has 1 to 107.";
            case "--dns-capture":
                CaptureDns = value == "true";
                return value is "true" or "false" ? null : $"--dns-capture is '{value}'; true or false is needed.";
            case "--audit-interval":
                AuditInterval = TimeSpan.FromSeconds(int.TryParse(value, out var seconds) ? seconds : 0);
                return seconds is >= 1 and <= 3600 ? null : $"--audit-interval is '{value}'; allowed are 1 to 3600 seconds.";
            case "--pages":
                Pages = IPEndPoint.TryParse(value, out var address) ? address : null;
                return Pages is not null ? null : $"--pages is '{value}'; an address and port is needed, such as 127.0.0.1:15014.";
            case "--log":
                LogJson = value == "json";
                return value is "plain" or "json" ? null : $"--log is '{value}'; plain or json is needed.";
            case "--log-level":
                LogLevel = value;
                return null;
            default:
                return $"{name} is not an option.";
        }
    }
}

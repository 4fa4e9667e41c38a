namespace Ambient.CniAgent.Zds;

/// <summary>Times and limits of the conversation with node proxies. The defaults are what every implementation expects.</summary>
internal sealed class ZdsOptions
{
    /// <summary>For a hello, for sending a request and for its answer. Default 5 s.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Quiet time after which a connection is looked at. Default 5 s.</summary>
    public TimeSpan LivenessInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Shortest time between two accepts. Default 200 ms: a proxy that fails at once is not served in a loop.</summary>
    public TimeSpan AcceptInterval { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Requests that wait for one connection. Default 1024, more than pods fit a node; beyond, they are refused and come again.</summary>
    public int MaxQueued { get; set; } = 1024;
}

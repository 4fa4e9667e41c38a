namespace Ambient.ControlPlane.Callers;

/// <summary>How callers are recognised. Set once, before the control plane starts.</summary>
internal sealed class CallerOptions
{
    /// <summary>A token must be meant for one of these. Default istio-ca.</summary>
    public IReadOnlyList<string> Audiences { get; set; } = ["istio-ca"];

    /// <summary>Longest time for which an answer of the API server is believed: 0–10 min, default 30 s.</summary>
    /// <remarks>As long may the token of a deleted pod still work; shorter asks the API server more often.</remarks>
    public TimeSpan TokenKept { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Tokens whose answer is kept; default 10,000, about 3 MiB.</summary>
    public int MaxKeptTokens { get; set; } = 10_000;

    /// <summary>Questions to the API server at the same time; default 16.</summary>
    public int MaxReviewsAtOnce { get; set; } = 16;

    /// <summary>Of them those for one peer's address, with what waits; more are refused. Default 64: a node proxy has one token, or two.</summary>
    public int MaxReviewsPerPeer { get; set; } = 64;

    /// <summary>This cluster's id: what callers may send as <c>clusterid</c>. Default Kubernetes.</summary>
    public string ClusterId { get; set; } = "Kubernetes";

    /// <summary>Other names of this cluster.</summary>
    public IReadOnlyList<string> ClusterAliases { get; set; } = [];
}

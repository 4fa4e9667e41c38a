using Ambient.ControlPlane.Callers;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Authority;

/// <summary>What the authority signs, for whom and for how long. Set once, before the control plane starts.</summary>
internal sealed class AuthorityOptions
{
    /// <summary>The trust domain of every identity that is signed. Default cluster.local.</summary>
    public string TrustDomain { get; set; } = "cluster.local";

    /// <summary>Other names of the same trust domain, signed as they are asked for: a mesh that changes its name has both for a while.</summary>
    public IReadOnlyList<string> TrustDomainAliases { get; set; } = [];

    /// <summary>Those that the mesh configuration names beside; may change while the control plane runs. Replaced as a whole, on any thread.</summary>
    public volatile IReadOnlyList<string> ConfiguredAliases = [];

    /// <summary>Where the control plane runs and keeps its Secrets. Default istio-system.</summary>
    public string SystemNamespace { get; set; } = "istio-system";

    /// <summary>Revision of this control plane; empty for the default one. Adds a name to the server certificate.</summary>
    public string Revision { get; set; } = "";

    /// <summary>
    /// Service accounts of node proxies, which may ask for the identities of the pods on their node. Empty turns this off.
    /// Default istio-system/ztunnel.
    /// </summary>
    public IReadOnlyList<ObjectName> TrustedNodeAccounts { get; set; } = [new("istio-system", "ztunnel")];

    /// <summary>Life of a workload's certificate when none is asked for. Default 24 h.</summary>
    public TimeSpan DefaultLeafLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Longest life that may be asked for; more is refused. Default 90 days.</summary>
    /// <remarks>
    /// A root rotation waits twice for the longest life that was really granted, so that asking for 90 days once makes
    /// every later rotation take half a year. 24 h to a week is a better limit where nobody needs more.
    /// </remarks>
    public TimeSpan MaxLeafLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Life of a root that is made here. Default 3650 days.</summary>
    public TimeSpan RootLifetime { get; set; } = TimeSpan.FromDays(3650);

    /// <summary>A root made here is replaced in this last part of its life, 0.05–0.5. Default 0.2.</summary>
    public double RotateInLastPart { get; set; } = 0.2;

    /// <summary>
    /// Longest until everybody has what the Secret says: replicas their watch event, pods the mounted bundle, plus the
    /// difference of clocks. Default 1 h, 1 s to 7 days, below 10 minutes for tests only.
    /// A replica that could not read the Secret for half of this signs nothing.
    /// </summary>
    public TimeSpan DistributionTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Namespaces that get no trust bundle.</summary>
    public IReadOnlyList<string> NamespacesWithoutBundle { get; set; } = ["kube-public", "kube-node-lease", "local-path-storage"];

    /// <summary>Publish the plugged-in authority's revocation list beside the trust bundle. Default false.</summary>
    public bool PublishRevocations { get; set; }

    /// <summary>Signatures made at the same time: 1–64, default one for each processor.</summary>
    public int SigningSlots { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>Requests that may wait for a slot, of all callers: default 20,000. More are told to come back.</summary>
    public int MaxWaiting { get; set; } = 20_000;

    /// <summary>Requests of one caller that may wait: default 1,024, a node's pods several times over.</summary>
    public int MaxWaitingPerCaller { get; set; } = 1_024;

    public bool IsOurTrustDomain(string domain) => domain == TrustDomain || TrustDomainAliases.Contains(domain) || ConfiguredAliases.Contains(domain);

    /// <summary>Every mistake, each with what is allowed; empty if there is none.</summary>
    public IReadOnlyList<string> Check()
    {
        var mistakes = new List<string>();
        CheckNames(mistakes);
        CheckTimes(mistakes);
        if (SigningSlots is < 1 or > 64)
            mistakes.Add($"SigningSlots is {SigningSlots}; allowed are 1 to 64 (default: the number of processors).");
        if (MaxWaitingPerCaller < 1 || MaxWaiting < MaxWaitingPerCaller)
            mistakes.Add($"MaxWaitingPerCaller is {MaxWaitingPerCaller} and MaxWaiting {MaxWaiting}; both must be positive and the first not above the second.");
        return mistakes;
    }

    private void CheckNames(List<string> mistakes)
    {
        foreach (var domain in TrustDomainAliases.Prepend(TrustDomain))
            if (!IdentityNames.IsTrustDomain(domain))
                mistakes.Add($"'{domain}' is no trust domain; allowed are 1 to 255 lower-case letters, digits, '-', '.' and '_'.");
        foreach (var account in TrustedNodeAccounts)
            if (!IdentityNames.IsNamespace(account.Namespace) || !IdentityNames.IsObject(account.Name))
                mistakes.Add($"'{account}' is no trusted node account; write namespace/service-account.");
        if (!IdentityNames.IsNamespace(SystemNamespace))
            mistakes.Add($"'{SystemNamespace}' is no namespace; where does the control plane run?");
    }

    private void CheckTimes(List<string> mistakes)
    {
        if (DefaultLeafLifetime < TimeSpan.FromMinutes(1) || DefaultLeafLifetime > MaxLeafLifetime)
            mistakes.Add($"DefaultLeafLifetime is {DefaultLeafLifetime}; allowed are 1 minute to MaxLeafLifetime ({MaxLeafLifetime}).");
        if (RotateInLastPart is not (>= 0.05 and <= 0.5))
            mistakes.Add($"RotateInLastPart is {RotateInLastPart}; allowed are 0.05 to 0.5 (default 0.2).");
        if (DistributionTime < TimeSpan.FromSeconds(1) || DistributionTime > TimeSpan.FromDays(7))
            mistakes.Add($"DistributionTime is {DistributionTime}; allowed are 1 s to 7 days (default 1 h).");
        if (RootLifetime < 8 * (MaxLeafLifetime + DistributionTime))
            mistakes.Add($"RootLifetime is {RootLifetime}; it must be at least 8 times MaxLeafLifetime and DistributionTime together " +
                $"({8 * (MaxLeafLifetime + DistributionTime)}), or a rotation does not end within it.");
    }
}

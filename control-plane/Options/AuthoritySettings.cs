using Ambient.ControlPlane.Authority;
using Ambient.ControlPlane.Callers;
using Ambient.Hosting.Options;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Options;

/// <summary>Reads the options of the authority and of callers.</summary>
internal static class AuthoritySettings
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Day = TimeSpan.FromDays(1);

    public static AuthorityOptions Read(SettingsReader settings, string systemNamespace, string revision, string trustDomain)
    {
        var options = new AuthorityOptions
        {
            SystemNamespace = systemNamespace,
            Revision = revision,
            TrustDomain = trustDomain,
            TrustDomainAliases = Names(settings.Text("TRUST_DOMAIN_ALIASES")),
            TrustedNodeAccounts = ReadAccounts(settings, systemNamespace),
            DefaultLeafLifetime = settings.Duration("DEFAULT_WORKLOAD_CERT_TTL", Day, Minute, 3650 * Day),
            MaxLeafLifetime = settings.Duration("MAX_WORKLOAD_CERT_TTL", 90 * Day, Minute, 3650 * Day),
            RootLifetime = settings.Duration("CITADEL_SELF_SIGNED_CA_CERT_TTL", 3650 * Day, Minute, 36500 * Day),
            DistributionTime = settings.Duration("AMBIENT_TRUST_DISTRIBUTION_TIME", TimeSpan.FromHours(1), TimeSpan.FromSeconds(1), 7 * Day),
            PublishRevocations = settings.Bool("PILOT_ENABLE_CA_CRL", false),
        };
        foreach (var mistake in options.Check()) settings.Mistake("certificate authority", null, mistake);
        return options;
    }

    public static CallerOptions ReadCallers(SettingsReader settings, string clusterId)
    {
        var audiences = Names(settings.Text("TOKEN_AUDIENCES", "istio-ca"));
        if (audiences.Count == 0) settings.Mistake("TOKEN_AUDIENCES", settings.Text("TOKEN_AUDIENCES"), "at least one audience is needed (default istio-ca)");
        return new() { Audiences = audiences, ClusterId = clusterId, ClusterAliases = Names(settings.Text("CLUSTER_ALIASES")) };
    }

    // Set to nothing it turns impersonation off, as in stock; not set at all it is the chart's default.
    private static IReadOnlyList<ObjectName> ReadAccounts(SettingsReader settings, string systemNamespace)
    {
        if (settings.RawText("CA_TRUSTED_NODE_ACCOUNTS") is not { } text) return [new(systemNamespace, "ztunnel")];
        var accounts = new List<ObjectName>();
        foreach (var name in Names(text))
        {
            var parts = name.Split('/');
            if (parts.Length == 2 && parts.All(part => part.Length > 0)) accounts.Add(new(parts[0], parts[1]));
            else settings.Mistake("CA_TRUSTED_NODE_ACCOUNTS", name, "write namespace/service-account, parted by commas");
        }

        return accounts;
    }

    internal static IReadOnlyList<string> Names(string? text) =>
        text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}

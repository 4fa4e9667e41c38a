using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates;

/// <summary>The way from a leaf over its intermediates to a root.</summary>
internal static class LeafPath
{
    /// <summary>Until when peers with these roots can follow it: signatures and the ends of what lies on it; the root's own is theirs to look at.</summary>
    /// <param name="presented">Leaf first. What is not on the way does no harm, also when it has run out.</param>
    /// <param name="roots">Ends of the way; one need not have signed itself.</param>
    /// <returns>When the first on the way runs out, of several ways the one that holds longest; null if there is none.</returns>
    public static DateTimeOffset? HoldsUntil(X509Certificate2Collection presented, X509Certificate2Collection roots) =>
        roots.Max(root => HoldsUntil(root, presented));

    // Alone: of several roots of one name, as there are while a root is replaced, only the first would be tried.
    private static DateTimeOffset? HoldsUntil(X509Certificate2 root, X509Certificate2Collection presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(presented);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.Build(presented[0]);
        var way = chain.ChainElements.Select(static element => element.Certificate).ToList();
        try
        {
            var end = way.FindIndex(one => one.RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span));
            if (end < 0 || chain.ChainStatus.Any(static status => status.Status == X509ChainStatusFlags.NotSignatureValid))
                return null;
            return way.Take(Math.Max(1, end)).Min(static one => CertificateDetails.Of(one).NotAfter);
        }
        finally
        {
            foreach (var one in way) one.Dispose();
        }
    }
}

using System.Security.Cryptography.X509Certificates;

namespace Ambient.Certificates;

/// <summary>The way from a leaf over its intermediates to a root.</summary>
internal static class LeafPath
{
    /// <summary>Whether peers with these roots can follow it: signatures only, as times and uses are theirs to look at.</summary>
    /// <param name="presented">Leaf first.</param>
    /// <param name="roots">Ends of the way; one need not have signed itself.</param>
    public static bool LeadsToRoot(X509Certificate2Collection presented, X509Certificate2Collection roots) =>
        roots.Any(root => LeadsTo(root, presented));

    // Alone: of several roots of one name, as there are while a root is replaced, only the first would be tried.
    private static bool LeadsTo(X509Certificate2 root, X509Certificate2Collection presented)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(presented);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.Build(presented[0]);
        var leads = chain.ChainElements.Any(element => element.Certificate.RawDataMemory.Span.SequenceEqual(root.RawDataMemory.Span));
        foreach (var element in chain.ChainElements) element.Certificate.Dispose();
        return leads && chain.ChainStatus.All(static status => status.Status != X509ChainStatusFlags.NotSignatureValid);
    }
}

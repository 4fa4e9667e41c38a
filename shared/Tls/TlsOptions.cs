using Ambient.Tls.Revocation;

namespace Ambient.Tls;

/// <summary>What a mesh endpoint offers and accepts. Set once, before the first <see cref="TlsIdentity"/> is made from it.</summary>
public sealed class TlsOptions
{
    /// <summary>TLS 1.3 suites, the preferred one first: a non-empty choice of the two AES-GCM suites, both by default.</summary>
    public IReadOnlyList<string> CipherSuites { get; set; } = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"];

    /// <summary>Key exchange groups by their OpenSSL names; a client sends a key share for the first one.</summary>
    /// <remarks>
    /// Groups that the loaded OpenSSL does not have are left out (X25519MLKEM768 came with 3.5); making an identity fails
    /// if none remains.
    /// </remarks>
    public IReadOnlyList<string> Groups { get; set; } = ["X25519", "P-256", "P-384", "X25519MLKEM768"];

    /// <summary>TLS 1.2 is not served: making an identity fails if this is true, rather than quietly offering less than asked for.</summary>
    public bool AllowTls12 { get; set; }

    /// <summary>Certificates that are no longer valid; null when revocation is not checked.</summary>
    public CrlStore? Crl { get; set; }

    /// <summary>The clock for validity times.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Peer chains whose signatures were checked and are remembered, per trust bundle: 0–100 000, default 512.</summary>
    /// <remarks>
    /// A remembered peer saves its chain's signature checks, about a tenth of a millisecond; one entry takes about 2 KiB.
    /// Validity times and revocation are checked every time. The first identity made with a trust bundle decides.
    /// </remarks>
    public int RememberedPeers { get; set; } = 512;

    internal void Validate()
    {
        if (AllowTls12)
            throw new TlsConfigurationException("TLS 1.2 is asked for (AllowTls12), and is not served: the mesh speaks TLS 1.3 only. Switch it off; peers need TLS 1.3.");
        foreach (var suite in CipherSuites)
            if (suite is not ("TLS_AES_256_GCM_SHA384" or "TLS_AES_128_GCM_SHA256"))
                throw new TlsConfigurationException($"Cipher suite {suite} is not served; allowed are TLS_AES_256_GCM_SHA384 and TLS_AES_128_GCM_SHA256.");
        if (CipherSuites.Count == 0)
            throw new TlsConfigurationException("No cipher suite is configured; allowed are TLS_AES_256_GCM_SHA384 and TLS_AES_128_GCM_SHA256.");
        if (Groups.Any(group => group.Length == 0 || group.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_'))))
            throw new TlsConfigurationException("A key exchange group has an empty name or one with other characters than letters, digits, - and _.");
        if (RememberedPeers is < 0 or > 100_000)
            throw new TlsConfigurationException($"RememberedPeers is {RememberedPeers}; allowed are 0 to 100000 (default 512).");
    }
}

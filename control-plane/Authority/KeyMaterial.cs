namespace Ambient.ControlPlane.Authority;

/// <summary>One authority as PEM, the way a Secret holds it. Equal by content. Never printed: it has the private key.</summary>
/// <param name="Certificate">What signs.</param>
/// <param name="Key">Its private key: PKCS#8, PKCS#1 or SEC 1, not encrypted.</param>
/// <param name="Chain">Certificates between <paramref name="Certificate"/> and a root; may repeat it, may be empty.</param>
/// <param name="Roots">One or more roots; the chain ends at one of them.</param>
internal sealed record KeyMaterial(string Certificate, string Key, string Chain, string Roots)
{
    /// <summary>Longest PEM text read of all four together, in characters: several must fit one Secret (1 MiB).</summary>
    public const int MaxCharacters = 128 * 1024;

    public int Characters => Certificate.Length + Key.Length + Chain.Length + Roots.Length;

    public override string ToString() => "KeyMaterial (not shown)";
}

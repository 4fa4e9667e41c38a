using Ambient.ControlPlane.Authority;
using Ambient.Kubernetes.Resources;

namespace Ambient.ControlPlane.Indexing.Backends;

/// <summary>Certificate authorities as a ConfigMap has them, under the key <c>ca.crt</c>. Equal by content.</summary>
/// <param name="Pem">The certificates and nothing else; empty if they cannot be used.</param>
/// <param name="Certificates">How many.</param>
/// <param name="Problem">Why they cannot be used; null if they can.</param>
internal sealed record AuthorityBundle(string Pem, int Certificates, string? Problem)
{
    /// <summary>Of what all ConfigMaps of one policy have together: it goes to every waypoint.</summary>
    public const int MostCharacters = 256 * 1024, MostCertificates = 512;
    private const string Key = "ca.crt";

    public static AuthorityBundle Of(ConfigMap map)
    {
        var name = $"ConfigMap {ObjectName.Of(map)}";
        if (map.Data?.GetValueOrDefault(Key) is not { Length: > 0 } text) return Bad($"{name} has no key {Key} with certificates.");
        if (text.Length > MostCharacters) return Bad($"{name} has {text.Length} characters under {Key}; at most {MostCharacters} are taken: leave out authorities that are not needed.");
        try
        {
            var certificates = PemCertificates.Read($"{name}, {Key}", text, MostCertificates);
            if (certificates.Count == 0) return Bad($"{name} has no certificate in PEM under {Key}.");
            var pem = string.Concat(certificates.Select(PemCertificates.Write));
            foreach (var certificate in certificates) certificate.Dispose();
            return new(pem, certificates.Count, null);
        }
        catch (AuthorityException e) { return Bad(e.Message); }
    }

    private static AuthorityBundle Bad(string problem) => new("", 0, problem);
}

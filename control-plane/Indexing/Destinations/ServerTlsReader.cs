using Ambient.Kubernetes.Resources;
using Ambient.Model;
using Ambient.Model.Traffic;

namespace Ambient.ControlPlane.Indexing.Destinations;

/// <summary>What a DestinationRule says of TLS towards its servers. Pure.</summary>
/// <remarks>Between workloads of the mesh every connection has mutual TLS of its own: <c>ISTIO_MUTUAL</c> adds nothing to it, and <c>DISABLE</c> takes nothing away.</remarks>
internal static class ServerTlsReader
{
    private const int MostNames = 64, LongestName = 253, LongestPath = 4096;

    /// <returns>What is to be begun; or which part cannot be honoured, so that nothing may be sent; or neither.</returns>
    public static (ServerTls? Tls, string? Problem) Read(ClientTlsSpec? spec) => spec?.Mode switch
    {
        null or "" or "DISABLE" or "ISTIO_MUTUAL" => (null, null),
        "SIMPLE" => Checked(spec, isMutual: false),
        "MUTUAL" => Checked(spec, isMutual: true),
        _ => (null, $"tls.mode {Findings.Quote(spec.Mode)}"),
    };

    private static (ServerTls?, string?) Checked(ClientTlsSpec spec, bool isMutual)
    {
        var (certificate, key) = (spec.ClientCertificate ?? "", spec.PrivateKey ?? "");
        var names = (spec.SubjectAltNames ?? []).OfType<string>().ToEquatableArray();
        var problem = spec switch
        {
            { CredentialName.Length: > 0 } => "tls.credentialName (mount the Secret into the waypoint and name its files)",
            { CaCrl.Length: > 0 } => "tls.caCrl",
            _ when isMutual && (certificate.Length == 0 || key.Length == 0) => "tls.mode MUTUAL without clientCertificate and privateKey",
            _ when !isMutual && certificate.Length + key.Length > 0 => "tls.clientCertificate with mode SIMPLE",
            _ when !IsHost(spec.Sni) => $"tls.sni {Findings.Quote(spec.Sni)}",
            _ when names.Count > MostNames || names.Any(static name => name.Length is 0 or > LongestName) => "tls.subjectAltNames",
            _ when ((string?[])[certificate, key, spec.CaCertificates]).Any(static path => path?.Length > LongestPath || path?.Contains('\0') == true) => "a path of tls",
            _ => null,
        };
        return problem is not null ? (null, problem) : (new()
        {
            ServerName = spec.Sni ?? "",
            Names = names,
            RootsFile = spec.CaCertificates ?? "",
            CertificateFile = certificate,
            KeyFile = key,
            AcceptsAnyone = spec.InsecureSkipVerify == true,
        }, null);
    }

    private static bool IsHost(string? text) => text is null or { Length: <= LongestName } && text?.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or ':') != false;
}

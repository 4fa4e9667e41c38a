using Ambient.ControlPlane.Authority;
using Ambient.Hosting.Pages;

namespace Ambient.ControlPlane.Pages;

/// <summary>How the certificate authority stands.</summary>
internal static class AuthorityPage
{
    public static PageResponse Of(AuthorityReport report) => JsonPage.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("signer"u8, report.Signer);
        json.WriteString("notAfter"u8, report.NotAfter);
        json.WriteString("phase"u8, report.Phase.ToString());
        if (report.PhaseEnds is { } ends) json.WriteString("phaseEnds"u8, ends);
        json.WriteNumber("trustedRoots"u8, report.TrustedRoots);
        json.WriteString("longestLeaf"u8, report.LongestLeaf.ToString());
        if (report.Problem is { } problem) json.WriteString("problem"u8, problem);
        json.WriteEndObject();
    });
}

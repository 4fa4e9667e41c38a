using System.Text.Json;

namespace Ambient.Ztunnel.Admin;

/// <summary>The <c>version</c> object of the dump.</summary>
internal static class VersionSection
{
    public static void Write(Utf8JsonWriter json, BuildInfo build)
    {
        json.WriteStartObject("version"u8);
        json.WriteString("version"u8, build.Version);
        json.WriteString("gitRevision"u8, build.GitRevision);
        json.WriteString("dotnetVersion"u8, build.Runtime);
        json.WriteString("buildProfile"u8, build.Profile);
        json.WriteString("buildStatus"u8, "unknown");
        json.WriteString("istioVersion"u8, build.IstioVersion);
        json.WriteString("cryptoProvider"u8, "openssl");
        json.WriteEndObject();
    }
}

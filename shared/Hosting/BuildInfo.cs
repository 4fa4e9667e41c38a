using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ambient.Hosting;

/// <summary>What this program is.</summary>
/// <param name="IstioVersion">As the chart says.</param>
public sealed record BuildInfo(string Version, string GitRevision, string Runtime, string Profile, string IstioVersion)
{
    /// <param name="istioVersion">As the chart says.</param>
    public static BuildInfo Current(string istioVersion)
    {
        // "1.2.3+0123abc": the compiler puts the revision behind the plus.
        var version = typeof(BuildInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        var plus = version.IndexOf('+');
        return new(
            plus < 0 ? version : version[..plus],
            plus < 0 ? "unknown" : version[(plus + 1)..],
            RuntimeInformation.FrameworkDescription,
            RuntimeFeature.IsDynamicCodeSupported ? "jit" : "native",
            istioVersion);
    }
}

using System.Text.RegularExpressions;

namespace Ambient.Deploy.Charts;

/// <summary>One object of a manifest, as text.</summary>
internal sealed partial record ManifestDocument(string Source, string Text)
{
    // What others need comes before them.
    private static readonly string[] Kinds =
    [
        "Namespace", "PodDisruptionBudget", "ServiceAccount", "Secret", "ConfigMap", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
        "Service", "DaemonSet", "Deployment",
    ];

    /// <summary>Where it comes in an installation.</summary>
    public int Order => Array.IndexOf(Kinds, Kind().Match(Text).Groups[1].Value) is >= 0 and var order ? order : Kinds.Length;

    /// <summary>The objects of one template; what holds none is left out.</summary>
    public static IEnumerable<ManifestDocument> Split(string source, string text) =>
        Separator().Split(text).Where(part => Kind().IsMatch(part)).Select(part => new ManifestDocument(source, part.Trim('\n')));

    public override string ToString() => $"---\n# Source: {Source}\n{Text}\n";

    [GeneratedRegex("^---$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex(@"^kind: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Kind();
}

namespace Ambient.CniPlugin;

/// <summary>The versions of the CNI specification that are spoken, and what each brought.</summary>
internal static class CniVersion
{
    public const string Newest = "1.1.0";

    /// <summary>What a configuration is that names none.</summary>
    public const string Oldest = "0.1.0";

    // Chains came with 0.3.0, and runtimes run lists of older versions too: where other plugins start pods, this one does not stop them.
    public static readonly string[] Supported = [Oldest, "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", Newest];

    /// <exception cref="CniException">The version is none of ours, or is older than the command.</exception>
    public static void RequireFor(string command, string version)
    {
        if (!Supported.Contains(version))
        {
            throw new CniException(CniErrorCode.IncompatibleVersion, $"cniVersion '{version}' is not supported",
                $"This plugin speaks {string.Join(", ", Supported)}. Set cniVersion in the network configuration to one of them.");
        }
        var since = command switch
        {
            "CHECK" => "0.4.0",
            "GC" or "STATUS" => "1.1.0",
            _ => Supported[0],
        };
        if (Array.IndexOf(Supported, version) < Array.IndexOf(Supported, since))
        {
            throw new CniException(CniErrorCode.IncompatibleVersion, $"{command} does not exist in CNI {version}",
                $"It came with {since}. The runtime must not send it for a configuration of this version.");
        }
    }
}

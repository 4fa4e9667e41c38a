using Ambient.Model;

namespace Ambient.CniAgent.Redirection;

/// <summary>Reads a pod's annotations. What is not understood is reported and changes nothing.</summary>
internal static class RedirectAnnotations
{
    public const string BypassInbound = "ambient.istio.io/bypass-inbound-capture";
    public const string CaptureDns = "ambient.istio.io/dns-capture";
    public const string VirtualInterfaces = "istio.io/reroute-virtual-interfaces";

    private const int MaxInterfaceName = 15; // IFNAMSIZ without the final zero, <linux/if.h>
    private const int MaxInterfaces = 32;

    /// <param name="captureDnsByDefault">For pods without the annotation.</param>
    /// <param name="probePorts">Of the pod's spec; annotations say nothing of them.</param>
    /// <param name="warnings">A sentence for each value that was ignored.</param>
    public static RedirectSettings Read(
        IReadOnlyDictionary<string, string> annotations, bool captureDnsByDefault, EquatableArray<ushort> probePorts, out IReadOnlyList<string> warnings)
    {
        var ignored = new List<string>();
        warnings = ignored;
        return new RedirectSettings(
            ReadBoolean(annotations, CaptureDns, ignored) ?? captureDnsByDefault,
            ReadBoolean(annotations, BypassInbound, ignored) ?? false,
            ReadInterfaces(annotations, ignored),
            probePorts);
    }

    // The forms of Go's strconv.ParseBool, which these annotations have always been read with.
    private static bool? ReadBoolean(IReadOnlyDictionary<string, string> annotations, string name, List<string> ignored)
    {
        if (!annotations.TryGetValue(name, out var text))
            return null;
        switch (text)
        {
            case "1" or "t" or "T" or "true" or "TRUE" or "True":
                return true;
            case "0" or "f" or "F" or "false" or "FALSE" or "False":
                return false;
            default:
                ignored.Add($"{name} is '{text}', which is neither true nor false; it is ignored.");
                return null;
        }
    }

    private static EquatableArray<string> ReadInterfaces(IReadOnlyDictionary<string, string> annotations, List<string> ignored)
    {
        if (!annotations.TryGetValue(VirtualInterfaces, out var text))
            return [];
        var names = new List<string>();
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct())
        {
            if (!IsInterfaceName(name))
                ignored.Add($"{VirtualInterfaces} has '{name}', which is not an interface name (1 to {MaxInterfaceName} of letters, digits and _.-@); it is ignored.");
            else if (names.Count == MaxInterfaces)
                ignored.Add($"{VirtualInterfaces} names more than {MaxInterfaces} interfaces; '{name}' is ignored.");
            else
                names.Add(name);
        }
        return [.. names];
    }

    // Stricter than the kernel: the name becomes part of a rule's text.
    private static bool IsInterfaceName(string name) =>
        name.Length <= MaxInterfaceName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '@');
}

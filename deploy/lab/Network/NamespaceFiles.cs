namespace Ambient.Lab.Network;

/// <summary>`ip netns exec` lays /etc/netns/NAME over /etc for what it starts.</summary>
public static class NamespaceFiles
{
    public static Task WriteResolverAsync(string ns, LabAddress server)
    {
        var directory = Directory.CreateDirectory(Path.Combine("/etc/netns", ns)).FullName;
        return File.WriteAllTextAsync(Path.Combine(directory, "resolv.conf"), $"nameserver {server.V4}\noptions timeout:2 attempts:1\n");
    }

    /// <summary>Names that need no resolver there.</summary>
    /// <param name="lines">"ADDRESS NAME..."</param>
    public static Task WriteHostsAsync(string ns, params IEnumerable<string> lines) =>
        File.WriteAllLinesAsync(Path.Combine("/etc/netns", ns, "hosts"), ["127.0.0.1 localhost", "::1 localhost", .. lines]);
}

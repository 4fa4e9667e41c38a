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
    public static Task WriteHostsAsync(string ns, LabAddress address, params IEnumerable<string> names) =>
        File.WriteAllTextAsync(Path.Combine("/etc/netns", ns, "hosts"), $"127.0.0.1 localhost\n::1 localhost\n{address.V4} {string.Join(' ', names)}\n");
}

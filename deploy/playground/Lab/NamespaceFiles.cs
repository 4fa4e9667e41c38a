namespace Ambient.Playground.Lab;

/// <summary>`ip netns exec` lays /etc/netns/NAME over /etc for what it starts.</summary>
internal static class NamespaceFiles
{
    public static Task WriteResolverAsync(string ns, LabAddress server)
    {
        var directory = Directory.CreateDirectory(Path.Combine("/etc/netns", ns)).FullName;
        return File.WriteAllTextAsync(Path.Combine(directory, "resolv.conf"), $"nameserver {server.V4}\noptions timeout:2 attempts:1\n");
    }
}

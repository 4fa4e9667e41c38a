using System.Diagnostics;
using Ambient.Linux.Namespaces;

namespace Ambient.TestKit;

/// <summary>A network namespace of one test, with its loopback up; deleted with everything in it when disposed.</summary>
public sealed class TemporaryNamespace : IDisposable
{
    private readonly string _name = $"amb-{Guid.NewGuid():N}"[..15];

    public TemporaryNamespace()
    {
        Run("ip", "netns", "add", _name);
        Namespace = NetworkNamespace.Open(Path);
        Ip("link", "set", "lo", "up");
    }

    public NetworkNamespace Namespace { get; }

    public string Path => $"/var/run/netns/{_name}";

    public void Ip(params string[] arguments) => Run("ip", ["-n", _name, .. arguments]);

    public void Execute(string program, params string[] arguments) => Run("ip", ["netns", "exec", _name, program, .. arguments]);

    public void Sysctl(string key, string value) => Execute("sysctl", "-qw", $"{key}={value}");

    public void Dispose()
    {
        Namespace.Dispose();
        Run("ip", "netns", "delete", _name);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEnd();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {error} These tests need root, iproute2 and nftables.");
    }
}

using System.Diagnostics;
using Ambient.Linux.Namespaces;

namespace Ambient.Linux.Tests.Namespaces;

/// <summary>A network namespace of one test, with its loopback up; deleted with everything in it when disposed.</summary>
internal sealed class TemporaryNamespace : IDisposable
{
    private readonly string _name = $"amb-{Guid.NewGuid():N}"[..15];

    internal TemporaryNamespace()
    {
        Run("ip", "netns", "add", _name);
        Namespace = NetworkNamespace.Open(Path);
        Ip("link", "set", "lo", "up");
    }

    internal NetworkNamespace Namespace { get; }

    internal string Path => $"/var/run/netns/{_name}";

    internal void Ip(params string[] arguments) => Run("ip", ["-n", _name, .. arguments]);

    internal void Execute(string program, params string[] arguments) => Run("ip", ["netns", "exec", _name, program, .. arguments]);

    internal void Sysctl(string key, string value) => Execute("sysctl", "-qw", $"{key}={value}");

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

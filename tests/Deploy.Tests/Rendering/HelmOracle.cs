using System.Diagnostics;
using System.Text.RegularExpressions;
using Ambient.Lab.Processes;

namespace Ambient.Deploy.Tests.Rendering;

/// <summary>The template engine that Helm is made of (Go's text/template and the sprig functions, from Debian), built once for a class of tests.</summary>
public sealed partial class HelmOracle : IAsyncLifetime
{
    private const string Packages = "/usr/share/gocode";
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(4);

    private readonly TemporaryDirectory _home = new();

    /// <summary>Whether this machine has Go and the libraries.</summary>
    public static bool IsAvailable => File.Exists("/usr/bin/go") && Directory.Exists($"{Packages}/src/github.com/Masterminds/sprig");

    public async ValueTask InitializeAsync()
    {
        if (!IsAvailable) return;
        var build = new ProcessStartInfo("go", ["build", "-o", _home.PathOf("oracle"), Checkout.PathOf("tests/Deploy.Tests/Rendering/Oracle/main.go")]);
        foreach (var (name, value) in ((string, string)[])[("GO111MODULE", "off"), ("GOPATH", Packages), ("GOCACHE", _home.PathOf("cache")), ("HOME", _home.PathOf("."))])
            build.Environment[name] = value;
        (await Command.RunAsync(build, input: null, BuildLimit)).OutputOrThrow();
    }

    public async Task<CommandResult> RenderAsync(string chart, params IEnumerable<string> settings) => await Command.RunAsync(_home.PathOf("oracle"), [chart, .. settings]);

    /// <summary>The objects of a manifest in an order of their own, so that manifests in different orders can be compared.</summary>
    public static IReadOnlyList<string> Objects(string manifest) =>
        [.. Separator().Split(manifest).Where(part => part.Contains("kind:", StringComparison.Ordinal)).Select(part => Source().Replace(part, "").Trim('\n')).Order(StringComparer.Ordinal)];

    public ValueTask DisposeAsync()
    {
        _home.Dispose();
        return default;
    }

    [GeneratedRegex("^---$", RegexOptions.Multiline)]
    private static partial Regex Separator();

    [GeneratedRegex("^# Source: .*\n", RegexOptions.Multiline)]
    private static partial Regex Source();
}

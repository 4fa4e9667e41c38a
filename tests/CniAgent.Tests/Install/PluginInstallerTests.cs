using Ambient.CniAgent.Install;
using Ambient.Hosting.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Install;

/// <summary>The node's CNI directories, fought over.</summary>
public sealed class PluginInstallerTests : IAsyncLifetime
{
    private const string Primary = """{"cniVersion":"1.0.0","name":"net","plugins":[{"type":"bridge"}]}""";

    private readonly string _root = Directory.CreateTempSubdirectory("ins").FullName;
    private readonly CancellationTokenSource _stop = new();
    private PluginInstaller _installer = null!;
    private Task _running = Task.CompletedTask;
    private volatile bool _isInstalled;

    private string Net => Path.Combine(_root, "net.d");

    private string Bin => Path.Combine(_root, "bin");

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Net);
        Directory.CreateDirectory(Bin);
        Write(Path.Combine(_root, "plugin"), "#!plugin");
        var options = new InstallOptions
        {
            ConfigurationDirectory = Net, BinaryDirectory = Bin, ConfigurationName = null, DaemonSet = "d", Binary = Path.Combine(_root, "plugin"),
        };
        _installer = new PluginInstaller(options, new PluginEntry("/run/x", "a", "s", []), new MetricRegistry(), TimeProvider.System, NullLogger<PluginInstaller>.Instance);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(PodLab.Patience);
        _stop.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private void Start() => _running = _installer.RunAsync(isInstalled => _isInstalled = isInstalled, _stop.Token);

    [Fact]
    public async Task The_plugin_is_copied_and_chained_and_put_back_whenever_somebody_overwrites_it()
    {
        Write(Path.Combine(Net, "10-net.conflist"), Primary);
        Start();
        await UntilChainedAsync("10-net.conflist");
        var binary = Path.Combine(Bin, "ambient-cni");
        Assert.Equal("#!plugin", Read(binary));
        Assert.True(File.GetUnixFileMode(binary).HasFlag(UnixFileMode.UserExecute | UnixFileMode.OtherExecute));

        Write(Path.Combine(Net, "10-net.conflist"), Primary);
        await UntilChainedAsync("10-net.conflist");
        File.Delete(binary);
        await UntilAsync(() => File.Exists(binary));
        Write(binary, "another");
        await UntilAsync(() => Read(binary) == "#!plugin");
    }

    [Fact]
    public async Task A_primary_configuration_that_comes_later_is_waited_for_and_one_that_comes_before_is_taken()
    {
        Start();
        Write(Path.Combine(Net, "README"), "no configuration");
        Write(Path.Combine(Net, "00-broken.conflist"), "{");
        Write(Path.Combine(Net, "20-net.conflist"), Primary);
        await UntilChainedAsync("20-net.conflist");

        Write(Path.Combine(Net, "05-other.conf"), """{"cniVersion":"1.0.0","name":"other","type":"macvlan"}""");
        await UntilChainedAsync("05-other.conflist");

        await UntilAsync(() => !Read(Path.Combine(Net, "20-net.conflist")).Contains("ambient-cni"));
        Assert.False(File.Exists(Path.Combine(Net, "05-other.conf")));
        Assert.Equal("{", Read(Path.Combine(Net, "00-broken.conflist")));
    }

    // As container runtimes choose: the first name of these kinds whose content is of its kind.
    [Theory]
    [InlineData("05-a.json", """{"cniVersion":"1.0.0","name":"a","type":"macvlan"}""", "05-a.conflist")]
    [InlineData(".05-a.conf", """{"cniVersion":"1.0.0","name":"a","type":"macvlan"}""", ".05-a.conflist")]
    [InlineData("05-a.conf", Primary, "10-net.conflist")]
    [InlineData("05-a.conflist", """{"cniVersion":"1.0.0","name":"a","type":"macvlan"}""", "10-net.conflist")]
    [InlineData("05-a.yaml", """{"cniVersion":"1.0.0","name":"a","type":"macvlan"}""", "10-net.conflist")]
    public void The_configuration_that_a_runtime_would_use_is_chained(string name, string content, string chained)
    {
        Write(Path.Combine(Net, "10-net.conflist"), Primary);
        Write(Path.Combine(Net, name), content);

        Assert.True(_installer.Install());

        Assert.Equal([chained], Directory.GetFiles(Net).Where(file => Read(file).Contains("ambient-cni")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task The_mode_of_the_file_stays()
    {
        var file = Path.Combine(Net, "10-net.conflist");
        Write(file, Primary);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Start();

        await UntilChainedAsync("10-net.conflist");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Uninstalling_takes_out_everything_and_may_be_repeated()
    {
        var file = Path.Combine(Net, "10-net.conflist");
        Write(file, Primary);
        Assert.True(_installer.Install());

        _installer.Uninstall();
        _installer.Uninstall();

        Assert.DoesNotContain("ambient-cni", Read(file));
        Assert.Empty(Directory.GetFiles(Bin));
    }

    // Otherwise no pod would start on the node any more.
    [Fact]
    public void Uninstalling_passes_by_what_is_no_configuration()
    {
        var file = Path.Combine(Net, "10-net.conflist");
        Write(file, Primary);
        Write(Path.Combine(Net, "00-broken.conflist"), "{");
        Assert.True(_installer.Install());

        _installer.Uninstall();

        Assert.DoesNotContain("ambient-cni", Read(file));
        Assert.Empty(Directory.GetFiles(Bin));
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_passed_by()
    {
        var file = Path.Combine(Net, "10-net.conflist");
        Write(file, Primary);
        File.CreateSymbolicLink(Path.Combine(Net, "00-gone.conflist"), "/none/such");

        Assert.True(_installer.Install());
        Assert.Contains("ambient-cni", Read(file));
        _installer.Uninstall();
        Assert.DoesNotContain("ambient-cni", Read(file));
    }

    // In the midst of asynchronous tests, on purpose: what happens between two of these is what is tested.
    private static void Write(string file, string text) => File.WriteAllText(file, text);

    private static string Read(string file) => File.ReadAllText(file);

    private Task UntilChainedAsync(string file) => UntilAsync(() =>
        _isInstalled && File.Exists(Path.Combine(Net, file)) && Read(Path.Combine(Net, file)).Contains("ambient-cni"));

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
    }
}

using Ambient.TestKit;
using Ambient.Waypoint.Upstreams;
using static Ambient.TestKit.Peers.ServerCertificates;

namespace Ambient.Waypoint.Tests;

public sealed class TlsOriginTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-origin-").FullName;

    private string Roots => Path.Combine(_directory, "roots");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Files_are_read_anew_when_they_have_changed_and_not_before()
    {
        Write("one");
        var origin = new TlsOrigin(new() { RootsFile = Roots }, "web.example", _time);
        var first = origin.Current.Context;
        Assert.NotNull(first);

        Advance(TlsOrigin.LookInterval);
        Assert.Same(first, origin.Current.Context);
        Write("two");
        Assert.Same(first, origin.Current.Context);
        Advance(TlsOrigin.LookInterval);
        Assert.NotSame(first, origin.Current.Context);
    }

    [Fact]
    public void What_was_read_stays_in_use_while_files_do_not_fit()
    {
        Write("one");
        var origin = new TlsOrigin(new() { RootsFile = Roots }, "web.example", _time);
        var first = origin.Current.Context;

        File.WriteAllText(Roots, "half of a certificate");
        File.SetLastWriteTimeUtc(Roots, File.GetLastWriteTimeUtc(Roots).AddSeconds(5));
        Advance(TlsOrigin.LookInterval);

        Assert.NotNull(first);
        Assert.Same(first, origin.Current.Context);
    }

    [Fact]
    public void Without_its_files_there_is_none_until_a_look_a_second_later_finds_them()
    {
        var origin = new TlsOrigin(new() { RootsFile = Roots }, "web.example", _time);
        var (context, problem) = origin.Current;
        Assert.Null(context);
        Assert.Contains(Roots, problem, StringComparison.Ordinal);

        Write("one");
        Assert.Null(origin.Current.Context); // files are not read for every connection that fails
        Advance(TlsOrigin.MissingLookInterval);
        Assert.NotNull(origin.Current.Context);
    }

    // As the kubelet does it: links that stay, by way of one that is exchanged.
    [Fact]
    public void A_mounted_secret_is_read_anew_when_it_was_replaced()
    {
        var data = Path.Combine(_directory, "..data");
        Publish("1");
        File.CreateSymbolicLink(Roots, Path.Combine("..data", "ca.crt"));
        var origin = new TlsOrigin(new() { RootsFile = Roots }, "web.example", _time);
        var first = origin.Current.Context;
        Assert.NotNull(first);

        Directory.Delete(data);
        Publish("2");
        Advance(TlsOrigin.LookInterval);

        Assert.NotSame(first, origin.Current.Context);
        Assert.NotNull(origin.Current.Context);

        void Publish(string version)
        {
            var files = Directory.CreateDirectory(Path.Combine(_directory, version)).FullName;
            using var certificate = AuthorityOf(version);
            File.WriteAllText(Path.Combine(files, "ca.crt"), certificate.ExportCertificatePem());
            File.SetLastWriteTimeUtc(Path.Combine(files, "ca.crt"), DateTime.UnixEpoch.AddYears(50).AddDays(int.Parse(version, System.Globalization.CultureInfo.InvariantCulture)));
            Directory.CreateSymbolicLink(data, files);
        }
    }

    [Theory]
    [InlineData("a long file")]
    [InlineData("/dev/zero")]
    [InlineData("/proc/self/fd/1")]
    public void What_has_no_end_is_not_read(string file)
    {
        var path = file.StartsWith('/') ? file : Roots;
        if (path == Roots) File.WriteAllText(Roots, new string(' ', (1 << 20) + 1));

        var (context, problem) = new TlsOrigin(new() { RootsFile = path }, "web.example", _time).Current;

        Assert.Null(context);
        Assert.NotEqual("", problem);
    }

    private void Advance(TimeSpan time) => _time.Advance(time);

    private void Write(string authority)
    {
        var written = File.Exists(Roots) ? File.GetLastWriteTimeUtc(Roots).AddSeconds(1) : DateTime.UnixEpoch.AddYears(50);
        using var certificate = AuthorityOf(authority);
        File.WriteAllText(Roots, certificate.ExportCertificatePem());
        File.SetLastWriteTimeUtc(Roots, written);
    }
}

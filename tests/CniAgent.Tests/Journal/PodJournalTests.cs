using System.Text;
using Ambient.CniAgent.Journal;
using Ambient.CniAgent.PodNamespaces;
using Ambient.TestKit.Peers;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Journal;

public sealed class PodJournalTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("jrn").FullName;

    private PodJournal Open() => new(_directory, NullLogger<PodJournal>.Instance);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static JournalEntry Entry(string uid = "uid-1", bool inMesh = true, Sandbox? sandbox = null) => new(
        new PodSpec(uid, "web-0", "shop", "web", "/var/run/netns/x", ["10.0.0.5", "fd00::5"], PodLab.Defaults with { ProbePorts = [80, 8080], VirtualInterfaces = ["eth1"] }),
        inMesh, sandbox);

    [Fact]
    public void What_is_written_is_read_by_the_next_process()
    {
        Assert.False(Open().Exists);
        Assert.Empty(Open().ReadAll());
        var journal = Open();
        journal.Write(Entry());
        journal.Write(Entry("uid-2", inMesh: false, new Sandbox("c", IsGone: true)));
        journal.Write(Entry("uid-2", inMesh: true, new Sandbox("d", IsGone: false)));
        journal.Write(Entry("uid-3"));
        journal.Remove("uid-3");
        journal.Remove("uid-4");

        Assert.Equal([Entry(), Entry("uid-2", inMesh: true, new Sandbox("d", IsGone: false))], Open().ReadAll());
        Assert.True(Open().Exists);
    }

    [Fact]
    public void What_cannot_be_read_is_dropped_alone()
    {
        var journal = Open();
        journal.ReadAll();
        journal.Write(Entry());
        var pods = Path.Combine(_directory, "pods");
        File.WriteAllText(Path.Combine(pods, "broken.json"), "{");
        File.WriteAllBytes(Path.Combine(pods, "empty.json"), []); // as a crash of a careless writer leaves it
        File.WriteAllText(Path.Combine(pods, "future.json"), """{"version":2,"uid":"future"}""");
        File.Copy(Path.Combine(pods, "uid-1.json"), Path.Combine(pods, "renamed.json"));
        File.WriteAllText(Path.Combine(pods, ".uid-9.json.new"), "half"); // a write that a crash cut short

        Assert.Equal([Entry()], Open().ReadAll());
        Assert.Equal(["uid-1.json"], Directory.GetFiles(pods, "*.json").Select(Path.GetFileName));
    }

    // As a damaged file system answers; a link without end is what a test can make of it.
    [Fact]
    public void A_file_that_the_disk_does_not_give_costs_its_pod_alone()
    {
        var journal = Open();
        journal.ReadAll();
        journal.Write(Entry());
        var damaged = Path.Combine(_directory, "pods", "uid-0.json");
        File.CreateSymbolicLink(damaged, damaged);

        Assert.Equal([Entry()], Open().ReadAll());
        Assert.NotNull(new FileInfo(damaged).LinkTarget); // it may be given the next time
    }

    [Fact]
    public async Task On_a_full_disk_no_pod_of_the_mesh_is_left_written_down_as_outside_of_it()
    {
        var disk = Directory.CreateDirectory(Path.Combine(_directory, "disk")).FullName;
        await PeerProcess.RunAsync("mount", "-t", "tmpfs", "-o", "size=64k", "none", disk);
        try
        {
            var journal = new PodJournal(disk, NullLogger<PodJournal>.Instance);
            journal.ReadAll();
            journal.Write(Entry("joins", inMesh: false));
            journal.Write(Entry("leaves"));
            Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(disk, "rest"), new byte[64 * 1024]));

            Assert.Throws<IOException>(() => journal.Write(Entry("new")));
            Assert.Throws<IOException>(() => journal.Write(Entry("leaves", inMesh: false)));
            Assert.Throws<IOException>(() => journal.Write(Entry("joins")));

            Assert.Equal([Entry("leaves")], journal.ReadAll());
        }
        finally
        {
            await PeerProcess.RunAsync("umount", disk);
        }
    }

    [Theory, InlineData(""), InlineData("../x"), InlineData("a/b"), InlineData(".hidden")]
    public void A_uid_is_never_another_path(string uid) => Assert.Throws<FormatException>(() => Open().Write(Entry(uid)));

    [Fact]
    public void No_bytes_break_the_reader() => Prop.ForAll(
        Gen.Choose(0, 400).ToArbitrary(), Gen.Choose(0, 255).ToArbitrary(), static (at, value) =>
        {
            var bytes = Entry(sandbox: new Sandbox("c", IsGone: false)).ToJson();
            bytes[at % bytes.Length] = (byte)value;
            return ReadsOrRefuses(bytes) && ReadsOrRefuses(bytes.AsSpan(0, at % bytes.Length));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_JSON_breaks_the_reader() => Prop.ForAll(
        Gen.Elements("null", "[null]", "1", "\"x\"", "{}", "[1]", "1e99", "true").Two().ToArbitrary(), static pair =>
            new[] { "version", "uid", "addresses", "probePorts", "virtualInterfaces", "containerId", "inMesh" }.All(field =>
                ReadsOrRefuses(Encoding.UTF8.GetBytes($$"""{"version":1,"uid":"u","name":"n","namespace":"s","serviceAccount":"a","{{field}}":{{pair.Item1}},"netns":{{pair.Item2}}}"""))))
        .QuickCheckThrowOnFailure();

    private static bool ReadsOrRefuses(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JournalEntry.Parse(bytes).Pod.Uid.Length > 0;
        }
        catch (FormatException)
        {
            return true;
        }
    }
}

using Ambient.CniAgent.Journal;
using Ambient.CniAgent.PodNamespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.CniAgent.Tests.Journal;

public sealed class JournalWriterTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("jrw").FullName;
    private readonly PodJournal _journal;
    private readonly JournalWriter _writer;

    public JournalWriterTests()
    {
        _journal = new PodJournal(_directory, NullLogger<PodJournal>.Instance);
        _journal.ReadAll();
        _writer = new JournalWriter(_journal, NullLogger<JournalWriter>.Instance);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private static JournalEntry Entry(string uid, bool inMesh = true) =>
        new(new PodSpec(uid, "web-0", "shop", "web", "/var/run/netns/x", ["10.0.0.5"], PodLab.Defaults), inMesh, null);

    [Fact]
    public async Task What_was_said_last_of_each_pod_is_on_the_disk_once_it_is_written()
    {
        for (var i = 0; i <= 20; i++)
        {
            foreach (var uid in new[] { "a", "b", "c" })
                _writer.Write(Entry(uid, inMesh: i % 2 == 0));
        }
        _writer.Write(Entry("gone"));
        _writer.Remove(Entry("gone").Pod);

        await _writer.WrittenAsync("a").WaitAsync(PodLab.Patience);
        Assert.Contains(Entry("a"), _journal.ReadAll());
        await _writer.WrittenAsync().WaitAsync(PodLab.Patience);
        Assert.Equal([Entry("a"), Entry("b"), Entry("c")], _journal.ReadAll());
    }

    [Fact]
    public async Task What_cannot_be_written_keeps_nobody_waiting()
    {
        _writer.Write(Entry("../x"));
        _writer.Write(Entry("a"));

        await _writer.WrittenAsync("../x").WaitAsync(PodLab.Patience);
        await _writer.WrittenAsync().WaitAsync(PodLab.Patience);
        Assert.Equal([Entry("a")], _journal.ReadAll());
    }
}

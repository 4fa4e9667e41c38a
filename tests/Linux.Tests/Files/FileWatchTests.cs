using System.Diagnostics;
using Ambient.Linux.Files;
using Ambient.TestKit;

namespace Ambient.Linux.Tests.Files;

public sealed class FileWatchTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly string _root = Directory.CreateTempSubdirectory("watch").FullName;
    private readonly SemaphoreSlim _changed = new(0);

    [Fact]
    public void Writing_the_file_is_noticed()
    {
        var file = Path.Combine(_root, "crl.pem");
        File.WriteAllText(file, "1");
        using var watch = Watch(file);

        File.WriteAllText(file, "2");

        WaitUntil(file, "2");
    }

    [Fact]
    public void Replacing_the_file_by_renaming_is_noticed_every_time()
    {
        var file = Path.Combine(_root, "config.yaml");
        using var watch = Watch(file);

        foreach (var content in new[] { "1", "2", "3" })
        {
            File.WriteAllText(file + ".new", content);
            File.Move(file + ".new", file, overwrite: true);
            WaitUntil(file, content);
        }
    }

    [Fact]
    public void Swapping_the_directory_that_links_lead_to_is_noticed()
    {
        // As a Kubernetes volume does it: file -> ..data/file, ..data -> a directory with a time in its name.
        var file = Path.Combine(_root, "ca.crt");
        Publish("..first", "1");
        File.CreateSymbolicLink(file, "..data/ca.crt");
        using var watch = Watch(file);

        Publish("..second", "2");

        WaitUntil(file, "2");
    }

    [Fact]
    public void Turning_a_link_on_the_way_to_another_directory_is_noticed_every_time()
    {
        var file = Path.Combine(_root, "..data", "ca.crt");
        Publish("first", "1");
        using var watch = Watch(file);

        foreach (var (directory, content) in new[] { ("second", "2"), ("third", "3") })
        {
            Publish(directory, content); // the one before stays as it is
            WaitUntil(file, content);
        }
    }

    [Fact]
    public void A_file_that_a_link_leads_to_is_watched_where_it_is()
    {
        var (link, file) = (Path.Combine(_root, "link"), Path.Combine(_root, "elsewhere", "file"));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "1");
        File.CreateSymbolicLink(link, "elsewhere/file");
        using var watch = Watch(link);

        File.WriteAllText(file, "2");

        WaitUntil(link, "2");
    }

    [Fact]
    public void A_link_that_leads_to_itself_is_watched_until_it_is_a_file()
    {
        var file = Path.Combine(_root, "file");
        File.CreateSymbolicLink(file, "file");
        using var watch = Watch(file);

        File.Delete(file);
        File.WriteAllText(file, "1");

        WaitUntil(file, "1");
    }

    [Fact]
    public void A_directory_that_appears_later_is_noticed_at_any_depth()
    {
        var file = Path.Combine(_root, "a", "b", "c", "file");
        using var watch = Watch(file);

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "1");

        WaitUntil(file, "1");
    }

    [Fact]
    public void A_directory_that_is_replaced_goes_on_being_watched()
    {
        var file = Path.Combine(_root, "d", "file");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var watch = Watch(file);

        for (var round = 0; round < 3; round++)
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, $"{round}");
            WaitUntil(file, $"{round}");
        }
    }

    [Fact]
    public void Disposing_ends_it_and_leaves_nothing_open()
    {
        var before = OpenDescriptors.Count();
        for (var i = 0; i < 10; i++)
            Watch(Path.Combine(_root, "file")).Dispose();

        Assert.Equal(before, OpenDescriptors.Count());
    }

    [Fact]
    public async Task It_may_be_disposed_by_its_own_call_back()
    {
        var file = Path.Combine(_root, "file");
        var disposed = new TaskCompletionSource();
        FileWatch? watch = null;
        using var ready = new ManualResetEventSlim();
        watch = new FileWatch(file, () =>
        {
            ready.Wait();
            watch!.Dispose();
            disposed.TrySetResult();
        });
        ready.Set();

        await File.WriteAllTextAsync(file, "1");

        await disposed.Task.WaitAsync(Limit);
    }

    public void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        _changed.Dispose();
    }

    private FileWatch Watch(string file) => new(file, () => _changed.Release());

    // A change may be reported more than once, also half way; what counts is that one report comes after the last.
    private void WaitUntil(string file, string content)
    {
        while (!File.Exists(file) || File.ReadAllText(file) != content)
            Assert.True(_changed.Wait(Limit), "the change was not noticed");
        Assert.True(_changed.Wait(Limit), "the change was not noticed");
        while (_changed.Wait(0))
        {
        }
    }

    private void Publish(string directory, string content)
    {
        Directory.CreateDirectory(Path.Combine(_root, directory));
        File.WriteAllText(Path.Combine(_root, directory, "ca.crt"), content);
        var link = Path.Combine(_root, "..data");
        File.CreateSymbolicLink(link + ".new", directory);
        using var rename = Process.Start("mv", ["-T", link + ".new", link]); // File.Move does not rename links to directories
        rename.WaitForExit();
    }
}

using System.Threading.Channels;
using Ambient.Model.State;
using Ambient.Ztunnel.LocalConfiguration;

namespace Ambient.Ztunnel.Tests.LocalConfiguration;

public sealed class LocalConfigurationSourceTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("ambient-mesh-");

    private string FilePath => Path.Combine(_directory.FullName, "mesh.yaml");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_broken_file_leaves_the_last_good_state_in_force()
    {
        var mesh = new MeshState();
        var source = LocalConfigurationSource.FromFile(FilePath, mesh);

        File.WriteAllText(FilePath, Workload("a"));
        Assert.Empty(source.Reload());
        File.WriteAllText(FilePath, "workloads: [");
        Assert.NotEmpty(source.Reload());

        Assert.NotEmpty(source.Mistakes);
        Assert.NotNull(mesh.Current.FindWorkload("a"));
        File.WriteAllText(FilePath, Workload("b"));
        Assert.Empty(source.Reload());
        Assert.Equal((null, "b"), (mesh.Current.FindWorkload("a"), mesh.Current.FindWorkload("b")?.Uid));
    }

    [Fact]
    public void A_file_that_is_not_there_is_a_mistake() =>
        Assert.Contains("cannot be read", Assert.Single(LocalConfigurationSource.FromFile(FilePath, new()).Reload()).ToString());

    [Fact]
    public void A_changed_policy_counts_as_a_change_of_policy()
    {
        static string Policy(string action) => $"policies: [{{name: p, namespace: a, scope: Global, action: {action}, dryRun: false, rules: []}}]";
        var text = Policy("Deny");
        var mesh = new MeshState();
        var source = new LocalConfigurationSource("inline", () => text, mesh);
        source.Reload();
        var changes = new List<bool>();
        mesh.Changed += change => changes.Add(change.PoliciesChanged);

        source.Reload();
        text = Policy("Allow");
        source.Reload();

        Assert.Equal([true], changes);
    }

    [Fact]
    public async Task A_file_that_is_replaced_is_read_again()
    {
        await File.WriteAllTextAsync(FilePath, Workload("a"));
        var mesh = new MeshState();
        var source = LocalConfigurationSource.FromFile(FilePath, mesh);
        source.Reload();
        var known = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = source.Watch(_ =>
        {
            if (mesh.Current.FindWorkload("b") is not null) known.TrySetResult();
        });

        await File.WriteAllTextAsync(FilePath + ".new", Workload("b"));
        File.Move(FilePath + ".new", FilePath, overwrite: true);

        await known.Task.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System);
    }

    [Fact]
    public async Task Neighbours_that_change_are_no_news_of_the_file()
    {
        await File.WriteAllTextAsync(FilePath, Workload("a"));
        var mesh = new MeshState();
        var (reads, told) = (0, Channel.CreateUnbounded<bool>());
        var source = new LocalConfigurationSource(FilePath, () =>
        {
            Interlocked.Increment(ref reads);
            return File.ReadAllText(FilePath);
        }, mesh);
        source.Reload();
        using var watch = source.Watch(_ => told.Writer.TryWrite(mesh.Current.FindWorkload("b") is not null));

        await File.WriteAllTextAsync(FilePath + ".new", Workload("b"));
        while (Volatile.Read(ref reads) < 2) await Task.Yield();
        File.Move(FilePath + ".new", FilePath, overwrite: true);

        Assert.True(await told.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System));
    }

    private static string Workload(string uid) => $"workloads: [{{uid: {uid}, namespace: a, workloadIps: [], services: {{}}}}]";
}

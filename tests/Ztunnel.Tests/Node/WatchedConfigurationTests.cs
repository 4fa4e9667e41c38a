using System.Diagnostics;
using Ambient.Model.State;
using Ambient.Ztunnel.Node;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ambient.Ztunnel.Tests.Node;

public sealed class WatchedConfigurationTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-mesh-").FullName;
    private readonly MeshState _mesh = new();

    private string FilePath => Path.Combine(_directory, "mesh.yaml");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task What_changes_while_the_file_is_read_for_the_first_time_is_noticed()
    {
        using (var made = Process.Start("mkfifo", [FilePath])) await made.WaitForExitAsync(); // whose reader waits for its writer
        var opening = Task.Run(Open);
        await using (var first = new FileStream(FilePath, FileMode.Open, FileAccess.Write))
        {
            await File.WriteAllTextAsync(FilePath + ".new", Workload("b"));
            File.Move(FilePath + ".new", FilePath, overwrite: true);
            await first.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Workload("a")));
        }

        using var configuration = await opening;

        using var expiry = new CancellationTokenSource(Limit);
        await _mesh.WaitForAsync(static snapshot => snapshot.FindWorkload("b"), expiry.Token);
    }

    [Fact]
    public async Task A_file_with_mistakes_is_refused_and_not_watched()
    {
        await File.WriteAllTextAsync(FilePath, "workloads: [");

        Assert.Throws<InvalidOperationException>(Open);
    }

    private WatchedConfiguration? Open() => WatchedConfiguration.Open(
        new() { Roots = new(RootSource.System, ""), LocalFile = FilePath }, _mesh, NullLogger.Instance);

    private static string Workload(string uid) => $"workloads: [{{uid: {uid}, namespace: a, workloadIps: [], services: {{}}}}]";
}

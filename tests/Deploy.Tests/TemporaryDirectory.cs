namespace Ambient.Deploy.Tests;

/// <summary>A directory of one test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("deploy-").FullName;

    public string PathOf(string file) => Path.Combine(_path, file);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}

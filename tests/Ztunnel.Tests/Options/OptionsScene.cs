using Ambient.Ztunnel.Options;

namespace Ambient.Ztunnel.Tests.Options;

/// <summary>An environment and a working directory of its own to read options from.</summary>
internal sealed class OptionsScene : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ambient-options-").FullName;

    public OptionsScene Set(string name, string value)
    {
        _environment[name] = value;
        return this;
    }

    public OptionsScene File(string path, string content)
    {
        var full = Path.Combine(Directory, path);
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        System.IO.File.WriteAllText(full, content);
        return this;
    }

    public ZtunnelOptions Read(int processors = 8) => ZtunnelOptions.Read(_environment, Directory, processors);

    /// <summary>The mistakes found, one text each.</summary>
    public List<string> Mistakes()
    {
        try
        {
            Read();
            return [];
        }
        catch (OptionsException e) { return [.. e.Mistakes.Select(mistake => mistake.ToString())]; }
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}

using Ambient.MeshProxy.Discovery;

namespace Ambient.MeshProxy.Tests.Options;

/// <summary>An environment and a working directory of its own to read options from.</summary>
internal sealed class OptionsScene : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];
    private readonly string _directory = Directory.CreateTempSubdirectory("ambient-options-").FullName;

    public OptionsScene Set(string name, string value)
    {
        _environment[name] = value;
        return this;
    }

    public ControlPlaneOptions Read()
    {
        var settings = new SettingsReader(_environment);
        var options = new ControlPlaneOptions("ztunnel", NodeOptions.Read(settings, ProxyConfig.Empty),
            DiscoveryOptions.Read(settings, ProxyConfig.Empty, _directory), AuthorityOptions.Read(settings, ProxyConfig.Empty, _directory));
        Assert.Empty(settings.Mistakes);
        return options;
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}

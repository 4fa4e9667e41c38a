using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Ambient.MeshProxy.Options;

/// <summary>Reads <see cref="ProxyConfig"/> from YAML. Keys that we do not use are passed over: the mesh file has many for others.</summary>
public sealed class ProxyConfigReader
{
    /// <summary>Longest document that is read, in characters.</summary>
    public const int MaxLength = 1 << 20;

    private const string MetadataPrefix = "ISTIO_META_";

    private readonly SettingsReader _settings;
    private readonly string _source;
    private readonly Parser _yaml;

    private ProxyConfigReader(SettingsReader settings, string source, string text) =>
        (_settings, _source, _yaml) = (settings, source, new Parser(new StringReader(text)));

    /// <summary>PROXY_CONFIG: the five keys at the top.</summary>
    public static ProxyConfig ReadConfig(SettingsReader settings, string source, string text) =>
        Read(settings, source, text, static reader => reader.ReadProxyConfig(""));

    /// <summary>The mesh file: the same keys below <c>defaultConfig</c>.</summary>
    public static ProxyConfig ReadMesh(SettingsReader settings, string source, string text) =>
        Read(settings, source, text, static reader => reader.ReadMeshConfig());

    private static ProxyConfig Read(SettingsReader settings, string source, string text, Func<ProxyConfigReader, ProxyConfig> read)
    {
        if (text.Length > MaxLength)
        {
            settings.Mistake(source, null, $"has {text.Length} characters; at most {MaxLength} are read");
            return ProxyConfig.Empty;
        }

        try
        {
            var reader = new ProxyConfigReader(settings, source, text);
            reader._yaml.Consume<StreamStart>();
            if (!reader._yaml.TryConsume<DocumentStart>(out _)) return ProxyConfig.Empty;
            return read(reader);
        }
        // What else its scanner may throw on hostile input is not documented: any text must end as a mistake.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var place = e is YamlException at ? $" at line {at.Start.Line}, column {at.Start.Column}" : "";
            settings.Mistake(source, null, $"is not YAML{place}: {e.Message}");
            return ProxyConfig.Empty;
        }
    }

    private ProxyConfig ReadMeshConfig()
    {
        var config = ProxyConfig.Empty;
        ForEachKey("", key =>
        {
            if (key == "defaultConfig") config = ReadProxyConfig("defaultConfig.");
            else _yaml.SkipThisAndNestedEvents();
        });
        return config;
    }

    private ProxyConfig ReadProxyConfig(string path)
    {
        var config = new ProxyConfig();
        ForEachKey(path, key =>
        {
            switch (key)
            {
                case "discoveryAddress": config = config with { DiscoveryAddress = ReadText(path + key) }; break;
                case "proxyAdminPort": config = config with { AdminPort = ReadNumber(path + key, 1, ushort.MaxValue) }; break;
                case "statsPort": config = config with { StatsPort = ReadNumber(path + key, 1, ushort.MaxValue) }; break;
                case "concurrency": config = config with { Concurrency = ReadNumber(path + key, 0, WorkerThreads.Max) }; break;
                case "proxyMetadata": config = config with { Metadata = ReadMetadata(path + key + ".") }; break;
                default: _yaml.SkipThisAndNestedEvents(); break;
            }
        });
        return config;
    }

    private Dictionary<string, string> ReadMetadata(string path)
    {
        var metadata = new Dictionary<string, string>();
        ForEachKey(path, key =>
        {
            var name = key.StartsWith(MetadataPrefix, StringComparison.Ordinal) ? key[MetadataPrefix.Length..] : key;
            if (ReadText(path + key) is { } value) metadata[name] = value;
        });
        return metadata;
    }

    private void ForEachKey(string path, Action<string> readValue)
    {
        if (_yaml.TryConsume<Scalar>(out var scalar) && scalar.Value is "" or "null" or "~") return;
        if (!_yaml.TryConsume<MappingStart>(out _))
        {
            _settings.Mistake(path.Length == 0 ? _source : $"{_source} {path.TrimEnd('.')}", null, "must be an object with keys");
            if (scalar is null) _yaml.SkipThisAndNestedEvents();
            return;
        }

        while (!_yaml.TryConsume<MappingEnd>(out _)) readValue(_yaml.Consume<Scalar>().Value);
    }

    private string? ReadText(string path)
    {
        if (_yaml.TryConsume<Scalar>(out var scalar)) return scalar.Value;
        _settings.Mistake($"{_source} {path}", null, "must be a single value");
        _yaml.SkipThisAndNestedEvents();
        return null;
    }

    private int? ReadNumber(string path, int min, int max)
    {
        if (ReadText(path) is not { } text) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max) return number;
        _settings.Mistake($"{_source} {path}", text, $"allowed are whole numbers from {min} to {max}");
        return null;
    }
}

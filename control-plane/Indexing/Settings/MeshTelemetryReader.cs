using System.Globalization;
using Ambient.Kubernetes.Configuration;
using Ambient.Model;
using Ambient.Model.Telemetry;

namespace Ambient.ControlPlane.Indexing.Settings;

/// <summary>Reads what the mesh's configuration says of telemetry: <c>extensionProviders</c>, <c>defaultProviders</c>, <c>accessLogFile</c>.</summary>
internal static class MeshTelemetryReader
{
    private const int MostProviders = 100, LongestText = 512;

    /// <exception cref="ConfigurationException">Something cannot be read.</exception>
    public static MeshTelemetry Read(YamlTree.Map map) => new()
    {
        Providers = Providers(map),
        DefaultTracing = Text(map["defaultProviders"]?.ListAt("tracing").FirstOrDefault()),
        Percent = Percent(map["defaultConfig"]?["tracing"]),
        AccessLog = AccessLog(map),
    };

    private static EquatableArray<TelemetryProvider> Providers(YamlTree.Map map)
    {
        var given = map.ListAt("extensionProviders");
        if (given.Count > MostProviders) throw Wrong($"{given.Count} entries, at most {MostProviders} are read");
        return given.Select(Provider).ToEquatableArray();
    }

    private static TelemetryProvider Provider(YamlTree entry)
    {
        if (entry is not YamlTree.Map map || map.TextAt("name") is not { Length: <= LongestText } name) throw Wrong("an entry without a name");
        if (map["opentelemetry"] is not { } otlp) return new(name, map.Entries.Keys.Where(static key => key != "name").Order(StringComparer.Ordinal).FirstOrDefault() ?? "");
        if (otlp.TextAt("service") is not { Length: <= LongestText } service) throw Wrong($"'{name}' names no service");
        if (!ushort.TryParse(otlp.TextAt("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0) throw Wrong($"the port of '{name}' is none: 1 to 65535 are");
        var path = otlp["http"] is { } http ? http.TextAt("path") ?? "/v1/traces" : "";
        if (path.Length > LongestText || (path.Length > 0 && path[0] != '/') || path.AsSpan().ContainsAnyExceptInRange('!', '~')) throw Wrong($"the path of '{name}' is none: it begins with '/' and has no spaces");
        return new(name, "opentelemetry", service, port, path);
    }

    private static AccessLogSettings? AccessLog(YamlTree.Map map)
    {
        var isWanted = map.TextAt("accessLogFile") is not null || map["defaultProviders"]?.ListAt("accessLogging").Count > 0;
        return isWanted ? new() { IsOff = false, IsJson = map.TextAt("accessLogEncoding") == "JSON" } : null;
    }

    private static double? Percent(YamlTree? tracing)
    {
        if (tracing?.TextAt("sampling") is not { } text) return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? percent : throw new ConfigurationException($"defaultConfig.tracing.sampling: {Findings.Quote(text)} is no percentage, 0 to 100");
    }

    private static string? Text(YamlTree? tree) => tree is YamlTree.Text { Value.Length: > 0 and <= LongestText } text ? text.Value : null;

    private static ConfigurationException Wrong(string problem) => new($"extensionProviders: {problem}");
}

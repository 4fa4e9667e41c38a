using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;

namespace Ambient.Playground.Kubelet.Networking;

/// <summary>The network that pods are attached to: a name and the plugins that are run in turn (CNI specification, section 1).</summary>
internal sealed record CniNetwork(string Name, string Version, IReadOnlyList<JsonObject> Plugins)
{
    private static readonly string[] Extensions = [".conf", ".conflist", ".json"];

    /// <summary>As container runtimes do: of the files in a directory the first, by name, that can be used.</summary>
    /// <exception cref="CniException">There is none.</exception>
    public static CniNetwork Load(string directory)
    {
        var files = Directory.Exists(directory)
            ? Directory.EnumerateFiles(directory).Where(file => Extensions.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal).ToList() : [];
        foreach (var file in files)
            if (TryRead(file) is { } network) return network;
        throw new CniException($"network is not ready: container runtime network not ready: no network configuration in {directory} ({files.Count} files are of no use)");
    }

    /// <exception cref="CniException">The text is no list of plugins.</exception>
    public static CniNetwork Parse(string text)
    {
        try
        {
            var document = Json.ParseObject(System.Text.Encoding.UTF8.GetBytes(text));
            var plugins = document["plugins"] is null ? [document] : document.ObjectsAt("plugins").ToList();
            if (plugins.Count == 0 || plugins.Any(plugin => plugin.Text("type") is not { Length: > 0 }) || document.Text("name") is not { Length: > 0 } name)
                throw new CniException("a network needs a name and plugins with a type");
            return new(name, document.Text("cniVersion") ?? "0.2.0", plugins);
        }
        catch (JsonException error)
        {
            throw new CniException($"a network configuration is not JSON: {error.Message}", error);
        }
    }

    /// <summary>The same network as a list, as it is kept to be undone later.</summary>
    public string ToText() => new JsonObject
    {
        ["cniVersion"] = Version, ["name"] = Name, ["plugins"] = new JsonArray([.. Plugins.Select(plugin => plugin.DeepClone())]),
    }.ToText();

    /// <summary>What one plugin is told on its standard input.</summary>
    /// <param name="previous">The result of the plugins before it, or of the whole ADD; null for the first.</param>
    public string ConfigurationOf(JsonObject plugin, JsonObject? previous)
    {
        var configuration = (JsonObject)plugin.DeepClone();
        configuration["name"] = Name;
        configuration["cniVersion"] = Version;
        if (previous is not null) configuration["prevResult"] = previous.DeepClone();
        return configuration.ToText();
    }

    // A file that is being written, or that somebody broke, is passed over; the next one may do.
    private static CniNetwork? TryRead(string file)
    {
        try { return Parse(File.ReadAllText(file)); }
        catch (Exception unusable) when (unusable is CniException or IOException) { return null; }
    }
}

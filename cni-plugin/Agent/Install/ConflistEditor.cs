using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace Ambient.CniAgent.Install;

/// <summary>Puts our plugin at the end of a CNI configuration, and takes it out. Pure.</summary>
/// <remarks>All that others wrote stays as it is, also what we do not know.</remarks>
internal static class ConflistEditor
{
    /// <summary>Name of the plugin's binary and its <c>type</c> in configurations.</summary>
    public const string PluginType = "ambient-cni";

    /// <summary>Largest configuration that is read.</summary>
    public const int MaxBytes = 1024 * 1024;

    // A list made of a single plugin's configuration gets a name that runtimes of Kubernetes are used to.
    private const string DefaultName = "k8s-pod-network", DefaultVersion = "0.3.1";

    /// <summary>Whether a runtime could use it.</summary>
    /// <param name="isList">Whether its name ends as that of a list of plugins; otherwise runtimes take it for one plugin's configuration.</param>
    public static bool IsUsable(ReadOnlySpan<byte> json, bool isList)
    {
        try
        {
            var root = Parse(json);
            return Plugins(root).Count > 0 && root["plugins"] is not null == isList;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Whether it names our plugin.</summary>
    public static bool HasPlugin(ReadOnlySpan<byte> json)
    {
        try
        {
            return Plugins(Parse(json)).Any(IsOurs);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>The configuration as a list that ends with <paramref name="entry"/>.</summary>
    /// <returns>Null if it is that already.</returns>
    /// <exception cref="FormatException">Not a CNI configuration.</exception>
    public static byte[]? WithPlugin(ReadOnlySpan<byte> json, PluginEntry entry)
    {
        var root = Parse(json);
        var plugins = Plugins(root);
        var ours = entry.ToJson();
        if (root["plugins"] is not null && plugins.Count(IsOurs) == 1 && JsonNode.DeepEquals(plugins[^1], ours))
            return null;
        return Text(WithPlugins(root, [.. plugins.Where(plugin => !IsOurs(plugin)), ours]));
    }

    /// <summary>The configuration without our plugin.</summary>
    /// <returns>Null if it is not in there.</returns>
    /// <exception cref="FormatException">Not a CNI configuration.</exception>
    public static byte[]? WithoutPlugin(ReadOnlySpan<byte> json)
    {
        var root = Parse(json);
        var plugins = Plugins(root);
        return plugins.Any(IsOurs) ? Text(WithPlugins(root, [.. plugins.Where(plugin => !IsOurs(plugin))])) : null;
    }

    private static JsonObject Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw new FormatException($"the configuration has {json.Length} bytes; at most {MaxBytes} are read");
        if (!Utf8.IsValid(json))
            throw new FormatException("the configuration is not UTF-8");
        try
        {
            return JsonNode.Parse(json) as JsonObject ?? throw new FormatException("the configuration is no JSON object");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new FormatException($"the configuration is not JSON: {error.Message}", error);
        }
    }

    private static List<JsonNode> Plugins(JsonObject root)
    {
        try
        {
            if (root["plugins"] is JsonArray list)
                return [.. list.Select(plugin => plugin is JsonObject { } known && known["type"] is JsonValue
                    ? known : throw new FormatException("an entry of plugins has no type"))];
            return root["type"] is JsonValue ? [root] : throw new FormatException("the configuration has neither plugins nor type");
        }
        catch (ArgumentException error)
        {
            throw new FormatException($"the configuration names a field twice: {error.Message}", error); // JsonObject looks when it is first read
        }
    }

    private static bool IsOurs(JsonNode plugin) => plugin["type"] is JsonValue type && type.TryGetValue<string>(out var text) && text == PluginType;

    private static JsonObject WithPlugins(JsonObject root, List<JsonNode> plugins)
    {
        var list = new JsonArray([.. plugins.Select(plugin => plugin.DeepClone())]);
        if (root["plugins"] is not null)
        {
            var edited = root.DeepClone().AsObject();
            edited["plugins"] = list;
            return edited;
        }
        return new JsonObject
        {
            ["cniVersion"] = root["cniVersion"]?.DeepClone() ?? DefaultVersion,
            ["name"] = root["name"]?.DeepClone() ?? DefaultName,
            ["plugins"] = list,
        };
    }

    private static byte[] Text(JsonObject root)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            root.WriteTo(writer);
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ambient.CniAgent.PluginCalls;

/// <summary>What the plugin says of one sandbox. The first four names are those that plugins of this kind have always sent.</summary>
internal sealed class PluginEvent
{
    public const int MaxBytes = 256 * 1024;
    private const int MaxText = 4096;

    public string? Netns { get; set; }

    public string? PodName { get; set; }

    public string? PodNamespace { get; set; }

    [JsonPropertyName("IPs")]
    public List<PluginAddress>? Addresses { get; set; }

    /// <summary>Empty from plugins that do not send it, as the following.</summary>
    public string? PodUid { get; set; }

    public string? ContainerId { get; set; }

    public string? Interface { get; set; }

    /// <summary>GC: the sandboxes that exist.</summary>
    public List<string>? ValidContainers { get; set; }

    /// <summary>The sandbox's addresses as text.</summary>
    [JsonIgnore]
    public IEnumerable<string> AddressTexts => (Addresses ?? []).Select(address => address.Address!.IP!);

    /// <exception cref="FormatException">Not such JSON, or a field is out of bounds.</exception>
    public static PluginEvent Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var parsed = JsonSerializer.Deserialize(json, PluginEventJson.Default.PluginEvent) ?? throw new FormatException("The body is null.");
            parsed.Check();
            return parsed;
        }
        catch (JsonException error)
        {
            throw new FormatException($"The body is no event of a CNI plugin: {error.Message}", error);
        }
    }

    private void Check()
    {
        foreach (var text in (ReadOnlySpan<string?>)[Netns, PodName, PodNamespace, PodUid, ContainerId, Interface])
        {
            if (text is not null && (text.Length > MaxText || text.Any(char.IsControl)))
                throw new FormatException($"A field has control characters or more than {MaxText} characters.");
        }
        foreach (var address in Addresses ?? [])
        {
            if (!IPAddress.TryParse(address?.Address?.IP, out _))
                throw new FormatException($"IPs has '{address?.Address?.IP}', which is no address.");
        }
    }
}

/// <summary>As Go's net.IPNet is written: the mask is not needed here.</summary>
internal sealed class PluginAddress
{
    public PluginNetwork? Address { get; set; }
}

internal sealed class PluginNetwork
{
    public string? IP { get; set; }
}

[JsonSerializable(typeof(PluginEvent))]
internal sealed partial class PluginEventJson : JsonSerializerContext;

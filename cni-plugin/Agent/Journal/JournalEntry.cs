using System.Text.Json;
using System.Text.Json.Serialization;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.Model;

namespace Ambient.CniAgent.Journal;

/// <summary>What is remembered of a pod over restarts and reboots.</summary>
/// <param name="InMesh">False is remembered too: such a pod may start while the Kubernetes API is away.</param>
/// <param name="Sandbox">The sandbox that the plugin named; null if none was ever named.</param>
internal sealed record JournalEntry(PodSpec Pod, bool InMesh, Sandbox? Sandbox)
{
    public const int MaxBytes = 64 * 1024;
    private const int Version = 1;

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(new JournalRecord
    {
        Version = Version,
        Uid = Pod.Uid,
        Name = Pod.Name,
        Namespace = Pod.Namespace,
        ServiceAccount = Pod.ServiceAccount,
        InMesh = InMesh,
        Netns = Pod.NetworkNamespace,
        Addresses = [.. Pod.Addresses],
        CaptureDns = Pod.Redirection.CaptureDns,
        BypassInbound = Pod.Redirection.BypassInbound,
        VirtualInterfaces = [.. Pod.Redirection.VirtualInterfaces],
        ProbePorts = [.. Pod.Redirection.ProbePorts],
        ContainerId = Sandbox?.ContainerId,
        SandboxIsGone = Sandbox?.IsGone ?? false,
    }, JournalJson.Default.JournalRecord);

    /// <exception cref="FormatException">Not an entry of this version, or one that cannot be.</exception>
    public static JournalEntry Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw new FormatException($"it has {json.Length} bytes; at most {MaxBytes} are read");
        try
        {
            var found = JsonSerializer.Deserialize(json, JournalJson.Default.JournalRecord) ?? throw new FormatException("it is null");
            if (found.Version != Version)
                throw new FormatException($"it has version {found.Version}; this agent reads {Version}");
            var redirection = new RedirectSettings(found.CaptureDns, found.BypassInbound, Texts(found.VirtualInterfaces), [.. found.ProbePorts ?? []]);
            var pod = new PodSpec(Required(found.Uid), Required(found.Name), Required(found.Namespace), Required(found.ServiceAccount),
                found.Netns ?? "", Texts(found.Addresses), redirection);
            return new JournalEntry(pod, found.InMesh, found.ContainerId is { } id ? new Sandbox(id, found.SandboxIsGone) : null);
        }
        catch (JsonException error)
        {
            throw new FormatException($"it is not an entry of the journal: {error.Message}", error);
        }
    }

    private static EquatableArray<string> Texts(List<string>? texts) => [.. (texts ?? []).Select(Required)];

    private static string Required(string? text) =>
        string.IsNullOrEmpty(text) || text.Any(char.IsControl) ? throw new FormatException("a name is missing or has control characters") : text;
}

/// <summary>A sandbox as the container runtime named it.</summary>
/// <param name="IsGone">It was taken down, and the next one has not been named yet.</param>
internal sealed record Sandbox(string ContainerId, bool IsGone);

/// <summary>An entry as it is written.</summary>
internal sealed class JournalRecord
{
    public int Version { get; set; }

    public string? Uid { get; set; }

    public string? Name { get; set; }

    public string? Namespace { get; set; }

    public string? ServiceAccount { get; set; }

    public bool InMesh { get; set; }

    public string? Netns { get; set; }

    public List<string>? Addresses { get; set; }

    public bool CaptureDns { get; set; }

    public bool BypassInbound { get; set; }

    public List<string>? VirtualInterfaces { get; set; }

    public List<ushort>? ProbePorts { get; set; }

    public string? ContainerId { get; set; }

    public bool SandboxIsGone { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JournalRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;

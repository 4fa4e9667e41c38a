using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ambient.CniAgent.PodNamespaces;
using Ambient.CniAgent.Redirection;
using Ambient.CniAgent.Zds;

namespace Ambient.CniAgent.PodFiles;

/// <summary>A pod as a file describes it. Every field but the last three is required.</summary>
internal sealed class PodFile
{
    /// <summary>Largest file that is read.</summary>
    public const int MaxBytes = 64 * 1024;

    // What is told to the node proxy travels in one datagram of 1024 bytes.
    private const int MaxAddBytes = 1024 - 16;

    public string Uid { get; set; } = "";

    public string Name { get; set; } = "";

    public string Namespace { get; set; } = "";

    public string ServiceAccount { get; set; } = "";

    /// <summary>Absolute path of the pod's network namespace.</summary>
    public string Netns { get; set; } = "";

    /// <summary>The pod's addresses. If given, one of them must be configured in <see cref="Netns"/>.</summary>
    public List<string> Addresses { get; set; } = [];

    /// <summary>The pod's annotations; see <see cref="RedirectAnnotations"/>.</summary>
    public Dictionary<string, string> Annotations { get; set; } = [];

    /// <summary>TCP ports that the node's own addresses reach directly.</summary>
    public List<ushort> ProbePorts { get; set; } = [];

    /// <exception cref="FormatException">What is wrong and what is expected.</exception>
    public static PodFile Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
            throw new FormatException($"The file has {json.Length} bytes; at most {MaxBytes} are read.");
        try
        {
            return JsonSerializer.Deserialize(json, PodFileJson.Default.PodFile)
                ?? throw new FormatException("The file holds null instead of an object.");
        }
        catch (JsonException error)
        {
            throw new FormatException($"The file is not a pod: {error.Message}", error);
        }
    }

    /// <param name="warnings">A sentence for each annotation that was ignored.</param>
    /// <exception cref="FormatException">A field is missing or out of bounds.</exception>
    public PodSpec ToSpec(bool captureDnsByDefault, out IReadOnlyList<string> warnings)
    {
        Require("uid", Uid);
        Require("name", Name);
        Require("namespace", Namespace);
        Require("serviceAccount", ServiceAccount);
        Require("netns", Netns);
        if (!Path.IsPathRooted(Netns))
            throw new FormatException($"netns is '{Netns}'; an absolute path is needed, such as /run/netns/NAME.");
        var spec = new PodSpec(Uid, Name, Namespace, ServiceAccount, Netns, [.. Addresses ?? []],
            RedirectAnnotations.Read(Annotations ?? [], captureDnsByDefault, [.. (ProbePorts ?? []).Distinct().Order()], out warnings));
        if (ZdsConnection.AddOf(spec).CalculateSize() > MaxAddBytes)
            throw new FormatException($"uid, name, namespace and serviceAccount are longer than {MaxAddBytes} bytes together.");
        return spec;
    }

    private static void Require(string field, string? value)
    {
        if (string.IsNullOrEmpty(value))
            throw new FormatException($"{field} is missing or empty.");
        if (value.Any(char.IsControl) || Encoding.UTF8.GetByteCount(value) > 4096)
            throw new FormatException($"{field} has control characters or more than 4096 bytes.");
    }
}

/// <summary>How a pod's enrolment stands; written beside its file.</summary>
internal sealed class PodStatusFile
{
    /// <summary>enrolled, pending or failed.</summary>
    public string State { get; set; } = "";

    public string? Error { get; set; }

    /// <summary>Annotations that were ignored, and why.</summary>
    public List<string> Warnings { get; set; } = [];

    /// <summary>The pod as it was enrolled, so that a later process can undo it; null if it never was.</summary>
    public PodFile? Pod { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PodFile))]
[JsonSerializable(typeof(PodStatusFile))]
internal sealed partial class PodFileJson : JsonSerializerContext;

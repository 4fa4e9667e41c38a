using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Ambient.CniPlugin;

/// <summary>The plugin's part of the network configuration, as the runtime hands it over on standard input.</summary>
/// <param name="CniVersion">Of the whole list; not checked yet.</param>
/// <param name="RunDirectory">The node agent's socket lies in it.</param>
/// <param name="ExemptNamespaces">Pods of these start without the agent: the mesh's own namespaces and those that never take part.</param>
/// <param name="PreviousResult">What the plugins before this one did, byte for byte; empty if there are none.</param>
/// <param name="ValidContainers">GC: ids of the sandboxes that still exist; null if the runtime named none.</param>
internal sealed record CniConfiguration(
    string CniVersion, string RunDirectory, IReadOnlySet<string> ExemptNamespaces, ReadOnlyMemory<byte> PreviousResult, IReadOnlyList<string>? ValidContainers)
{
    public const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 64;

    /// <summary>Path of the agent's socket.</summary>
    public string Socket => Path.Combine(RunDirectory, "pluginevent.sock");

    /// <summary>The sandbox's addresses, of the previous result.</summary>
    /// <exception cref="CniException">It is none.</exception>
    public IReadOnlyList<PodAddress> Addresses()
    {
        if (PreviousResult.IsEmpty)
            return [];
        using var result = JsonDocument.Parse(PreviousResult, new JsonDocumentOptions { MaxDepth = MaxDepth });
        return PodAddress.ReadAll(result.RootElement);
    }

    /// <exception cref="CniException">Longer than 1 MiB, not JSON, or a field of the wrong kind.</exception>
    public static CniConfiguration Read(Stream input)
    {
        var bytes = ReadAll(input);
        if (!Utf8.IsValid(bytes))
            throw new CniException(CniErrorCode.Undecodable, "the network configuration on standard input is not UTF-8", "JSON is always UTF-8 (RFC 8259).");
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return Read(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new CniException(CniErrorCode.Undecodable, "the network configuration on standard input is not JSON", error.Message);
        }
    }

    private static CniConfiguration Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new CniException(CniErrorCode.Undecodable, "the network configuration is no JSON object", $"It is {root.ValueKind}.");
        var exempt = new HashSet<string>(Texts(root, "exclude_namespaces"), StringComparer.Ordinal)
        {
            Text(root, "system_namespace", "istio-system"),
        };
        if (Text(root, "pod_namespace", "") is { Length: > 0 } agents)
            exempt.Add(agents);
        var run = Text(root, "cni_agent_run_dir", "/var/run/istio-cni");
        if (!Path.IsPathRooted(run))
            throw Invalid("cni_agent_run_dir", "an absolute path");
        var previous = root.TryGetProperty("prevResult", out var result) && result.ValueKind != JsonValueKind.Null ? result : (JsonElement?)null;
        return new CniConfiguration(
            Text(root, "cniVersion", "") is { Length: > 0 } version ? version : CniPlugin.CniVersion.Oldest, run, exempt,
            previous is { } passed ? Encoding.UTF8.GetBytes(passed.GetRawText()) : default,
            Containers(root));
    }

    private static List<string>? Containers(JsonElement root)
    {
        if (!root.TryGetProperty("cni.dev/valid-attachments", out var attachments) && !root.TryGetProperty("cni.dev/attachments", out attachments))
            return null;
        if (attachments.ValueKind == JsonValueKind.Null)
            return [];
        if (attachments.ValueKind != JsonValueKind.Array)
            throw Invalid("cni.dev/valid-attachments", "a list");
        var ids = new List<string>();
        foreach (var attachment in attachments.EnumerateArray())
        {
            if (attachment.ValueKind != JsonValueKind.Object)
                throw Invalid("cni.dev/valid-attachments", "a list of objects with containerID");
            ids.Add(Text(attachment, "containerID", ""));
        }
        return ids;
    }

    private static string Text(JsonElement element, string name, string fallback)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return fallback;
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Invalid(name, "a string");
    }

    private static List<string> Texts(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var list) || list.ValueKind == JsonValueKind.Null)
            return [];
        if (list.ValueKind != JsonValueKind.Array)
            throw Invalid(name, "a list of strings");
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Invalid(name, "a list of strings"))];
    }

    private static byte[] ReadAll(Stream input)
    {
        var bytes = new byte[4096];
        for (var length = 0; ;)
        {
            var read = input.Read(bytes, length, bytes.Length - length);
            if (read == 0)
                return bytes[..length];
            length += read;
            if (length > MaxBytes)
                throw new CniException(CniErrorCode.Undecodable, $"the network configuration has more than {MaxBytes} bytes", "That is the most that is read.");
            if (length == bytes.Length)
                Array.Resize(ref bytes, bytes.Length * 2);
        }
    }

    private static CniException Invalid(string name, string expected) =>
        new(CniErrorCode.InvalidConfiguration, $"{name} in the network configuration is not {expected}", "Correct it in the node's CNI configuration directory.");
}

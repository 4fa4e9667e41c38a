using System.Text.Json;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Kubelet.Networking;

namespace Ambient.Playground.Kubelet.Sandboxes;

/// <summary>What is kept on disk of a sandbox, so that it can be undone by a later process and after a reboot.</summary>
/// <param name="Network">As it was when the pod was attached; null for pods with host networking.</param>
/// <param name="Result">Of the last plugin; null if it did not get there.</param>
internal sealed record SandboxRecord(CniAttachment Attachment, CniNetwork? Network, JsonObject? Result)
{
    public string Id => Attachment.ContainerId;

    public void Write(string directory)
    {
        var document = new JsonObject
        {
            ["id"] = Id, ["netns"] = Attachment.NamespacePath, ["namespace"] = Attachment.PodNamespace, ["name"] = Attachment.PodName, ["uid"] = Attachment.PodUid,
            ["network"] = Network?.ToText(), ["result"] = Result?.DeepClone(),
        };
        var file = FileOf(directory, Id);
        File.WriteAllText(file + ".new", document.ToText());
        File.Move(file + ".new", file, overwrite: true);
    }

    public static void Remove(string directory, string id) => File.Delete(FileOf(directory, id));

    public static IReadOnlyList<SandboxRecord> ReadAll(string directory) => [.. Directory.EnumerateFiles(directory, "*.json").Select(Read).OfType<SandboxRecord>()];

    private static string FileOf(string directory, string id) => Path.Combine(directory, $"{id}.json");

    private static SandboxRecord? Read(string file)
    {
        try
        {
            var document = Json.ParseObject(File.ReadAllBytes(file));
            var attachment = new CniAttachment(document.Text("id")!, document.Text("netns")!, document.Text("namespace")!, document.Text("name")!, document.Text("uid")!);
            return new(attachment, document.Text("network") is { } network ? CniNetwork.Parse(network) : null, document.ObjectAt("result"));
        }
        catch (Exception broken) when (broken is JsonException or CniException or IOException)
        {
            return null;
        }
    }
}

using System.Text.Json.Nodes;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet.Containers;

namespace Ambient.Playground.Kubelet;

/// <summary>
/// The files of a pod's volumes: ConfigMaps, tokens of its account, directories of the node. There is no mounting: containers find
/// them in the directory where kubelets keep them, <c>pods/UID/volumes/NAME</c> below the node's kubelet directory, and the node's in
/// its own tree.
/// </summary>
internal sealed class PodVolumes(ObjectStore store, TokenIssuer tokens, NodeFiles files)
{
    /// <summary>Writes what the pod's volumes hold now; called again, it brings them up to date.</summary>
    /// <exception cref="ContainerException">Something that a volume refers to is missing.</exception>
    public void Write(JsonObject pod)
    {
        foreach (var volume in pod.ObjectsAt("spec", "volumes"))
        {
            var at = Directory.CreateDirectory(Path.Combine(DirectoryOf(pod.Text("metadata", "uid")!), volume.Text("name")!)).FullName;
            if (volume.ObjectAt("configMap") is { } map) WriteMap(at, pod, map);
            if (volume.ObjectAt("hostPath") is { } host && host.Text("type") == "DirectoryOrCreate") Directory.CreateDirectory(files.OnNode(host.Text("path") ?? "/"));
            foreach (var source in volume.ObjectsAt("projected", "sources"))
            {
                if (source.ObjectAt("configMap") is { } projected) WriteMap(at, pod, projected);
                if (source.ObjectAt("serviceAccountToken") is { } token) WriteToken(at, pod, token);
            }
        }
    }

    public void Remove(string uid)
    {
        if (Path.GetDirectoryName(DirectoryOf(uid))! is var pod && Directory.Exists(pod)) Directory.Delete(pod, recursive: true);
    }

    private string DirectoryOf(string uid) => Path.Combine(files.Pods, uid, "volumes");

    private void WriteMap(string at, JsonObject pod, JsonObject reference)
    {
        var name = reference.Text("name") ?? "";
        if (store.Find(store.Kinds.Get("", "ConfigMap"), pod.Text("metadata", "namespace")!, name)?.Copy().ObjectAt("data") is not { } data)
        {
            if (reference.Flag("optional")) return;
            throw new ContainerException("ContainerCreating", $"configmap \"{name}\" not found");
        }
        foreach (var (key, value) in data) Replace(Path.Combine(at, key), value.Text() ?? "");
    }

    private void WriteToken(string at, JsonObject pod, JsonObject wanted)
    {
        var file = Path.Combine(at, wanted.Text("path") ?? "token");
        if (File.Exists(file)) return; // its pod does not outlive it in a playground
        var lifetime = TimeSpan.FromSeconds(Math.Max(wanted.Number("expirationSeconds") ?? 3600, (long)TimeSpan.FromHours(12).TotalSeconds));
        Replace(file, tokens.Issue(pod.Text("metadata", "namespace")!, pod.Text("spec", "serviceAccountName") ?? "default",
            wanted.Text("audience") is { Length: > 0 } audience ? [audience] : [], lifetime, pod.Text("metadata", "name")).Token);
    }

    private static void Replace(string file, string text)
    {
        if (File.Exists(file) && File.ReadAllText(file) == text) return;
        File.WriteAllText(file + ".new", text);
        File.SetUnixFileMode(file + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move(file + ".new", file, overwrite: true);
    }
}

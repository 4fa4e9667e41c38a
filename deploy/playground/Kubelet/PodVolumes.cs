using System.Text.Json.Nodes;
using Ambient.Lab.Processes;
using Ambient.Playground.Api.Access;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;
using Ambient.Playground.Kubelet.Containers;

namespace Ambient.Playground.Kubelet;

/// <summary>
/// The files of a pod's volumes: ConfigMaps, tokens of its account, directories of the node. They are where kubelets keep them, in
/// <c>pods/UID/volumes/NAME</c> below the node's kubelet directory, and the node's in its own tree; containers that mount them see
/// them there. The rest of the machine's files is the same for all, but for /run: who mounts something below has one of its own.
/// </summary>
internal sealed class PodVolumes(ObjectStore store, TokenIssuer tokens, NodeFiles files)
{
    private readonly Lock _writing = new(); // a pod that starts and a ConfigMap that changes write the same files

    /// <summary>Writes what the pod's volumes hold now; called again, it brings them up to date.</summary>
    /// <exception cref="ContainerException">Something that a volume refers to is missing.</exception>
    public void Write(JsonObject pod)
    {
        lock (_writing)
            foreach (var volume in pod.ObjectsAt("spec", "volumes")) Write(pod, volume);
    }

    private void Write(JsonObject pod, JsonObject volume)
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

    /// <summary>What a container mounts, in order. Its <c>subPath</c> is not supported.</summary>
    /// <exception cref="ContainerException">There is no such volume, or no such place on this machine.</exception>
    public IReadOnlyList<BindMount> MountsOf(JsonObject pod, JsonObject container)
    {
        var mounts = new List<BindMount>();
        var run = Path.Combine(Path.GetDirectoryName(DirectoryOf(pod.Text("metadata", "uid")!))!, $"run-{container.Text("name")}");
        foreach (var mount in container.ObjectsAt("volumeMounts"))
        {
            var (source, path) = (SourceOf(pod, mount), mount.Text("mountPath") ?? "");
            if (mount["subPath"] is not null) throw new ContainerException("CreateContainerConfigError", $"volumeMount {path} has a subPath, which the playground does not know");
            var place = path.StartsWith("/var/run/", StringComparison.Ordinal) ? path["/var/run/".Length..] : path.StartsWith("/run/", StringComparison.Ordinal) ? path["/run/".Length..] : null;
            if (place is null && !Directory.Exists(path))
                throw new ContainerException("CreateContainerError", $"{path} is to be mounted, but this machine has no such directory; use one below /run");
            var target = place is null ? path : Directory.CreateDirectory(Path.Combine(run, place)).FullName;
            mounts.Add(new(source, target, mount.Flag("readOnly")));
        }
        if (Directory.Exists(run)) mounts.Add(new(run, "/run"));
        return mounts;
    }

    public void Remove(string uid)
    {
        if (Path.GetDirectoryName(DirectoryOf(uid))! is var pod && Directory.Exists(pod)) Directory.Delete(pod, recursive: true);
    }

    private string SourceOf(JsonObject pod, JsonObject mount)
    {
        var name = mount.Text("name");
        var volume = pod.ObjectsAt("spec", "volumes").FirstOrDefault(one => one.Text("name") == name)
            ?? throw new ContainerException("CreateContainerConfigError", $"there is no volume \"{name}\"");
        return volume.ObjectAt("hostPath") is { } host ? files.OnNode(host.Text("path") ?? "/") : Path.Combine(DirectoryOf(pod.Text("metadata", "uid")!), name!);
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

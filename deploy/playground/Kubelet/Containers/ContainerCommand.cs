using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Kubelet.Containers;

/// <summary>What a container runs: program, arguments and environment, with everything that they refer to filled in.</summary>
internal sealed partial record ContainerCommand(string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
    /// <param name="pod">With the addresses of its sandbox in its status.</param>
    /// <exception cref="ContainerException">The image is not here, or something that is referred to is missing.</exception>
    public static ContainerCommand Of(JsonObject pod, JsonObject container, ObjectStore store)
    {
        var environment = Variables(pod, container, store);
        var command = container.TextsAt("command").Select(text => Expand(text, environment)).ToList();
        var arguments = container.TextsAt("args").Select(text => Expand(text, environment)).ToList();
        var image = container.Text("image") ?? "";
        if (command.Count == 0)
            command = LocalImages.EntryPoint(image) is { } entry ? [.. entry]
                : throw new ContainerException("ErrImagePull", $"image \"{image}\" is not one of this playground's; give the container a command of this machine");
        List<string> all = [.. Confined(container), .. command, .. arguments];
        return new(all[0], all[1..], environment);
    }

    // A container that drops all capabilities has those that it adds and no others, whatever it becomes. Others have all of this machine's.
    private static IEnumerable<string> Confined(JsonObject container)
    {
        if (!container.TextsAt("securityContext", "capabilities", "drop").Contains("ALL")) return [];
        var kept = container.TextsAt("securityContext", "capabilities", "add").Select(static name => $",+{name.ToLowerInvariant()}");
        return ["setpriv", "--inh-caps=-all", $"--bounding-set=-all{string.Concat(kept)}"];
    }

    private static Dictionary<string, string> Variables(JsonObject pod, JsonObject container, ObjectStore store)
    {
        var known = new Dictionary<string, string> { ["HOSTNAME"] = pod.Text("metadata", "name") ?? "" };
        foreach (var variable in container.ObjectsAt("env"))
        {
            var name = variable.Text("name")!;
            if (variable.ObjectAt("valueFrom") is { } source) known[name] = Read(pod, source, store);
            else known[name] = Expand(variable.Text("value") ?? "", known);
        }
        return known;
    }

    private static string Read(JsonObject pod, JsonObject source, ObjectStore store)
    {
        if (source.Text("fieldRef", "fieldPath") is { } path) return Field(pod, path);
        foreach (var (reference, kind) in new[] { ("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret") })
        {
            if (source.ObjectAt(reference) is not { } key) continue;
            var found = store.Find(store.Kinds.Get("", kind), pod.Text("metadata", "namespace")!, key.Text("name") ?? "")?.Copy().Text("data", key.Text("key") ?? "");
            if (found is not null) return kind == "Secret" ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(found)) : found;
            if (key.Flag("optional")) return "";
            throw new ContainerException("CreateContainerConfigError", $"{kind} \"{key.Text("name")}\" has no key \"{key.Text("key")}\"");
        }
        throw new ContainerException("CreateContainerConfigError", $"the playground's kubelet does not know this source of a variable: {source.ToText()}");
    }

    private static string Field(JsonObject pod, string path)
    {
        if (path == "status.podIPs") return string.Join(',', pod.ObjectsAt("status", "podIPs").Select(one => one.Text("ip")));
        if (Indexed().Match(path) is { Success: true } indexed) return pod.Text("metadata", indexed.Groups[1].Value, indexed.Groups[2].Value) ?? "";
        return pod.Text(path.Split('.')) ?? throw new ContainerException("CreateContainerConfigError", $"the pod has no field {path}");
    }

    // $(NAME) is replaced if it is known and stays if not; $$(NAME) is how one writes $(NAME).
    private static string Expand(string text, Dictionary<string, string> known) => Reference().Replace(text, match =>
        match.Value.StartsWith("$$", StringComparison.Ordinal) ? match.Value[1..] : known.GetValueOrDefault(match.Groups[1].Value, match.Value));

    [GeneratedRegex(@"\$?\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^metadata\.(labels|annotations)\['([^']+)'\]$")]
    private static partial Regex Indexed();
}

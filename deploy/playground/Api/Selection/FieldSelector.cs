using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Selection;

/// <summary>Requirements on single fields of objects: <c>metadata.name=a,status.phase!=Running</c>.</summary>
public sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);

    // What each built-in kind lets clients ask for besides its name and namespace.
    private static readonly Dictionary<string, string[]> Selectable = new()
    {
        ["pods"] = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"],
        ["events"] = ["involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"],
        ["nodes"] = ["spec.unschedulable"], ["secrets"] = ["type"], ["namespaces"] = ["status.phase"],
        ["services"] = ["spec.clusterIP", "spec.type"], ["jobs.batch"] = ["status.successful"], ["replicasets.apps"] = ["status.replicas"],
        ["replicationcontrollers"] = ["status.replicas"],
    };

    private readonly (string Path, string Value, bool Equal)[] _terms;

    private FieldSelector((string, string, bool)[] terms) => _terms = terms;

    public bool IsEmpty => _terms.Length == 0;

    /// <summary>The one name that is asked for, if so.</summary>
    public string? Name => _terms.Where(term => term is { Path: "metadata.name", Equal: true }).Select(term => term.Value).FirstOrDefault();

    /// <exception cref="StatusException">BadRequest: not a selector, or a field that the kind does not offer.</exception>
    public static FieldSelector Parse(string text, ResourceKind kind)
    {
        var terms = new List<(string, string, bool)>();
        foreach (var term in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = term.IndexOf('=', StringComparison.Ordinal);
            if (at < 1) throw StatusException.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
            var equal = term[at - 1] != '!';
            var path = (equal ? term[..at] : term[..(at - 1)]).Trim();
            var value = term[(at + 1)..].TrimStart('=').Trim();
            if (path is not ("metadata.name" or "metadata.namespace") && !(Selectable.TryGetValue(kind.Resource, out var fields) && fields.Contains(path)))
                throw StatusException.BadRequest($"Unable to find \"{kind.ApiVersion}, Resource={kind.Plural}\" that match label selector \"\", field selector \"{text}\": field label not supported: {path}");
            terms.Add((path, value, equal));
        }
        return new([.. terms]);
    }

    public bool Matches(StoredObject value)
    {
        JsonObject? document = null;
        foreach (var (path, wanted, equal) in _terms)
        {
            var found = path switch
            {
                "metadata.name" => value.Name,
                "metadata.namespace" => value.Namespace,
                _ => Read(document ??= value.Copy(), path),
            };
            if (found == wanted != equal) return false;
        }
        return true;
    }

    private static string Read(JsonObject document, string path)
    {
        if (path == "source") return document.Text("source", "component") ?? document.Text("reportingComponent") ?? "";
        if (path == "status.successful") return (document.Number("status", "succeeded") ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture);
        var found = document.At(path.Split('.')).Scalar();
        return found ?? (path is "spec.unschedulable" or "spec.hostNetwork" ? "false" : "");
    }
}

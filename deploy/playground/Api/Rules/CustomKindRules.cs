using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Schemas;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>A CustomResourceDefinition makes its kind served; without it, the kind and all its objects go.</summary>
internal sealed class CustomKindRules(KindCatalog kinds) : KindRules
{
    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        var spec = document.Child("spec");
        var names = spec.Child("names");
        names["singular"] ??= (names.Text("kind") ?? "").ToLowerInvariant();
        names["listKind"] ??= $"{names.Text("kind")}List";
        var expected = $"{names.Text("plural")}.{spec.Text("group")}";
        if (document.Text("metadata", "name") != expected)
            problems.Add(FieldProblem.Invalid("metadata.name", document.At("metadata", "name")?.DeepClone(), $"must be spec.names.plural+\".\"+spec.group: {expected}"));
        if (old is not null && old.Text("spec", "scope") != spec.Text("scope"))
            problems.Add(FieldProblem.Invalid("spec.scope", spec["scope"]?.DeepClone(), "field is immutable"));
        if (spec.ObjectsAt("versions").Count(version => version.Flag("storage")) != 1)
            problems.Add(FieldProblem.Invalid("spec.versions", null, "must have exactly one version marked as storage version"));
        if (kinds.FindPlural(spec.Text("group") ?? "", names.Text("plural") ?? "") is { IsCustom: false })
            problems.Add(FieldProblem.Forbidden("spec.names.plural", "this kind is built in"));
        var index = 0;
        foreach (var version in spec.ObjectsAt("versions"))
        {
            try { CustomKind.ReadSchema(version); }
            catch (FormatException error) { problems.Add(FieldProblem.Invalid($"spec.versions[{index}].schema.openAPIV3Schema", null, error.Message)); }
            index++;
        }
        if (problems.Count == 0) ShowEstablished(store, document, spec, names);
    }

    public override void Stored(ObjectStore store, StoredObject value)
    {
        if (value.IsEnding) return;
        var kind = CustomKind.Read(value.Copy());
        kinds.Set(kind);
        store.Redefine(kind);
    }

    public override void Removed(ObjectStore store, StoredObject value)
    {
        var spec = value.Copy()["spec"];
        if (kinds.FindPlural(spec.Text("group") ?? "", spec.Text("names", "plural") ?? "") is not { IsCustom: true } kind) return;
        store.Drop(kind);
        kinds.Remove(kind);
    }

    private static void ShowEstablished(ObjectStore store, JsonObject document, JsonObject spec, JsonObject names)
    {
        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message, ["lastTransitionTime"] = Timestamps.Write(store.Time.GetUtcNow()),
        };
        var status = document.Child("status");
        status["acceptedNames"] = names.DeepClone();
        status["conditions"] ??= new JsonArray(Condition("NamesAccepted", "NoConflicts", "no conflicts found"), Condition("Established", "InitialNamesAccepted", "the initial names have been accepted"));
        var storage = spec.ObjectsAt("versions").First(version => version.Flag("storage")).Text("name");
        var stored = status.TextsAt("storedVersions").ToList();
        if (!stored.Contains(storage!)) stored.Add(storage!);
        status["storedVersions"] = Json.Strings(stored);
    }
}

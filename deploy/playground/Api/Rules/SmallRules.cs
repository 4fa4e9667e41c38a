using System.Text;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>Text values become data; a token secret gets its account's token only through TokenRequest.</summary>
internal sealed class SecretRules : KindRules
{
    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        if (document.ObjectAt("stringData") is { } texts)
        {
            var data = document.Child("data");
            foreach (var (name, value) in texts) data[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value.Text() ?? ""));
            document.Remove("stringData");
        }
        if (old is not null && old.Text("type") != document.Text("type"))
            problems.Add(FieldProblem.Invalid("type", document["type"]?.DeepClone(), "field is immutable"));
        if (old.Flag("immutable") && !JsonNode.DeepEquals(old.At("data"), document["data"]))
            problems.Add(FieldProblem.Forbidden("data", "field is immutable when `immutable` is set"));
    }
}

/// <summary>Nodes report on themselves from the start.</summary>
internal sealed class NodeRules : KindRules
{
    public override bool StatusStartsEmpty => false;
}

/// <summary>A binding's role is fixed.</summary>
internal sealed class RoleBindingRules : KindRules
{
    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        if (old is not null && !JsonNode.DeepEquals(old["roleRef"], document["roleRef"]))
            problems.Add(FieldProblem.Invalid("roleRef", document["roleRef"]?.DeepClone(), "cannot change roleRef"));
        foreach (var subject in document.ObjectsAt("subjects"))
            if (subject.Text("kind") is "User" or "Group") subject["apiGroup"] ??= "rbac.authorization.k8s.io";
    }
}

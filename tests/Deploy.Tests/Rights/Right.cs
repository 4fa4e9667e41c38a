using System.Text.Json.Nodes;
using Ambient.Playground.Api.Access;

namespace Ambient.Deploy.Tests.Rights;

/// <summary>One thing that a role lets its holder do: a verb on a resource, perhaps of one name, in one namespace or in all.</summary>
/// <param name="Name">Empty for any.</param>
/// <param name="Namespace">Empty for all.</param>
internal sealed record Right(string Verb, string Group, string Resource, string Name, string Namespace)
{
    /// <summary>What the manifest's roles give a service account, taken apart.</summary>
    public static IReadOnlyList<Right> Of(IReadOnlyList<JsonObject> manifest, string account) =>
    [
        .. from binding in manifest
           where Text(binding, "kind").EndsWith("Binding", StringComparison.Ordinal)
           where binding["subjects"]!.AsArray().Any(subject => Text(subject!, "name") == account)
           let role = manifest.Single(one => Text(one, "kind") == Text(binding["roleRef"]!, "kind") && Text(one["metadata"]!, "name") == Text(binding["roleRef"]!, "name"))
           let ns = binding["metadata"]!["namespace"]?.GetValue<string>() ?? ""
           from rule in role["rules"]!.AsArray()
           from verb in Texts(rule!, "verbs")
           from resource in Texts(rule!, "resources")
           from name in Texts(rule!, "resourceNames").DefaultIfEmpty("")
           select new Right(verb, Texts(rule!, "apiGroups").Single(), resource, name, ns),
    ];

    public bool Covers(Permission done) => (Verb, Group, Resource) == (done.Verb, done.Group, done.FullResource) &&
        (Name.Length == 0 || Name == done.Name) && (Namespace.Length == 0 || Namespace == done.Namespace);

    public override string ToString() =>
        $"{Verb} {Resource}{(Group.Length > 0 ? $".{Group}" : "")}{(Name.Length > 0 ? $" {Name}" : "")}{(Namespace.Length > 0 ? $" in {Namespace}" : "")}";

    private static string Text(JsonNode node, string field) => node[field]!.GetValue<string>();

    private static IEnumerable<string> Texts(JsonNode node, string field) => node[field]?.AsArray().Select(text => text!.GetValue<string>()) ?? [];
}

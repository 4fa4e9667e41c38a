using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api.Rules;

/// <summary>Each namespace has its name as a label, an account for pods that name none, and the API's root certificate.</summary>
internal sealed class NamespaceRules(string authorityPem) : KindRules
{
    public const string NameLabel = "kubernetes.io/metadata.name";
    public const string RootCertificate = "kube-root-ca.crt";

    private static readonly string[] Lasting = ["default", "kube-system", "kube-public", "kube-node-lease"];

    public override void Check(ObjectStore store, JsonObject document, JsonObject? old, List<FieldProblem> problems)
    {
        document.Child("metadata").Child("labels")[NameLabel] = document.Text("metadata", "name");
        document.Child("spec")["finalizers"] = Json.Strings(["kubernetes"]);
        if (old is null) document["status"] = new JsonObject { ["phase"] = "Active" };
    }

    public override void Stored(ObjectStore store, StoredObject value)
    {
        if (value.IsEnding) return;
        EnsureAccount(store, value.Name);
        EnsureRootCertificate(store, value.Name, authorityPem);
    }

    public override void Deleting(StoredObject value)
    {
        if (Lasting.Contains(value.Name))
            throw StatusException.Forbidden($"namespaces \"{value.Name}\" is forbidden: this namespace may not be deleted");
    }

    public override void Ending(JsonObject document) => document.Child("status")["phase"] = "Terminating";

    public static void EnsureAccount(ObjectStore store, string ns) => Ensure(store, "ServiceAccount", ns, "default", []);

    public static void EnsureRootCertificate(ObjectStore store, string ns, string authorityPem) => Ensure(store, "ConfigMap", ns, RootCertificate, new()
    {
        ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
    });

    internal static bool IsLiving(ObjectStore store, string ns) =>
        store.Find(store.Kinds.Get("", "Namespace"), "", ns) is { IsEnding: false };

    private static void Ensure(ObjectStore store, string kind, string ns, string name, JsonObject content)
    {
        ResourceKind type = store.Kinds.Get("", kind);
        if (store.Find(type, ns, name) is not null) return;
        var document = new JsonObject { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns } };
        foreach (var (field, value) in content) document[field] = value?.DeepClone();
        store.Create(document, new() { Owner = "kube-controller-manager" });
    }
}

/// <summary>The root certificate comes back when somebody deletes it.</summary>
internal sealed class ConfigMapRules(string authorityPem) : KindRules
{
    public override void Removed(ObjectStore store, StoredObject value)
    {
        if (value.Name == NamespaceRules.RootCertificate && NamespaceRules.IsLiving(store, value.Namespace))
            NamespaceRules.EnsureRootCertificate(store, value.Namespace, authorityPem);
    }
}

/// <summary>The default account comes back when somebody deletes it.</summary>
internal sealed class ServiceAccountRules : KindRules
{
    public override void Removed(ObjectStore store, StoredObject value)
    {
        if (value.Name == "default" && NamespaceRules.IsLiving(store, value.Namespace)) NamespaceRules.EnsureAccount(store, value.Namespace);
    }
}

using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Storage;

namespace Ambient.Playground.Api;

/// <summary>What a cluster has from its first moment.</summary>
internal static class ClusterContents
{
    public static void Create(ObjectStore store, PlaygroundApiOptions options)
    {
        foreach (var ns in (ReadOnlySpan<string>)["default", "kube-system", "kube-public", "kube-node-lease"])
            store.Create(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = ns } });
        store.Create(ApiService(options));
        store.Create(Administrators());
        if (options.InstallsMeshKinds)
            foreach (var definition in MeshKinds()) store.Create(definition);
    }

    /// <summary>The first address of the services' range, as in a cluster.</summary>
    public static IPAddress ApiAddress(PlaygroundApiOptions options)
    {
        var bytes = options.ServiceRange.BaseAddress.GetAddressBytes();
        var next = (new BigInteger(bytes, isUnsigned: true, isBigEndian: true) + 1).ToByteArray(isUnsigned: true, isBigEndian: true);
        next.CopyTo(bytes, bytes.Length - next.Length);
        return new(bytes);
    }

    /// <summary>The CustomResourceDefinitions of deploy/manifests/crds.</summary>
    public static IEnumerable<JsonObject> MeshKinds()
    {
        var assembly = typeof(ClusterContents).Assembly;
        foreach (var file in assembly.GetManifestResourceNames().Where(name => name.StartsWith("crds/", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(file)!);
            foreach (var document in Yaml.ParseAll(reader.ReadToEnd())) yield return (JsonObject)document;
        }
    }

    private static JsonObject ApiService(PlaygroundApiOptions options) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = "kubernetes", ["namespace"] = "default", ["labels"] = new JsonObject { ["component"] = "apiserver", ["provider"] = "kubernetes" } },
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = ApiAddress(options).ToString(), ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = 443, ["targetPort"] = 6443 }),
        },
    };

    private static JsonObject Administrators() => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = "ClusterRole", ["metadata"] = new JsonObject { ["name"] = "cluster-admin" },
        ["rules"] = new JsonArray(
            new JsonObject { ["apiGroups"] = Json.Strings(["*"]), ["resources"] = Json.Strings(["*"]), ["verbs"] = Json.Strings(["*"]) },
            new JsonObject { ["nonResourceURLs"] = Json.Strings(["*"]), ["verbs"] = Json.Strings(["*"]) }),
    };
}

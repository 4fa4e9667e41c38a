using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Ambient.Playground.Api.Kinds;

namespace Ambient.Playground.Api.Storage;

/// <summary>One state of one object. Immutable, kept as the bytes that clients get; each reader parses its own copy.</summary>
public sealed class StoredObject
{
    private static readonly Dictionary<string, string> NoLabels = [];

    internal StoredObject(ResourceKind kind, JsonObject document, long version)
    {
        Kind = kind;
        Version = version;
        document.Child("metadata")["resourceVersion"] = version.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var metadata = document["metadata"];
        Namespace = metadata.Text("namespace") ?? "";
        Name = metadata.Text("name") ?? "";
        Uid = metadata.Text("uid") ?? "";
        IsEnding = metadata.Text("deletionTimestamp") is not null;
        Labels = metadata.ObjectAt("labels") is { Count: > 0 } labels
            ? labels.ToDictionary(label => label.Key, label => label.Value.Text() ?? "") : NoLabels;
        Owners = [.. metadata.ObjectsAt("ownerReferences").Select(owner => owner.Text("uid")).OfType<string>()];
        Utf8 = document.ToUtf8();
    }

    public ResourceKind Kind { get; }

    /// <summary>Of the whole cluster: grows with every write to any object.</summary>
    public long Version { get; }

    /// <summary>Empty for objects of the whole cluster.</summary>
    public string Namespace { get; }

    public string Name { get; }

    public string Uid { get; }

    /// <summary>Deletion was asked for and waits for finalizers or the node.</summary>
    public bool IsEnding { get; }

    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>The uids that its ownerReferences name.</summary>
    public IReadOnlyList<string> Owners { get; }

    /// <summary>The document in its storage version.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary>A copy that the caller may change.</summary>
    public JsonObject Copy() => (JsonObject)JsonNode.Parse(Utf8.Span)!;

    /// <summary>The document as one of its served versions shows it.</summary>
    public ReadOnlyMemory<byte> As(KindVersion version)
    {
        if (version.Name == Kind.Storage.Name) return Utf8;
        var document = Copy();
        document["apiVersion"] = Kind.ApiVersionOf(version.Name);
        return document.ToUtf8();
    }

    public override string ToString() => Namespace.Length == 0 ? $"{Kind.Plural}/{Name}" : $"{Kind.Plural}/{Namespace}/{Name}";
}

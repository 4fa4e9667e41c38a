using System.Text.Json.Serialization.Metadata;

namespace Ambient.Kubernetes.Resources;

/// <summary>A kind of object, and how its JSON is read.</summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Plural">As in the path, lower case.</param>
/// <param name="Json">From a source-generated context: no reflection.</param>
public sealed record ResourceType<T>(string Group, string Version, string Kind, string Plural, bool Namespaced, JsonTypeInfo<T> Json)
    : ResourceKind(Group, Version, Kind, Plural, Namespaced)
    where T : KubernetesObject;

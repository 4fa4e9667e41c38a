using System.Text.Json.Serialization;

namespace Ambient.Kubernetes.Resources;

/// <summary>How objects are read and written: camel case, absent instead of null, unknown fields ignored, no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ObjectMeta))]
public sealed partial class KubernetesJson : JsonSerializerContext;

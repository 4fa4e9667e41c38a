using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>An object as it came, which may not be readable: that is the object's problem, not its neighbours'.</summary>
/// <param name="Name">Also of an object that cannot be read; empty if not even its name can.</param>
/// <param name="ResourceVersion">Likewise.</param>
/// <param name="Value">Null if it cannot be read; then <paramref name="Error"/> says why.</param>
public readonly record struct DecodedObject<T>(ObjectName Name, string ResourceVersion, T? Value, string? Error) where T : KubernetesObject
{
    internal static DecodedObject<T> Read(ResourceType<T> type, ReadOnlySpan<byte> json)
    {
        try
        {
            var value = JsonSerializer.Deserialize(json, type.Json);
            if (value?.Metadata is not { Name.Length: > 0 } metadata) return Unreadable(json, "it has no metadata.name");
            return new(ObjectName.Of(value), metadata.ResourceVersion ?? "", value, null);
        }
        // Converters may throw anything; whatever it is, it concerns this object alone.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return Unreadable(json, e.Message);
        }
    }

    /// <param name="json">The whole object, or as much of its beginning as there is.</param>
    internal static DecodedObject<T> Unreadable(ReadOnlySpan<byte> json, string error)
    {
        var header = ObjectHeader.Read(json);
        return new(header.Name, header.ResourceVersion, null, error);
    }
}

/// <summary>Name and version of an object, found with as few demands on the rest of it as possible.</summary>
internal readonly record struct ObjectHeader(ObjectName Name, string ResourceVersion)
{
    public static ObjectHeader Read(ReadOnlySpan<byte> json)
    {
        var fields = new Fields();
        try
        {
            var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(JsonText.Deep));
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("metadata"u8)) fields.ReadMetadata(ref reader);
                else if (!reader.Read() || !reader.TrySkip()) break;
            }
        }
        catch (JsonException) { } // what was found until here

        return new(fields.Name.Length == 0 ? default : new(fields.Namespace, fields.Name), fields.Version);
    }

    private sealed class Fields
    {
        public string Namespace = "", Name = "", Version = "";

        public void ReadMetadata(ref Utf8JsonReader reader)
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var key = reader.ReadText();
                if (!reader.Read()) return;
                if (reader.TokenType == JsonTokenType.String) Set(key, reader.ReadText());
                else if (!reader.TrySkip()) return;
            }
        }

        private void Set(string? key, string value)
        {
            if (key == "name") Name = value;
            else if (key == "namespace") Namespace = value;
            else if (key == "resourceVersion") Version = value;
        }
    }
}

using System.Text.Json;
using Ambient.Kubernetes.Resources;

namespace Ambient.Kubernetes.Client;

/// <summary>Reads one page of a list while it arrives: memory holds one object's text at a time, however long the page is.</summary>
internal sealed class ListReader<T>(ResourceType<T> type, int maxObjectBytes) where T : KubernetesObject
{
    private enum Place { Start, Fields, Items, End }

    private readonly List<DecodedObject<T>> _decoded = [];
    private JsonReaderState _state = new(JsonText.Deep);
    private Place _place;

    /// <summary>Known when <see cref="ReadAsync"/> has returned.</summary>
    public string ResourceVersion { get; private set; } = "";

    /// <summary>Empty on the last page.</summary>
    public string Continue { get; private set; } = "";

    /// <param name="receive">Called for each object in order.</param>
    /// <exception cref="JsonException">This is no list.</exception>
    public async Task ReadAsync(Stream body, Func<DecodedObject<T>, ValueTask> receive, CancellationToken stop)
    {
        var buffer = new byte[32 * 1024];
        var (held, ended) = (0, false);
        while (!ended)
        {
            if (held == buffer.Length) Array.Resize(ref buffer, Grown(buffer.Length));
            // Filling the buffer first keeps what is scanned twice small, also when bytes come one at a time.
            var read = await body.ReadAtLeastAsync(buffer.AsMemory(held), buffer.Length - held, throwOnEndOfStream: false, stop);
            held += read;
            ended = held < buffer.Length;

            var used = Parse(buffer.AsSpan(0, held), ended);
            buffer.AsSpan(used, held - used).CopyTo(buffer);
            held -= used;
            foreach (var item in _decoded) await receive(item);
            _decoded.Clear();
        }

        if (_place != Place.End) throw new JsonException("the list ends in its middle");
    }

    private int Grown(int length) => length < maxObjectBytes
        ? (int)Math.Min(length * 2L, maxObjectBytes)
        : throw new JsonException($"an object is larger than {maxObjectBytes} bytes");

    private int Parse(ReadOnlySpan<byte> data, bool ended)
    {
        var reader = new Utf8JsonReader(data, ended, _state);
        while (_place != Place.End)
        {
            var before = reader;
            if (Step(ref reader, data)) continue;
            reader = before; // the rest of this value is still to come
            break;
        }

        _state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    /// <returns>False if more bytes are needed; the reader may then stand anywhere.</returns>
    private bool Step(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (!reader.Read()) return false;
        switch (_place)
        {
            case Place.Start:
                _place = reader.TokenType == JsonTokenType.StartObject ? Place.Fields : throw new JsonException("a list must be an object");
                return true;
            case Place.Items when reader.TokenType == JsonTokenType.EndArray:
                _place = Place.Fields;
                return true;
            case Place.Items:
                return ReadItem(ref reader, data);
            case Place.Fields when reader.TokenType == JsonTokenType.EndObject:
                _place = Place.End;
                return true;
            default:
                return ReadField(ref reader, data);
        }
    }

    private bool ReadItem(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip()) return false;
        _decoded.Add(DecodedObject<T>.Read(type, data[start..(int)reader.BytesConsumed]));
        return true;
    }

    private bool ReadField(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        var (isItems, isMetadata) = (reader.ValueTextEquals("items"u8), reader.ValueTextEquals("metadata"u8));
        if (!reader.Read()) return false;
        if (isItems && reader.TokenType == JsonTokenType.StartArray)
        {
            _place = Place.Items;
            return true;
        }

        var start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip()) return false;
        if (isMetadata) ReadMetadata(data[start..(int)reader.BytesConsumed]);
        return true;
    }

    private void ReadMetadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.ReadText();
            reader.Read();
            if (reader.TokenType != JsonTokenType.String) reader.Skip();
            else if (key == "resourceVersion") ResourceVersion = reader.ReadText();
            else if (key == "continue") Continue = reader.ReadText();
        }
    }
}

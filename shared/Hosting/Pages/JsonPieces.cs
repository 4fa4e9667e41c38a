using System.Buffers;
using System.Text.Json;

namespace Ambient.Hosting.Pages;

/// <summary>A JSON document that may be large, written while it is sent; see <see cref="PageBody"/>.</summary>
/// <param name="flush">Called between two pieces; false if nobody takes the rest.</param>
public sealed class JsonPieces(IBufferWriter<byte> output, JsonWriterOptions options, Func<ValueTask<bool>> flush) : IDisposable
{
    public Utf8JsonWriter Json { get; } = new(output, options);

    /// <summary>Writes an array, an element for each item, as far as somebody takes it.</summary>
    /// <returns>False if nobody takes the rest: what follows need not be written.</returns>
    public async ValueTask<bool> WriteArrayAsync<T>(string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        Json.WriteStartArray(name);
        foreach (var item in items)
        {
            write(Json, item);
            if (!await GoOnAsync()) return false;
        }

        Json.WriteEndArray();
        return true;
    }

    /// <summary>The same with an object, in which <paramref name="write"/> writes one or more properties for each item.</summary>
    public async ValueTask<bool> WriteObjectAsync<T>(string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        Json.WriteStartObject(name);
        foreach (var item in items)
        {
            write(Json, item);
            if (!await GoOnAsync()) return false;
        }

        Json.WriteEndObject();
        return true;
    }

    public void Dispose() => Json.Dispose();

    private ValueTask<bool> GoOnAsync()
    {
        PassOn();
        return flush();
    }

    // To a buffer in memory, so it never waits.
    private void PassOn() => Json.Flush();
}

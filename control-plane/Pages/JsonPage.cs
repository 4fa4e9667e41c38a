using System.Buffers;
using System.Text.Json;
using Ambient.Hosting.Pages;

namespace Ambient.ControlPlane.Pages;

/// <summary>A page of JSON, indented for people.</summary>
internal static class JsonPage
{
    private static readonly JsonWriterOptions ForPeople = new() { Indented = true, SkipValidation = false };

    public static PageResponse Of(Action<Utf8JsonWriter> write)
    {
        var text = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(text, ForPeople)) write(json);
        return new(200, PageResponse.Json, text.WrittenMemory);
    }
}

using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ambient.CniPlugin;

/// <summary>What the runtime gets: bytes for standard output and the exit code.</summary>
internal sealed record CniAnswer(byte[] Output, int ExitCode)
{
    /// <summary>Commands other than ADD and VERSION print nothing when they succeed.</summary>
    public static readonly CniAnswer Done = new([], 0);

    /// <summary>ADD: the result of the plugins before this one, unchanged, or an empty one if this is the first.</summary>
    public static CniAnswer Result(CniConfiguration configuration) => configuration.PreviousResult.IsEmpty
        ? new(Write(json => json.WriteString("cniVersion", configuration.CniVersion)), 0)
        : new(configuration.PreviousResult.ToArray(), 0);

    /// <param name="version">That of the question.</param>
    public static CniAnswer Versions(string version) => new(Write(json =>
    {
        json.WriteString("cniVersion", version);
        json.WriteStartArray("supportedVersions");
        foreach (var supported in CniVersion.Supported)
            json.WriteStringValue(supported);
        json.WriteEndArray();
    }), 0);

    public static CniAnswer Failure(string version, CniException error) => new(Write(json =>
    {
        json.WriteString("cniVersion", version);
        json.WriteNumber("code", (int)error.Code);
        json.WriteString("msg", error.Message);
        json.WriteString("details", error.Details);
    }), 1);

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        return buffer.ToArray();
    }
}

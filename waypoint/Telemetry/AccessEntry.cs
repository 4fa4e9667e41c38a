using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Ambient.Waypoint.Telemetry;

/// <summary>The values of one line, by the names of Istio's JSON format; what is not set is absent.</summary>
internal sealed class AccessEntry : Dictionary<string, object>
{
    private static readonly string[] Names =
    [
        "start_time", "route_name", "method", "path", "protocol", "response_code", "response_flags", "response_code_details",
        "connection_termination_details", "bytes_received", "bytes_sent", "duration", "upstream_service_time", "x_forwarded_for", "user_agent",
        "request_id", "authority", "upstream_host", "upstream_cluster", "upstream_local_address", "downstream_local_address",
        "downstream_remote_address", "requested_server_name", "upstream_transport_failure_reason",
        "grpc_status", // ours: Istio's format has no place for it
    ];

    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var name in Names)
                switch (GetValueOrDefault(name))
                {
                    case int number: json.WriteNumber(name, number); break;
                    case long number: json.WriteNumber(name, number); break;
                    case string text when text != "-": json.WriteString(name, text); break;
                    default: json.WriteNull(name); break;
                }
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Istio's default text format: the same order for each line, <c>-</c> for what is absent.</summary>
    public byte[] ToText() => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $"[{V("start_time")}] \"{V("method")} {V("path")} {V("protocol")}\" {V("response_code")} {V("response_flags")} {V("response_code_details")} {V("connection_termination_details")} \"{V("upstream_transport_failure_reason")}\" {V("bytes_received")} {V("bytes_sent")} {V("duration")} {V("upstream_service_time")} \"{V("x_forwarded_for")}\" \"{V("user_agent")}\" \"{V("request_id")}\" \"{V("authority")}\" \"{V("upstream_host")}\" {V("upstream_cluster")} {V("upstream_local_address")} {V("downstream_local_address")} {V("downstream_remote_address")} {V("requested_server_name")} {V("route_name")}\n"));

    private string V(string name) => GetValueOrDefault(name) is { } value ? Escaped(Convert.ToString(value, CultureInfo.InvariantCulture)!) : "-";

    // Nothing of a client's may look like something of ours, or be obeyed by whoever reads it.
    private static string Escaped(string text)
    {
        if (!text.Any(IsUnsafe)) return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var letter in text)
            if (!IsUnsafe(letter)) escaped.Append(letter);
            else if (letter is '"' or '\\') escaped.Append('\\').Append(letter);
            else escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{(int)letter:x}}}");
        return escaped.ToString();
    }

    private static bool IsUnsafe(char letter) => letter is '"' or '\\' or '\u2028' or '\u2029' || char.IsControl(letter);

    private object? GetValueOrDefault(string name) => TryGetValue(name, out var value) ? value : null;
}

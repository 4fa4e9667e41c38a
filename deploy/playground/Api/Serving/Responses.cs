using System.Text.Json.Nodes;
using Ambient.Playground.Api.Documents;
using Microsoft.AspNetCore.Http;

namespace Ambient.Playground.Api.Serving;

/// <summary>Writes answers.</summary>
internal static class Responses
{
    public const string JsonType = "application/json";

    public static Task WriteAsync(HttpContext context, JsonNode body, int status = 200) => WriteAsync(context, body.ToUtf8(), status);

    public static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> body, int status = 200, string type = JsonType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    public static Task WriteErrorAsync(HttpContext context, StatusException error)
    {
        if (error.Code == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        if (error.Details.Number("retryAfterSeconds") is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return WriteAsync(context, error.ToStatus(), error.Code);
    }

    /// <summary>RFC 7234 §5.5: as kubectl prints them before its own output.</summary>
    public static void Warn(HttpContext context, IEnumerable<string> warnings)
    {
        foreach (var warning in warnings.Take(20))
        {
            var quoted = new string([.. warning.Where(c => c is >= ' ' and < (char)127)]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            context.Response.Headers.Append("Warning", $"299 - \"{quoted}\"");
        }
    }
}
